"""The parameters of every endpoint, as astria-api.md lists them."""
