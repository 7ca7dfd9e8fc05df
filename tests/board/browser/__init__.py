"""People with a browser, at a board of a live choreography. A package: its servers end with its last test."""
