"""
Our docstrings, as the reference shows them.

Roles and literal blocks become Markdown, and a call that takes a parameter class shows its fields.
"""

import importlib
import inspect
import re
from typing import Any

import griffe

ROLE = re.compile(r":(?:class|meth|func|attr|data|exc|mod):`~?([^`]+)`")
CODE_BLOCK = re.compile(r"(?m)^( *)\.\. code-block:: (\w+)\n\n((?:\1 {4}.*\n|\n)+)")
LITERAL = re.compile(r"(?m)^( *)(.*)::\n\n((?:\1 {4}.*(?:\n|$)|\n)+)")
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
    return text.replace("``", "`")


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
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)


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
    function.docstring = griffe.Docstring(
        inspect.getdoc(holder) or "", parent=function, lineno=function.lineno
    )


def _annotation(parameter: inspect.Parameter) -> str | None:
    if parameter.annotation is parameter.empty:
        return None
    if isinstance(parameter.annotation, type):
        return parameter.annotation.__name__
    text = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Za-z])", "", str(parameter.annotation))
    return text.replace(" | NotGiven", "").replace("NotGiven | ", "")


def _default(parameter: inspect.Parameter) -> str | None:
    if parameter.default is parameter.empty:
        return None
    return "{}" if "NOTHING" in repr(parameter.default) else repr(parameter.default)
