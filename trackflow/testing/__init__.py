"""The test kit: a pytest plugin that runs models, and services with them, in memory, by the test's own clock.

`plugin` holds the fixtures and options. A test's `Stage` opens a `Bench` (ledger, engine, tracker) for it;
`Order` and `Expectation` are what it talks to; `coverage` counts what ran, `diagram` draws it. The classes
below are for type hints; pytest imports none of them until a test asks for a fixture.
"""

from typing import TYPE_CHECKING

from trackflow.lazily import attributes

if TYPE_CHECKING:
    from trackflow.testing.checked import ExpectationFailed
    from trackflow.testing.clock import Time
    from trackflow.testing.expectations import Expectation
    from trackflow.testing.order import Order
    from trackflow.testing.services import Services
    from trackflow.testing.stage import Expect, Given, UseModels
else:
    __getattr__ = attributes(
        __name__,
        {
            "Expect": "trackflow.testing.stage",
            "Expectation": "trackflow.testing.expectations",
            "ExpectationFailed": "trackflow.testing.checked",
            "Given": "trackflow.testing.stage",
            "Order": "trackflow.testing.order",
            "Services": "trackflow.testing.services",
            "Time": "trackflow.testing.clock",
            "UseModels": "trackflow.testing.stage",
        },
    )

__all__ = ["Expect", "Expectation", "ExpectationFailed", "Given", "Order", "Services", "Time", "UseModels"]
