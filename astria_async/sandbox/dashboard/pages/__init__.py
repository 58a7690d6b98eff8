"""One module per page: what it shows, and what its forms do."""
