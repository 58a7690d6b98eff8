"""The sandbox over HTTP: requests are read by the tables, answered by handlers."""
