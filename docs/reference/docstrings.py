"""
Our docstrings, as the reference shows them.

Roles and literal blocks become Markdown, and a call that takes a parameter class shows its fields.
"""

import importlib
import inspect
import re
import types
import typing
from typing import Any

import griffe

from astria_async.protocol.options import NotGiven
from astria_async.protocol.sources import ImageInput, ImageInputs

ROLE = re.compile(r":(?:class|meth|func|attr|data|exc|mod):`~?([^`]+)`")
CODE_BLOCK = re.compile(r"(?m)^( *)\.\. code-block:: (\w+)\n\n((?:\1 {4}.*\n|\n)+)")
LITERAL = re.compile(r"(?m)^( *)(.*)::\n\n((?:\1 {4}.*(?:\n|$)|\n)+)")
LONG: dict[str, Any] = {"ImageInput": ImageInput, "ImageInputs": ImageInputs}
"""Types that are known by name, rather than by all that they may be."""

DOUBLE = re.compile(r"(?<!`)``(?!`)")
TAKING_PARAMETERS = ("accepts(", "accepts_after(")


def as_markdown(text: str) -> str:
    """A docstring's text, without reStructuredText."""
    text = ROLE.sub(lambda found: f"`{found[1].rpartition('.')[2] or found[1]}`", text)
    text = CODE_BLOCK.sub(lambda found: _fenced(found[1], found[2], found[3]), text)
    text = LITERAL.sub(
        lambda found: (
            (f"{found[1]}{found[2]}:\n\n" if found[2] else "")
            + _fenced(found[1], "python", found[3])
        ),
        text,
    )
    return DOUBLE.sub("`", text)


def _fenced(indent: str, language: str, block: str) -> str:
    lines = [line.removeprefix(f"{indent}    ") for line in block.rstrip().splitlines()]
    body = "\n".join(f"{indent}{line}".rstrip() for line in lines)
    return f"{indent}```{language}\n{body}\n{indent}```\n\n"


class Docstrings(griffe.Extension):
    """Looks at each object once it was read."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite its docstring."""
        if isinstance(obj, griffe.Function) and any(
            str(it.value).startswith(TAKING_PARAMETERS) for it in obj.decorators
        ):
            _as_called(obj)
        if obj.docstring is None:
            return
        obj.docstring.value = as_markdown(obj.docstring.value)
        if isinstance(obj, griffe.Class) and any(
            str(it.value).startswith("attrs.") for it in obj.decorators
        ):
            # Its arguments are its fields, as far as can be seen without running it.
            obj.docstring.value = obj.docstring.value.replace("\nArgs:\n", "\nAttributes:\n")


def _as_called(function: griffe.Function) -> None:
    """Give it the signature and the docstring that it has at run time."""
    holder: Any = importlib.import_module(function.module.path)
    inside = function.path.removeprefix(f"{function.module.path}.").split(".")
    for name in inside:
        holder = getattr(holder, name)
    signature = inspect.signature(holder)
    function.parameters = griffe.Parameters(
        *(
            griffe.Parameter(
                parameter.name,
                annotation=_annotation(parameter),
                kind=griffe.ParameterKind(str(parameter.kind.description)),
                default=_default(parameter),
            )
            for parameter in signature.parameters.values()
        )
    )
    if function.docstring is not None:
        function.docstring.value = inspect.getdoc(holder) or ""


def _annotation(parameter: inspect.Parameter) -> str | None:
    return None if parameter.annotation is parameter.empty else _type(parameter.annotation)


def _type(kind: Any) -> str:
    for name, long in LONG.items():
        if kind in {long, long | NotGiven}:
            return name
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        return " | ".join(_type(it) for it in typing.get_args(kind) if it is not NotGiven)
    if kind is types.NoneType:
        return "None"
    if isinstance(kind, type) and not typing.get_args(kind):
        return kind.__name__
    return re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Za-z])", "", str(kind))


def _default(parameter: inspect.Parameter) -> str | None:
    if parameter.default is parameter.empty:
        return None
    return "{}" if "NOTHING" in repr(parameter.default) else repr(parameter.default)
