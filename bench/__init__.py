"""What Trackflow costs and what it brings, measured side by side with the notebook's loop."""
