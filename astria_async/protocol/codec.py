"""
JSON objects to models: the one place that knows cattrs.

Left alone cattrs calls the type, so that ``None`` becomes ``"None"`` and ``True`` becomes 1. Here
scalars must be of their type; only what Astria writes in two ways is taken in both: numbers may
come as text (``"3.0"``), and image URLs as objects with a ``url``.
"""

import datetime as dt
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, override

from astria_async.protocol.compiled import Reader, compile_reader
from astria_async.protocol.errors import DecodeError
from astria_async.protocol.models.base import Binding, Resource

R = TypeVar("R", bound=Resource)
F = TypeVar("F", bound=attrs.AttrsInstance)
T = TypeVar("T")

_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
_STRINGS = {str}
_OWN = ("extra", "request_id", "_raw", "_binding")


def build_converter(*, detailed: bool) -> cattrs.Converter:
    """
    Strict scalars, ISO 8601 times, tolerant numbers; keys of no field are left to the caller.

    Args:
        detailed: Whether errors tell the path of each bad field, at twice the time for good ones.
    """
    converter = cattrs.Converter(detailed_validation=detailed)
    for kind, read in _READERS.items():
        if isinstance(kind, type):
            converter.register_structure_hook(kind, read)
        else:
            converter.register_structure_hook_func(_is(kind), read)
        # Said for "or None" too, or cattrs would go through a general union on every field.
        converter.register_structure_hook_func(_is(kind | None), _or_none(kind, read))
    converter.register_structure_hook_func(_is(tuple[str, ...]), _urls)
    converter.register_structure_hook_factory(
        lambda kind: isinstance(kind, type) and issubclass(kind, Resource),
        lambda kind: make_dict_structure_fn(kind, converter, **_omitted()),
    )
    return converter


def _omitted() -> dict[str, Any]:
    return {name: override(omit=True) for name in _OWN}


def _is(kind: Any) -> Callable[[Any], bool]:
    return lambda other: bool(other == kind)


def _or_none(kind: Any, read: Reader) -> Reader:
    # One call instead of two for nearly every field of nearly every answer.
    plain = kind if kind in {str, bool, int} else type(None)

    def take(value: Any, _: Any) -> Any:
        if value is None or type(value) is plain:
            return value
        return read(value, kind)

    return take


def _exact(kind: type) -> Reader:
    def check(value: Any, _: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"expected {kind.__name__}, got {type(value).__name__}")
        return value

    return check


def _integer(value: Any, _: Any) -> int:
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return int(value)
    raise TypeError(f"expected int, got {type(value).__name__}")


def _number(value: Any, _: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    return number


def _time(value: Any, _: Any) -> dt.datetime:
    if not isinstance(value, str):
        raise TypeError(f"expected an ISO 8601 time, got {type(value).__name__}")
    moment = dt.datetime.fromisoformat(value)
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _object(value: Any, _: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"expected an object, got {type(value).__name__}")
    return dict(value)


def _urls(value: Any, _: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise TypeError(f"expected a list of URLs, got {type(value).__name__}")
    if set(map(type, value)) <= _STRINGS:
        return tuple(value)
    return tuple([item if type(item) is str else _url(item) for item in value])


def _url(item: Any) -> str:
    found = item.get("url") if isinstance(item, dict) else item
    if not isinstance(found, str):
        raise TypeError(f"expected a URL, got {type(item).__name__}")
    return found


_READERS: dict[Any, Reader] = {
    str: _exact(str),
    bool: _exact(bool),
    int: _integer,
    float: _number,
    dt.datetime: _time,
    Mapping[str, Any]: _object,
}
_CONVERTER = build_converter(detailed=False)
_EXPLAINER = build_converter(detailed=True)


_KNOWN: dict[type, frozenset[str]] = {}
_COMPILED: dict[type, Callable[..., Any]] = {}


def _prepare(cls: type[Resource]) -> None:
    _KNOWN[cls] = frozenset(field.name for field in attrs.fields(cls)) - set(_OWN)
    _COMPILED[cls] = compile_reader(cls, given=_OWN, reader_of=_CONVERTER.get_structure_hook)


def structure(
    cls: type[R],
    raw: Any,
    *,
    binding: Binding | None = None,
    request_id: str | None = None,
) -> R:
    """
    A JSON object as a model; keys that the model does not have go to its ``extra``.

    Args:
        cls: The model.
        raw: The decoded JSON.
        binding: The client that fetched it.
        request_id: Id of the answer that it came in.

    Raises:
        DecodeError: It is no object, has no id, or a field is of another type than documented.
    """
    if type(raw) is not dict and not isinstance(raw, Mapping):
        raise DecodeError(f"expected a {cls.kind} as a JSON object, got {type(raw).__name__}")
    fields = _modern(cls, raw) if "images" in raw else raw
    if cls not in _COMPILED:
        _prepare(cls)
    known = _KNOWN[cls]
    extra = {} if fields.keys() <= known else {k: v for k, v in fields.items() if k not in known}
    try:
        model: R = _COMPILED[cls](fields, extra, request_id, raw, binding)
    except _UNREADABLE as error:
        raise _explained(cls, fields, cls.kind, error) from error
    return model


def _explained(cls: type, fields: Mapping[str, Any], what: str, error: Exception) -> DecodeError:
    problems = _problems(cls, fields, what) or [str(error)]
    return DecodeError(
        f"the answer is not a {what} as documented: {'; '.join(problems)}", problems=problems
    )


def _problems(cls: type, fields: Mapping[str, Any], what: str) -> list[str]:
    """What is wrong with which field, by structuring it once more and slowly."""
    found: list[str] = []
    try:
        _EXPLAINER.structure(fields, cls)
    except cattrs.BaseValidationError as error:
        found = cattrs.transform_error(error, path=what)
    return found


def _modern(cls: type[Resource], raw: Mapping[str, Any]) -> Mapping[str, Any]:
    # Until 2023 a tune's training images were called images.
    if cls.kind == "tune" and "orig_images" not in raw:
        return {**{k: v for k, v in raw.items() if k != "images"}, "orig_images": raw["images"]}
    return raw


def merged(model: R, fields: Mapping[str, Any]) -> R:
    """
    *model* with some JSON fields as they were received later.

    Raises:
        DecodeError: They are not as documented.
    """
    return structure(
        type(model),
        {**model._raw, **fields},  # noqa: SLF001 - the codec builds models
        binding=model._binding,  # noqa: SLF001
        request_id=model.request_id,
    )


def structure_fact(cls: type[F], raw: Any) -> F:
    """
    A JSON object that is no resource as *cls*, which has an ``extra`` for unknown keys.

    Raises:
        DecodeError: It is no object, or a field is of another type than documented.
    """
    if not isinstance(raw, Mapping):
        raise DecodeError(f"expected a {cls.__name__} as a JSON object, got {type(raw).__name__}")
    names = {field.name for field in attrs.fields(cls)} - {"extra"}
    known = {key: value for key, value in raw.items() if key in names}
    try:
        fact = _CONVERTER.structure(known, cls)
    except _UNREADABLE as error:
        raise _explained(cls, known, cls.__name__, error) from error
    extra = {key: raw[key] for key in raw.keys() - names}
    return cast("F", attrs.evolve(cast("Any", fact), extra=extra))
