"""
Flat form names to nested values, as Rails reads them.

``tune[title]`` is a hash, ``tune[images][]`` appends to a list, ``tune[images][0]`` stays a hash
whose keys are numbers (whoever expects a list takes its values), and in ``tune[prompts][][text]`` a
key that the last element already has starts the next element.
"""

import re
from collections.abc import Iterable
from typing import Any

from astria_async.sandbox.refusals import bad_request

MAX_DEPTH = 32
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_KEY = re.compile(r"\[([^\[\]]*)\]")


def nest(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """
    Build the tree that a form's names describe.

    Raises:
        Refusal: 400, if names contradict each other or nest deeper than ``MAX_DEPTH``.
    """
    tree: dict[str, Any] = {}
    for name, value in pairs:
        keys = _split(name)
        if len(keys) > MAX_DEPTH:
            raise bad_request("parameters nest too deep")
        _put(tree, keys, value, name)
    return tree


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """*base* with the values of *over* laid on top, hash by hash."""
    merged = dict(base)
    for key, value in over.items():
        mine = merged.get(key)
        both = isinstance(mine, dict) and isinstance(value, dict)
        merged[key] = merge(mine, value) if both else value  # type: ignore[arg-type]
    return merged


def _split(name: str) -> list[str]:
    match = _NAME.fullmatch(name)
    return [name] if match is None else [match[1], *_KEY.findall(match[2])]


def _put(node: dict[str, Any], keys: list[str], value: Any, name: str) -> None:
    while True:
        key, rest = keys[0], keys[1:]
        if not rest:
            node[key] = value
            return
        child = node.setdefault(key, [] if rest[0] == "" else {})
        if not isinstance(child, list if rest[0] == "" else dict):
            raise bad_request(f"parameter {name[:200]!r} contradicts another one")
        if isinstance(child, dict):
            node, keys = child, rest
            continue
        if len(rest) == 1:
            child.append(value)
            return
        node, keys = _element(child, rest[1:]), rest[1:]


def _element(items: list[Any], keys: list[str]) -> dict[str, Any]:
    if not items or not isinstance(items[-1], dict) or _has(items[-1], keys):
        items.append({})
    last: dict[str, Any] = items[-1]
    return last


def _has(node: Any, keys: list[str]) -> bool:
    if "" in keys:
        return False
    for key in keys:
        if not isinstance(node, dict) or key not in node:
            return False
        node = node[key]
    return True
