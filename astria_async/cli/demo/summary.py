"""What the demo did, for people and for programs."""

from pathlib import Path
from typing import Any

import attrs

from astria_async.protocol.addresses import Kind
from astria_async.protocol.callbacks import Callback


@attrs.frozen(kw_only=True)
class Found:
    """
    One object, and how its end became known.

    Attributes:
        kind: What it is.
        id: Its id.
        by: ``callback`` or ``polling``.
    """

    kind: Kind
    id: int
    by: str


@attrs.frozen(kw_only=True)
class Summary:
    """
    One run of the demo.

    Attributes:
        base_url: Where the sandbox listened.
        callback_url: Where the receiver listened.
        found: Each object, the tune first.
        seconds: How long each step took.
        callbacks: Those that the receiver committed, in the order of their coming.
        lost: How many callbacks the sandbox lost on purpose.
        photos: What was uploaded.
        files: What was downloaded.
        contact_sheet: The picture of both.
    """

    base_url: str
    callback_url: str
    found: tuple[Found, ...]
    seconds: dict[str, float]
    callbacks: tuple[Callback, ...]
    lost: int
    photos: tuple[Path, ...]
    files: tuple[Path, ...]
    contact_sheet: Path

    def to_json(self) -> dict[str, Any]:
        """As ``--json`` prints it; seconds, UTC times, absolute paths."""
        tune, *prompts = self.found
        return {
            "tune_id": tune.id,
            "prompt_ids": [prompt.id for prompt in prompts],
            "found_by": {f"{it.kind}:{it.id}": it.by for it in self.found},
            "callbacks": [
                {"kind": it.kind, "id": _subject(it), "received_at": it.received_at.isoformat()}
                for it in self.callbacks
            ],
            "callbacks_dropped": self.lost,
            "seconds": {step: round(value, 3) for step, value in self.seconds.items()},
            "photos": [str(path.resolve()) for path in self.photos],
            "files": [str(path.resolve()) for path in self.files],
            "contact_sheet": str(self.contact_sheet.resolve()),
            "base_url": self.base_url,
            "callback_url": self.callback_url,
        }

    def lines(self) -> list[str]:
        """As people read it, under the steps."""
        count = len(self.found)
        called = sum(it.by == "callback" for it in self.found)
        if called == count:
            how = f"All {count} ends were told by callbacks to {self.callback_url}."
        elif not called:
            how = (
                f"All {count} ends were found by polling: {self.lost} callbacks were lost on "
                f"purpose, and {len(self.callbacks)} arrived."
            )
        else:
            how = f"{called} of {count} ends were told by callbacks, the others found by polling."
        files = [f"  {path}" for path in self.files]
        return [
            "", how, "", f"{len(files)} pictures:", *files, f"Contact sheet: {self.contact_sheet}"
        ]  # fmt: skip


def _subject(callback: Callback) -> int | None:
    """The id that the body names; the body is unsigned, so this is what it says and no more."""
    ids = [fields.get("id") for fields in callback.objects]
    return ids[0] if ids else None
