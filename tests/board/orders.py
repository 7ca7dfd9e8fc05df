"""Orders of every kind, told to a real tracker: what the board's tests look at.

Their keys say what they are. `PLAIN` is a running order to take where any will do.
"""

from __future__ import annotations

from typing import Any

from trackflow import Message, Trackflow

STEPS = ("Order_Placed", "Payment_Done", "Goods_Fetched", "Goods_Shipped")
PLAIN = "running-2"
PAYLOAD = {
    "amount": 17.5,
    "customer": "Zoë",
    "card_number": "4111111111111111",
    "lines": [{"sku": "A-1", "n": 2}],
}

# Keys that somebody else could choose. Control characters are refused on the wire; all of these pass.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE events; --",
    "../../etc/passwd",
    "..",
    "a/b?c=d&e=f#g",
    "%2e%2e%2f",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\u202egnp.exe",
    "🦆🛒 مرحبا",
    "{{ 7*7 }}",
    " spaces  around ",
    "x" * 255,
)
HOSTILE_PAYLOAD = {
    "</script><script>alert(1)</script>": "<b>bold</b>",
    "password": "hunter2",
    "deep": {"API_KEY": "abcdef", "plain": "shown"},
    "formula": "=1+1",
}


def fill(trackflow: Trackflow) -> None:
    """Deploy the models and tell the events: about 60 orders."""
    trackflow.engine.deploy(trackflow.models, trackflow.settings.tenant)
    for number in range(20):
        tell(trackflow, f"completed-{number}", *STEPS)
    for number in range(12):
        tell(trackflow, f"running-{number}", *STEPS[: 1 + number % 3])
    for number in range(3):
        tell(trackflow, f"early-{number}", "Goods_Fetched")
        tell(trackflow, f"early-then-on-time-{number}", "Payment_Done", "Order_Placed")
    for number in range(2):
        tell(trackflow, f"duplicate-{number}", "Order_Placed", "Order_Placed", "Payment_Done")
        tell(trackflow, f"unmatched-{number}", *STEPS, "Payment_Done")
        tell(trackflow, f"claim-{number}", "Claim_Filed")
        tell(trackflow, f"claim-waived-{number}", "Claim_Filed", "Claim_Rated", payload={"amount": 5})
        tell(trackflow, f"claim-refused-{number}", "Claim_Filed", "Claim_Rated", payload={"amount": "?"})
    for key in HOSTILE:
        tell(trackflow, key, *STEPS[:2], payload=HOSTILE_PAYLOAD)


def tell(trackflow: Trackflow, key: str, *events: str, payload: Any = PAYLOAD) -> list[Message]:
    """Tell the tracker some events of one order; each is the cause of the next."""
    told: list[Message] = []
    for event in events:
        message = Message.new(
            tenant=trackflow.settings.tenant,
            business_key=key,
            event=event,
            payload=payload,
            cause=told[-1].id if told else None,
        ).published_now()
        trackflow.tracker.handle(message)
        told.append(message)
    return told
