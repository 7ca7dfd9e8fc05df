"""What has happened to every order: the ledger of events, and who tells them to the engine."""
