"""
Readers of JSON objects, written as code once for each class, as attrs and cattrs write theirs.

Lists of objects are read by the hundred thousand, and nearly every field of nearly every object is
of its type already: one look at each, without a call, is what there is to save. What is not goes to
the reader of its type, which takes it in another way or refuses it.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import attrs

T = TypeVar("T")

Reader = Callable[[Any, Any], Any]

_PLAIN = (str, bool, int)


def compile_reader(
    cls: type[T], *, given: Sequence[str], reader_of: Callable[[Any], Reader]
) -> Callable[..., T]:
    """
    A function that makes a *cls* of a JSON object, and of the values of the *given* fields.

    Keys of no field are passed over.

    It raises what the readers raise, and ``KeyError`` for a field that must be there and is not.

    Args:
        cls: A class of attrs with slots, whose fields have types, and defaults or none.
        given: Fields that are not read but passed, in this order, after the object.
        reader_of: Gives the reader of a type.
    """
    attrs.resolve_types(cls)  # type: ignore[type-var]  # an attrs class, if any
    names: dict[str, Any] = {"new": object.__new__, "cls": cls}
    names |= {"UTC": dt.UTC, "parse": dt.datetime.fromisoformat}
    lines = [
        f"def read({', '.join(['content', *given])}):",
        "    model = new(cls)",
        "    get = content.get",
    ]
    for field in attrs.fields(cls):  # type: ignore[arg-type]  # an attrs class
        # The slot's own setter: a frozen class has no other, and this is the quickest.
        names[f"put_{field.name}"] = getattr(cls, field.name).__set__
        if field.name in given:
            lines.append(f"    put_{field.name}(model, {field.name})")
        else:
            names[f"type_{field.name}"] = field.type
            names[f"read_{field.name}"] = reader_of(field.type)
            names[f"default_{field.name}"] = field.default
            lines += [f"    {line}" for line in _lines(field.name, field.type, field.default)]
    # Every name in it is one of our own fields.
    exec("\n".join([*lines, "    return model"]), names)  # noqa: S102
    read: Callable[..., T] = names["read"]
    return read


def _lines(name: str, kind: Any, default: Any) -> list[str]:
    read = f"value = read_{name}(value, type_{name})"
    put = f"put_{name}(model, value)"
    if default is attrs.NOTHING:
        return [f"value = content[{name!r}]", read, put]
    if default is not None:
        # Only such a field can be absent and null in two ways.
        absent = f"value = {read[8:]} if {name!r} in content else default_{name}"
        return [f"value = get({name!r})", absent, put]
    plain = next((it for it in _PLAIN if kind == it | None), None)
    if plain is not None:
        test = f"if value is not None and type(value) is not {plain.__name__}:"
        return [f"value = get({name!r})", test, f"    {read}", put]
    if kind == Mapping[str, Any] | None:
        copied = f"value = dict(value) if type(value) is dict else {read[8:]}"
        return [f"value = get({name!r})", "if value is not None:", f"    {copied}", put]
    if kind == dt.datetime | None:
        return [
            f"value = get({name!r})",
            "if value is not None:",
            f"    value = parse(value) if type(value) is str else {read[8:]}",
            "    if value.tzinfo is not UTC:",
            f"        value = read_{name}(value.isoformat(), type_{name})",
            put,
        ]
    return [f"value = get({name!r})", "if value is not None:", f"    {read}", put]
