"""Where the pages are: under a path that no endpoint of Astria's has."""

from urllib.parse import urlencode

HOME = "/_sandbox/dashboard"


def path(*parts: object, **query: object) -> str:
    """The address of a page on this host; query values that are ``None`` or empty are left out."""
    address = "/".join([HOME, *(str(part) for part in parts)]) if parts else f"{HOME}/"
    given = {name: value for name, value in query.items() if value not in {None, "", False}}
    return f"{address}?{urlencode(given)}" if given else address


def inside(address: str) -> str:
    """The address if it is one of the dashboard's own, else its first page."""
    safe = address.startswith(f"{HOME}/") and address.isprintable() and "\\" not in address
    return address if safe and "//" not in address else path()
