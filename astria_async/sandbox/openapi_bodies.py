"""What operations take, as JSON schemas made from the rows that requests are read by."""

from collections.abc import Sequence
from typing import Any

from astria_async.sandbox.params import Param, Params
from astria_async.sandbox.tables.endpoint import Endpoint

Schema = dict[str, Any]
_JSON = "application/json"
KINDS: dict[str, Schema] = {
    "int": {"type": "integer"},
    "text": {"type": "string"},
    "bool": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
    "url": {"type": "string", "format": "uri"},
    "decimal": {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
    "number": {"type": "number"},
    "map": {"type": "object"},
    "any": {},
}
_ADDRESS: Schema = {
    "type": "string",
    "format": "uri",
    "examples": ["https://files.example.com/1.jpg"],
}
_FILE: Schema = {"type": "string", "format": "binary"}
# As many digits as are read.
_MOST = 10**18 - 1


def request_body(endpoint: Endpoint) -> Schema:
    """The body of an operation, in each of the three encodings."""
    rows, root = endpoint.body, endpoint.root
    creating = endpoint.method == "POST"
    whole = _properties(rows, creating=creating) | _either(endpoint.either)
    if root is not None:
        whole = {
            "type": "object",
            "required": [] if endpoint.optional else [root],
            "properties": {root: whole} | _properties(endpoint.top)["properties"],
        }
    if endpoint.flat:
        whole = {"anyOf": [whole, _properties(rows, creating=creating)]}
    return {
        "required": not endpoint.optional,
        "content": {
            _JSON: {"schema": whole},
            "multipart/form-data": {"schema": _form(endpoint, files=True)},
            "application/x-www-form-urlencoded": {"schema": _form(endpoint, files=False)},
        },
    }


def _properties(rows: Params, *, creating: bool = False) -> Schema:
    properties: Schema = {}
    for row in rows:
        # JSON carries no files: an address stands under the file's own name, or its twin's.
        names = (row.name, *row.aliases, *row.twins)
        properties |= dict.fromkeys(names, parameter(row))
    required = [row.name for row in rows if creating and row.required and not row.twins]
    return {"type": "object", "required": required, "properties": properties}


def _either(names: Sequence[str]) -> Schema:
    if not names:
        return {}
    options = (
        {"required": [it], "properties": {it: {"minItems": 1, "minLength": 1}}} for it in names
    )
    return {"anyOf": list(options)}


def _form(endpoint: Endpoint, *, files: bool) -> Schema:
    labels: dict[str, str] = {}
    properties: Schema = {}
    for row in endpoint.body:
        for name in (row.name, *row.aliases, *row.twins):
            label = name if endpoint.root is None else f"{endpoint.root}[{name}]"
            labels[name] = f"{label}[]" if row.many else label
            if row.kind == "table":
                properties |= {
                    f"{labels[name]}[{inner.name}]": parameter(inner, files=files)
                    for inner in row.rows
                }
            else:
                properties[labels[name]] = parameter(row, files=files and name == row.name)
    required = [labels[row.name] for row in _musts(endpoint)]
    either = _either([labels[name] for name in endpoint.either])
    return {"type": "object", "required": required, "properties": properties} | either


def _musts(endpoint: Endpoint) -> list[Param]:
    """What a form cannot leave out; of twins either may be there, and of lists each item is."""
    if endpoint.method != "POST" or endpoint.flat or endpoint.optional:
        return []
    return [row for row in endpoint.body if row.required and not row.twins and not row.many]


def parameter(row: Param, *, files: bool = False) -> Schema:
    """
    One parameter.

    Args:
        row: What it is read by.
        files: Whether the encoding carries files.
    """
    schema: Schema
    if row.kind == "table":
        schema = _properties(row.rows)
    elif row.kind == "map":
        schema = {"type": "object", "additionalProperties": {"type": "string"}}
    elif row.kind == "file":
        schema = dict(_FILE if files else _ADDRESS)
    elif row.kind == "url":
        schema = dict(_ADDRESS)
    else:
        schema = dict(KINDS["number" if row.kind == "float" else row.kind])
    most = _MOST if row.kind == "int" else None
    limits = {
        "enum": list(row.allowed) or None,
        "minimum": -most if most and row.low is None else row.low,
        "maximum": most if row.high is None else row.high,
        "multipleOf": row.step,
        "pattern": f"^{row.pattern[0]}$" if row.pattern else None,
        "minLength": 1 if row.required and row.kind == "text" else None,
        "default": row.default,
    }
    schema |= {name: value for name, value in limits.items() if value is not None}
    if row.many:
        schema = {"type": "array", "items": schema}
    return schema | {"description": row.doc}
