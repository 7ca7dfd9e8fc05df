"""Models made ready to run: `obstacles` says what cannot, `prepare` makes a `process` of what can."""
