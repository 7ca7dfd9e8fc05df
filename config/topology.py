"""The choreography of this project, all of it: which events there are and who hears them.

checkout ─ Order_Placed ─► payment ─ Payment_Done ─► inventory ─ Goods_Fetched ─► shipment ─ Goods_Shipped
                │                         │                           │                           │
                └─────────────────────────┴───────────────────────────┴───────────────────────────┴─► tracker
"""

from trackflow import EVERY_EVENT, Choreography, Subscription

choreography = Choreography(
    # event → routing key: the department that it comes from
    events={
        "Order_Placed": "order",
        "Payment_Done": "payment",
        "Goods_Fetched": "inventory",
        "Goods_Shipped": "shipment",
    },
    # queue = task → what it hears
    subscriptions=(
        Subscription("payment", hears=("Order_Placed",)),
        Subscription("inventory", hears=("Payment_Done",)),
        Subscription("shipment", hears=("Goods_Fetched",)),
        # 16 wide: each event waits for an answer of the engine, which may be far away
        Subscription("order_fulfillment", hears=EVERY_EVENT, concurrency=16),
    ),
)
