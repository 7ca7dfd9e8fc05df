"""Measures the embedded engine; `python -m bench.engine`."""
