"""Private servers for the tests: own ports, own data, started and stopped by the test session alone."""
