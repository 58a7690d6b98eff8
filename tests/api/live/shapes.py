"""Two answers side by side: where their shapes differ, whatever their values are."""

import re
from collections.abc import Iterator
from typing import Any

# Objects whose keys are data: what lies under each key is held together, not the keys.
MAPS = {
    "characteristics", "cli", "cost_mc_hash", "costs", "models", "prompts_per_class", "skills",
    "video_models",
}  # fmt: skip
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_URL = re.compile(r"https?://\S+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def kind(value: Any) -> str:
    """What a value is, in a word or two: texts that hold a time, an address or a number say so."""
    if isinstance(value, str):
        forms = ((_TIME, "a time"), (_URL, "a URL"), (_NUMBER, "a number as text"))
        return next((name for form, name in forms if form.fullmatch(value)), "text")
    names = {bool: "true or false", int: "a whole number", float: "a number"}
    names |= {list: "a list", dict: "an object", type(None): "null"}
    return names[type(value)]


def differences(live: Any, sandbox: Any, at: str = "") -> Iterator[str]:
    """
    Each difference in shape as a sentence, with the path at which it is.

    ``null``, an empty list and an empty text say nothing of what else could be there, and differ
    from nothing. Of a list all elements count together.
    """
    if _says_nothing(live) or _says_nothing(sandbox):
        return
    if kind(live) != kind(sandbox):
        yield f"{at or 'the answer'} is {kind(live)} in life, {kind(sandbox)} in the sandbox"
    elif isinstance(live, list):
        yield from differences(_together(live), _together(sandbox), f"{at}[]")
    elif isinstance(live, dict) and at.rpartition(".")[2] in MAPS:
        values = [_together(list(it.values())) for it in (live, sandbox)]
        yield from differences(values[0], values[1], f"{at}.*")
    elif isinstance(live, dict):
        for key in sorted({*live, *sandbox}):
            path = f"{at}.{key}" if at else key
            if key not in sandbox:
                yield f"{path} is {kind(live[key])} in life, and not in the sandbox"
            elif key not in live:
                yield f"{path} is {kind(sandbox[key])} in the sandbox, and not in life"
            else:
                yield from differences(live[key], sandbox[key], path)


def _says_nothing(value: Any) -> bool:
    return value is None or value in ("", [])


def _together(items: list[Any]) -> Any:
    """One value with everything that is in any of them; the first of scalars."""
    telling = [it for it in items if not _says_nothing(it)]
    if not telling:
        return None
    if all(isinstance(it, list) for it in telling):
        return [value for it in telling for value in it]
    if not all(isinstance(it, dict) for it in telling):
        return telling[0]
    keys = dict.fromkeys(key for it in telling for key in it)
    return {key: _together([it[key] for it in telling if key in it]) for key in keys}
