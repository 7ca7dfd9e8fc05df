"""Measures the board over a ledger of many orders; `python -m bench.board`."""
