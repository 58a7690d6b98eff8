"""What is said of an exchange that failed, whichever engine it failed in."""

from astria_async.protocol.replies import excerpt


def timed_out(what: str, kind: str, seconds: float) -> str:
    """No byte came or went for too long."""
    return f"no answer to {what} within {seconds:g} s ({kind}); see timeout="


def broken_off(what: str, kind: str, detail: str) -> str:
    """The connection was not made, or ended too early."""
    quoted = f": {excerpt(detail)}" if detail else ""
    return f"{what} got no whole answer: {kind}{quoted} (is the network up, the address right?)"
