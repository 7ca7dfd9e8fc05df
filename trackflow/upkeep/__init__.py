"""What keeps a broker in order: topology and migration, and the dead letters. No worker needs any of it."""
