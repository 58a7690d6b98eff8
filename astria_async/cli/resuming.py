"""What to tell a user whose command ended early: how to go on from where it was."""

_hints: list[str] = []


def resume_with(text: str) -> None:
    """Say this if the command ends early from here on; an empty text is nothing to say."""
    _hints[:] = [text] if text else []


def take_hint() -> str:
    """What was to be said, to be put behind a message; then it is forgotten."""
    text = f"; {_hints[0]}" if _hints else ""
    _hints.clear()
    return text
