"""The options of the coverage in a user's project: the table, the pictures, and how a session fails."""

from tests.testing.user_project import UserProject

pytest_plugins = ["pytester"]

SMALL_ORDER = """
def test_a_small_order(given):
    given("Order_Placed", payload={"amount": 20}).gets("Payment_Done").gets("Goods_Shipped")
"""


def test_the_table_names_what_was_never_taken(project: UserProject) -> None:
    result = project.run(SMALL_ORDER, "--bpmn-cov")
    result.stdout.fnmatch_lines(
        [
            "*coverage of BPMN models*",
            "model *elements *flows *both",
            "bpmn/order.bpmn *5 of 11   45 % *4 of 9   44 % *45 %",
            "  never entered  approved (Order approved)",
            "                 two_hours (2 hours)",
            "  never taken    is_large_to_approved (yes, is_large → approved)",
            "total *5 of 11   45 % *4 of 9   44 % *45 %",
        ]
    )
    assert result.ret == 0


def test_too_little_fails_and_the_pictures_are_drawn_all_the_same(project: UserProject) -> None:
    source = project.pytester.path / "bpmn" / "order.bpmn"
    text = source.read_text()
    bare = text[: text.index("  <bpmndi:BPMNDiagram")] + "</bpmn:definitions>"
    project.pytester.path.joinpath("bare.bpmn").write_text(bare)

    tests = SMALL_ORDER + (
        "\n\ndef test_another_model(model, given):\n    model('bare.bpmn')\n    given('Order_Placed')\n"
    )
    result = project.run(tests, "--bpmn-cov-svg=pictures/of models", "--bpmn-cov-fail-under=60")

    result.assert_outcomes(passed=2)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "bare.bpmn has no diagram to colour (no BPMN DI)",
            "bpmn/order.bpmn → pictures/of models/order.svg",
            "FAILED: 30.00 % of the models taken, 60 % wanted",
        ]
    )
    folder = project.pytester.path / "pictures" / "of models"
    assert [path.name for path in folder.iterdir()] == ["order.svg"]
    assert "elements 45 % (5 of 11)" in folder.joinpath("order.svg").read_text()


def test_a_folder_that_cannot_be_written_fails_in_one_line(project: UserProject) -> None:
    result = project.run(SMALL_ORDER, "--bpmn-cov-svg=bpmn/order.bpmn/pictures")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["FAILED: cannot draw into bpmn/order.bpmn/pictures: Not a directory"])


def test_a_percentage_that_is_none_is_one_line(project: UserProject) -> None:
    result = project.run(SMALL_ORDER, "--bpmn-cov-fail-under=all")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--bpmn-cov-fail-under: 'all' should be a number from 0 to 100"])
