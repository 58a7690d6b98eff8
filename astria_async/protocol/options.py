"""
Parameters described once: an endpoint's attrs class gives its signature, wire form and help.

A parameter class is frozen attrs whose fields are made with :func:`option`. :func:`accepts` turns a
method that takes the class into one that takes its fields as keywords, for type checkers (through
``ParamSpec``) and at run time (``__signature__`` and the docstring) alike.
"""

import enum
import functools
import inspect
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, Final, Literal, ParamSpec, TypeVar, cast

import attrs

P = ParamSpec("P")
Self_ = TypeVar("Self_")
Params = TypeVar("Params")
Result = TypeVar("Result")
First = TypeVar("First")


class NotGiven(enum.Enum):
    """The type of :data:`NOT_GIVEN`."""

    TOKEN = 0

    def __bool__(self) -> Literal[False]:
        """False, so that ``value or default`` reads as it should."""
        return False

    def __repr__(self) -> str:
        """As it is written in code."""
        return "NOT_GIVEN"


NOT_GIVEN: Final = NotGiven.TOKEN
"""A parameter that was left out, which differs from ``None`` (sent as null)."""


def option(
    description: str, *, default: Any = NOT_GIVEN, wire: str | None = "", local: bool = False
) -> Any:
    """
    One parameter of an endpoint.

    Args:
        description: Meaning, unit and default, for docstrings and ``--help``.
        default: What stands when it is left out.
        wire: Its name in requests, if that differs from the attribute's.
        local: Whether it stays here: used by us, never sent.
    """
    return attrs.field(
        default=default, metadata=described(description, wire=None if local else wire)
    )


def described(description: str, *, wire: str | None = "") -> dict[str, Any]:
    """The metadata of a parameter that has no default, for :func:`attrs.field`."""
    return {"description": description, "wire": wire}


def wire_values(params: attrs.AttrsInstance) -> dict[str, Any]:
    """The given parameters under their wire names, without those that stay here."""
    values: dict[str, Any] = {}
    for field in attrs.fields(type(params)):
        wire = field.metadata.get("wire")
        value = getattr(params, field.name)
        if wire is not None and value is not NOT_GIVEN:
            values[wire or field.name] = value
    return values


def describe(cls: type[attrs.AttrsInstance]) -> Mapping[str, str]:
    """The description of each parameter, by attribute name."""
    return {field.name: field.metadata["description"] for field in attrs.fields(cls)}


def accepts(
    params: Callable[P, Params],
) -> Callable[[Callable[[Self_, Params], Result]], Callable[Concatenate[Self_, P], Result]]:
    """
    Let a method that takes one *params* object be called with its fields instead.

    Args:
        params: A parameter class. An object of it may also be passed ready made, positionally.
    """
    cls = cast("type[attrs.AttrsInstance]", params)

    def wrap(
        method: Callable[[Self_, Params], Result],
    ) -> Callable[Concatenate[Self_, P], Result]:
        @functools.wraps(method)
        def call(self: Self_, /, *args: P.args, **kwargs: P.kwargs) -> Result:
            return method(self, _made(params, args, kwargs))

        _document(call, cls, leading=["self"])
        return call

    return wrap


def accepts_after(
    params: Callable[P, Params],
) -> Callable[
    [Callable[[Self_, First, Params], Result]], Callable[Concatenate[Self_, First, P], Result]
]:
    """:func:`accepts` for a method with one more argument in front, such as the tune's id."""
    cls = cast("type[attrs.AttrsInstance]", params)

    def wrap(
        method: Callable[[Self_, First, Params], Result],
    ) -> Callable[Concatenate[Self_, First, P], Result]:
        @functools.wraps(method)
        def call(self: Self_, first: First, /, *args: P.args, **kwargs: P.kwargs) -> Result:
            return method(self, first, _made(params, args, kwargs))

        _document(call, cls, leading=list(inspect.signature(method).parameters)[:2])
        return call

    return wrap


def _made(params: Callable[..., Params], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Params:
    if len(args) == 1 and not kwargs and isinstance(args[0], cast("type", params)):
        return cast("Params", args[0])
    return params(*args, **kwargs)


def _document(
    call: Callable[..., Any], cls: type[attrs.AttrsInstance], *, leading: list[str]
) -> None:
    own = inspect.signature(inspect.unwrap(call)).parameters
    front = [own[name].replace(kind=inspect.Parameter.POSITIONAL_ONLY) for name in leading]
    fields = list(inspect.signature(cls).parameters.values())
    returns = inspect.signature(inspect.unwrap(call)).return_annotation
    described = "\n".join(
        textwrap.fill(f"{name}: {text}", 96, initial_indent="    ", subsequent_indent=" " * 8)
        for name, text in describe(cls).items()
    )
    summary, found, rest = inspect.cleandoc(call.__doc__ or "").partition("\n\nRaises:")
    arguments = f"\n\nArgs:\n{described}"
    if "\n\nArgs:\n" in summary:  # those of the leading argument stand in front
        arguments = f"\n{described}"
    signature = inspect.Signature([*front, *fields], return_annotation=returns)
    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__doc__ = f"{summary}{arguments}{found}{rest}\n"
