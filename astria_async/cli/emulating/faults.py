"""What is to go wrong in a sandbox from its start, as it is written on the command line."""

import difflib
import json
from collections.abc import Iterable

from astria_async.cli.exits import CommandError, Exit
from astria_async.sandbox.control import fault_from_json
from astria_async.sandbox.dashboard.presets import PRESETS
from astria_async.sandbox.faults import Fault


def read_faults(words: Iterable[str]) -> list[Fault]:
    """
    Faults by the name of a preset, several with commas between, or each as a JSON object.

    Raises:
        CommandError: There is no such preset, or no such fault.
    """
    return [fault for word in words for fault in _read(word)]


def _read(word: str) -> list[Fault]:
    if not word.lstrip().startswith("{"):
        return [fault for name in word.split(",") for fault in _preset(name.strip())]
    try:
        return [fault_from_json(json.loads(word))]
    except (ValueError, TypeError) as exc:
        raise CommandError(f"--faults: {exc} in {word}", Exit.USAGE) from exc


def _preset(name: str) -> tuple[Fault, ...]:
    if name in PRESETS:
        return PRESETS[name].faults
    near = difflib.get_close_matches(name, PRESETS, n=1)
    guess = f"did you mean {near[0]}?" if near else f"there are {', '.join(PRESETS)}"
    raise CommandError(f"--faults: there is no {name!r}: {guess}", Exit.USAGE)
