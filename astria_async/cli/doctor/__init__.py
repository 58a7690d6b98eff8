"""``astria-async doctor``: what is set up wrongly, and what to do about it."""
