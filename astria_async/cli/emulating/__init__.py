"""``astria-async sandbox``: the emulator on a port, and test callbacks."""
