"""
Options made from the client's parameter classes, so that each parameter is described once.

A field becomes an option of its name; its description becomes the help, and its type decides how
words are read. What was not given on the command line is not given to the class.
"""

import inspect
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

import attrs
from cyclopts import Parameter

from astria_async.cli import values
from astria_async.protocol.options import NotGiven

Read = Callable[[Sequence[str], str], Any]


@attrs.frozen(kw_only=True)
class Kind:
    """
    How the words of one option are read.

    Attributes:
        hint: What the parser makes of them first.
        read: Turns a list of words into the value; ``None`` where *hint* says it all.
        single: Whether only one word is taken, although *read* gives a list.
        shown: What help calls a word; ``None`` for the name of its type.
    """

    hint: Any
    read: Read | None = None
    single: bool = False
    shown: str | None = None


def kind_of(hint: Any) -> Kind:
    """
    How a parameter of the type *hint* is read.

    Raises:
        TypeError: No reading is known: a new sort of parameter.
    """
    kinds = [it for it in _members(hint) if it not in (NotGiven, type(None))]
    origins = {get_origin(it) for it in kinds}
    if bytes in kinds:
        many = Iterable in origins
        return Kind(
            hint=list[str] if many else str, read=values.pictures, single=not many, shown="FILE"
        )
    if Mapping in origins:
        texts = all(get_args(it) == (str, str) for it in kinds if get_origin(it) is Mapping)
        read = values.pairs if texts else values.loose_pairs
        return Kind(hint=list[str], read=read, shown="NAME=VALUE")
    if Sequence in origins:
        return _sequence(kinds)
    for scalar in (bool, str, float, int):
        if scalar in kinds:
            return Kind(hint=scalar)
    raise TypeError(f"no option can be made of {hint}")


def _members(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _sequence(kinds: Sequence[Any]) -> Kind:
    (items,) = next(get_args(it) for it in kinds if get_origin(it) is Sequence)
    if items is int:
        return Kind(hint=list[int])
    if items is str:
        return Kind(hint=list[str])
    return Kind(hint=list[str], read=values.prompts, shown="TEXT|JSON")


def options_of(
    cls: type[attrs.AttrsInstance],
    *,
    positional: Collection[str] = (),
    without: Collection[str] = (),
) -> list[inspect.Parameter]:
    """
    One option for each field of a parameter class.

    Args:
        cls: The class.
        positional: Fields that may be given without their names, in this order, first.
        without: Fields that the command gives itself.
    """
    fields = [field for field in attrs.fields(cls) if field.name not in without]
    fields.sort(key=lambda it: (it.name not in positional, it.default is not attrs.NOTHING))
    return [_option(field, positional=field.name in positional) for field in fields]


def _option(field: "attrs.Attribute[Any]", *, positional: bool) -> inspect.Parameter:
    kind = kind_of(field.type)
    needed = field.default is attrs.NOTHING
    shape = Parameter(
        help=field.metadata["description"],
        show_default=False,
        metavar=kind.shown,
        required=needed,
        consume_multiple=get_origin(kind.hint) is list and kind.read is values.pictures,
        negative=None if kind.hint is bool else "",
    )
    where = inspect.Parameter.POSITIONAL_OR_KEYWORD if positional else None
    return inspect.Parameter(
        field.name,
        where or inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind.hint | None, shape],
    )


def read_into(cls: type[attrs.AttrsInstance], given: Mapping[str, Any]) -> dict[str, Any]:
    """
    What was given on the command line, as keywords of a parameter class.

    Args:
        cls: The class.
        given: By field name; ``None`` for what was not given.

    Raises:
        CommandError: Words that cannot be read.
    """
    found: dict[str, Any] = {}
    for field in attrs.fields(cls):
        value = given.get(field.name)
        if value is None:
            continue
        kind = kind_of(field.type)
        if kind.read is not None:
            option = "--" + field.name.replace("_", "-")
            value = kind.read([value] if kind.single else value, option)
            value = value[0] if kind.single else value
        found[field.name] = value
    return found


def command(
    call: Callable[..., Any], options: Sequence[inspect.Parameter], help_text: str
) -> Callable[..., Any]:
    """
    A command whose options are *options*, and which hands them on to *call* by name.

    Args:
        call: Takes each option as a keyword, and gives an awaitable exit code.
        options: Positional ones first.
        help_text: What help says about it.
    """

    async def run(*words: Any, **named: Any) -> Any:
        bound = signature.bind(*words, **named)
        bound.apply_defaults()
        return await call(**bound.arguments)

    signature = inspect.Signature(list(options))
    run.__signature__ = signature  # type: ignore[attr-defined]
    run.__annotations__ = {option.name: option.annotation for option in options}
    run.__doc__ = help_text
    return run


def positional(name: str, annotation: Any) -> inspect.Parameter:
    """An option of a command's own that stands without a name, and is needed."""
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY, annotation=annotation)


def keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    """An option of a command's own."""
    where = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, where, annotation=annotation, default=default)
