"""What goes on in the shop: orders that end well, and every kind of trouble."""

from __future__ import annotations

from tests.board.browser.world import SECONDS, World
from tests.waiting import until

WELL, CLOSED, NO_ADDRESS, SHELF_EMPTY, RETURNS = 40, 37, 3, 2, 5
SCRIPT = "<script>document.title='owned'</script>"
HOSTILE = (SCRIPT, "../../etc/passwd", "'; DROP TABLE events; --", "=HYPERLINK(0)", "\u202e4711", "💥 & <b>")
UNREADABLE = 2


def happen(world: World) -> None:
    """Send it all, and wait until the board shows it."""
    for number in range(WELL):
        world.publish(
            "Order_Placed", f"A-{number:04d}", {"amount": 10 + number, "country": "CH", "card": "4111"}
        )
    for number in range(CLOSED):
        world.publish("Order_Placed", f"B-{number:04d}", {"amount": 20 + number, "bank": "closed"})
    for number in range(NO_ADDRESS):
        world.publish("Order_Placed", f"C-{number:04d}", {"amount": 30, "address": None})
    for number in range(SHELF_EMPTY):
        world.publish("Order_Placed", f"D-{number:04d}", {"amount": 40, "shelf": "empty"})
    for number in range(RETURNS):
        world.publish("Return_Requested", f"R-{number:04d}", {"amount": 40 * number})
    world.publish("Return_Requested", "R-9999", {"why": "too small"})  # the engine refuses it: no amount
    world.publish("Payment_Done", "E-0001", {"note": "whose order never came"})
    for _ in range(UNREADABLE):
        world.publish_raw("{this is no JSON")
    until(lambda: world.dead("payment") >= CLOSED + UNREADABLE, SECONDS, "payments are dead")
    until(lambda: world.dead("shipment") >= NO_ADDRESS, SECONDS, "shipments are dead")
    world.until_shown(completed=WELL + RETURNS, running=CLOSED + NO_ADDRESS + SHELF_EMPTY)
    # What comes when the order has ended, or once more
    world.publish("Goods_Shipped", "A-0001")
    world.publish("Order_Placed", "A-0002", {"amount": 11})


def attack(world: World) -> None:
    """Send what nobody should, and wait until the board shows it."""
    for key in HOSTILE:
        world.publish("Order_Placed", key, {SCRIPT: SCRIPT, "note": SCRIPT})
    until(lambda: {world.state(key) for key in HOSTILE} == {"completed"}, SECONDS, "hostile orders complete")
