"""Headers: ours before they are sent, and the server's as they came."""

from collections.abc import Iterable, Mapping

from astria_async.protocol.errors import ConfigurationError


def check_headers(headers: Mapping[str, str]) -> None:
    """
    Refuse what no header can carry.

    Raises:
        ConfigurationError: A line break, or a character outside ASCII.
    """
    for name, value in headers.items():
        if not value.isascii() or not value.isprintable():
            # Without the value: it may be the key.
            raise ConfigurationError(
                f"the {name} header has a line break, or a character outside ASCII: check how the "
                "key or id was copied"
            )


def joined(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names in lower case, repeated ones in one line."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def length_of(headers: Mapping[str, str]) -> int | None:
    """
    How many bytes a body has when it is unpacked, where the *headers* tell.

    Args:
        headers: Found in any case.
    """
    declared = headers.get("Content-Length", "")
    # What is compressed has its length declared as it is sent.
    if "Content-Encoding" in headers or not declared.isdecimal():
        return None
    return int(declared)
