"""What failed, and how people mend it."""
