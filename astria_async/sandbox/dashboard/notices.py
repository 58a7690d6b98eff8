"""What the pages say after a click; addresses carry only the key, so that nobody can forge one."""

from collections.abc import Mapping

NOTICES: Mapping[str, str] = {
    "advanced": "The clock was moved ahead, and everything due by then has happened.",
    "advancing": "The clock is being moved ahead; a receiver is slow to answer.",
    "speed": "The clock runs at its new speed.",
    "replayed": "The callback was sent again.",
    "replaying": "The callback is being sent again; its receiver is slow to answer.",
    "fault-added": "The fault is switched on.",
    "preset-added": "The faults of the preset are switched on.",
    "fault-removed": "The fault is switched off.",
    "faults-cleared": "All faults are switched off.",
    "topped-up": "The balance was changed.",
    "billing-saved": "The billing settings are saved.",
    "settings-saved": "The settings are saved.",
    "failed": "The job was made to fail.",
    "settled": "That job is over already.",
    "signed-out": "You are signed out.",
}


def notice(said: str) -> str:
    """The sentence for a key; nothing for a key that is none of ours."""
    return NOTICES.get(said, "")
