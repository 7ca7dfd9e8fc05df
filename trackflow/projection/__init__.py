"""The projection: what the board shows, kept ready beside the ledger: no page has to count or to ask."""
