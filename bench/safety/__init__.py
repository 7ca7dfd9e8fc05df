"""What safety costs: `python -m bench.safety`."""
