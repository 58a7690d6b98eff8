"""What the doctor says of one thing."""

from typing import Literal

import attrs

Verdict = Literal["ok", "fault", "note"]


@attrs.frozen(kw_only=True)
class Finding:
    """
    One line of the doctor's.

    Attributes:
        about: What was looked at: ``settings``, ``api``, ``key``, ``workspace``, ``balance``,
            ``clock``, ``store``, ``secret`` or ``callbacks``.
        verdict: ``fault`` is to be mended; ``note`` is worth knowing.
        said: What was found.
        advice: What to do; empty where there is nothing to do.
    """

    about: str
    verdict: Verdict
    said: str
    advice: str = ""


def ok(about: str, said: str) -> Finding:
    """All is well."""
    return Finding(about=about, verdict="ok", said=said)


def fault(about: str, said: str, advice: str) -> Finding:
    """Something is to be mended."""
    return Finding(about=about, verdict="fault", said=said, advice=advice)


def note(about: str, said: str, advice: str = "") -> Finding:
    """Something is worth knowing."""
    return Finding(about=about, verdict="note", said=said, advice=advice)
