"""``astria-async listen``: callbacks as they come in."""
