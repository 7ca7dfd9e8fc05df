"""One variable of each kind, for expressions whose values are recorded."""

VARIABLES: dict[str, object] = {
    "amount": 150,
    "price": 99.5,
    "text": "150",
    "name": "Ann",
    "yes": True,
    "no": False,
    "nothing": None,
    "blank": "",
    "greatest": 2**63 - 1,
    "least": -(2**63),
    "million": 1e7,
    "tiny": 1e-5,
    "minus_zero": -0.0,
    "infinite": float("inf"),
    "nan": float("nan"),
    "emoji": "x😀y",
    "private": "\ue000",
    "größe": "XL",
    "tags": ["a", 1, True, None, 2.5],
    "order": {"k": "v", "1": "one"},
}
