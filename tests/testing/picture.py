"""Draws docs/images/coverage.svg: what the suite of docs/testing.md covers of its model.

python -m tests.testing.picture
"""

from pathlib import Path

from trackflow.testing.coverage import Coverage
from trackflow.testing.coverage_report import picture_of
from trackflow.testing.project import Project
from trackflow.testing.stage import Stage

MODEL = Path(__file__).parent / "models" / "order-with-reminder.bpmn"
PICTURE = Path(__file__).parents[2] / "docs" / "images" / "coverage.svg"


def picture() -> str:
    """Four orders: two are paid and shipped, one is reminded, one is given up; none is large."""
    coverage = Coverage()
    for paid_after in ("PT1H", "PT1M", "PT3H", None):
        stage = Stage(Project(None, str(MODEL), Path.cwd()), coverage.add)
        order = stage.given("Order_Placed", payload={"amount": 20})
        stage.time.passes(paid_after or "P3D")
        if paid_after:
            order.gets("Payment_Done").gets("Goods_Shipped")
        stage.close()
    (covered,) = coverage
    covered.file = "bpmn/order-with-reminder.bpmn"  # wherever we are
    drawn = picture_of(covered)
    assert drawn is not None
    return drawn


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
