"""The OpenAPI 3.1 document of the API, made from the tables that requests are read by."""

import re
from typing import Any

from astria_async.sandbox.params import Param, Params
from astria_async.sandbox.tables.endpoint import Endpoint
from astria_async.sandbox.tables.endpoints import ENDPOINTS
from astria_async.sandbox.tables.fields import CHOICES, SCHEMAS, Field, Fields
from astria_async.sandbox.tables.links import EXAMPLES, LINKS

Schema = dict[str, Any]
_JSON = "application/json"
_KINDS: dict[str, Schema] = {
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
_MOST = 10**18 - 1
_REASONS = {
    400: "The request cannot be understood.",
    401: "The key is missing or wrong.",
    402: "The balance is too low.",
    403: "It is somebody else's.",
    404: "There is no such thing, or no more.",
    406: "The client takes no JSON.",
    413: "The body is too large.",
    422: "Fields are wrong.",
    429: "Too many requests.",
}


def document(server: str) -> Schema:
    """
    The whole document.

    Args:
        server: The base URL of the sandbox that serves it.
    """
    paths: dict[str, Schema] = {}
    for endpoint in ENDPOINTS:
        for number, path in enumerate(endpoint.paths):
            suffix = f"_{number}" if number else ""
            operations = paths.setdefault(path, {})
            operations[endpoint.method.lower()] = _operation(endpoint, path, suffix)
            if endpoint.method == "PATCH":
                operations["put"] = _operation(endpoint, path, f"_put{suffix}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Astria API, as emulated by astria-async",
            "version": "1",
            "description": "Written from public material; not a document of the vendor's.",
        },
        "servers": [{"url": server}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
        },
    }


def _schemas() -> dict[str, Schema]:
    schemas = {name: object_schema(fields) for name, fields in SCHEMAS.items()}
    for name, choices in CHOICES.items():
        schemas[name] = {"anyOf": [_reference(choice) for choice in choices]}
    texts: Schema = {"type": "array", "items": {"type": "string"}}
    schemas["Error"] = {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"type": "string"}, "status": {"type": "integer"}},
    }
    schemas["FieldErrors"] = {"type": "object", "additionalProperties": texts}
    return schemas


def object_schema(fields: Fields) -> Schema:
    """The JSON schema of an answer's object; more keys may come without notice."""
    return {
        "type": "object",
        "required": [field.name for field in fields if not field.absent],
        "properties": {field.name: _field(field) for field in fields},
    }


def _field(field: Field) -> Schema:
    schema = _reference(field.of) if field.of else dict(_KINDS[field.kind])
    if field.many:
        schema = {"type": "array", "items": schema}
    elif field.null:
        schema["type"] = [schema["type"], "null"]
    return schema | ({"description": field.doc} if field.doc else {})


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _operation(endpoint: Endpoint, path: str, suffix: str) -> Schema:
    operation: Schema = {
        "operationId": f"{endpoint.operation}{suffix}",
        "summary": endpoint.summary,
        "parameters": [_path_parameter(name) for name in re.findall(r"\{(\w+)\}", path)],
        "responses": _responses(endpoint),
    }
    operation["parameters"] += [_query_parameter(row) for row in endpoint.query]
    if endpoint.public:
        operation["security"] = []
    else:
        operation["parameters"].append(
            {
                "name": "X-Workspace-Id",
                "in": "header",
                "description": "A workspace's id, or all; without it, the personal space.",
                "schema": {"type": "string", "pattern": r"^(all|[0-9]{1,18})?$"},
            }
        )
    if endpoint.body:
        operation["requestBody"] = _body(endpoint)
    callbacks = _callbacks(endpoint)
    if callbacks:
        operation["callbacks"] = callbacks
    return operation


def _path_parameter(name: str) -> Schema:
    schema: Schema = {"type": "integer", "minimum": 1}
    if name == "pack":
        schema = {"type": "string", "description": "Id or slug."}
    if name in EXAMPLES:
        schema["examples"] = [EXAMPLES[name]]
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameter(row: Param) -> Schema:
    many = row.many
    return {
        "name": f"{row.name}[]" if many else row.name,
        "in": "query",
        "description": row.doc,
        "schema": _param(row),
        **({"style": "form", "explode": True} if many else {}),
    }


def _responses(endpoint: Endpoint) -> Schema:
    responses: Schema = {}
    for status, returns in ((endpoint.success, endpoint.returns), *endpoint.extra):
        responses[str(status)] = {"description": "Done."} | _content(returns) | _links(endpoint)
    usual = (400, 429) if endpoint.public else (400, 401, 403, 404, 429)
    for status in sorted({*usual, 406, *endpoint.refusals}):
        # A field that is wrong says so under its name; a whole that is wrong, as an error.
        schema = "FieldErrors" if status == 422 else "Error"  # noqa: PLR2004
        responses[str(status)] = {"description": _REASONS[status]} | _content(schema)
    return responses


def _links(endpoint: Endpoint) -> Schema:
    """What may be done next with what was made, so that programs can walk the whole API."""
    found = {
        link.operation: {
            "operationId": link.operation,
            "parameters": {name: f"$response.body#/{field}" for name, field in link.takes},
        }
        for link in LINKS.get(endpoint.operation, ())
    }
    return {"links": found} if found else {}


def _content(returns: str) -> Schema:
    if not returns:
        return {}
    if returns.startswith("["):
        schema: Schema = {"type": "array", "items": _reference(returns.strip("[]"))}
    else:
        schema = _reference(returns)
    return {"content": {_JSON: {"schema": schema}}}


def _body(endpoint: Endpoint) -> Schema:
    rows, root = endpoint.body, endpoint.root
    creating = endpoint.method == "POST"
    whole = _properties(rows, files=False, creating=creating)
    if root is not None:
        whole = {
            "type": "object",
            "required": [] if endpoint.optional else [root],
            "properties": {root: whole} | _properties(endpoint.top, files=False)["properties"],
        }
    if endpoint.flat:
        whole = {"anyOf": [whole, _properties(rows, files=False, creating=creating)]}
    form = {"schema": _form(endpoint)}
    return {
        "required": not endpoint.optional,
        "content": {
            _JSON: {"schema": whole},
            "multipart/form-data": form,
            "application/x-www-form-urlencoded": form,
        },
    }


def _properties(rows: Params, *, files: bool, creating: bool = False) -> Schema:
    properties: Schema = {}
    for row in rows:
        # JSON carries no files: an address stands under the file's own name, or its twin's.
        names = (row.name, *row.aliases, *row.twins)
        properties |= {name: _param(row, files=files and name == row.name) for name in names}
    required = [row.name for row in rows if creating and row.required and not row.twins]
    return {"type": "object", "required": required, "properties": properties}


def _form(endpoint: Endpoint) -> Schema:
    root = endpoint.root
    properties: Schema = {}
    for row in endpoint.body:
        for name in (row.name, *row.aliases, *row.twins):
            label = name if root is None else f"{root}[{name}]"
            if row.kind == "table":
                for inner in row.rows:
                    nested = f"{label}[][{inner.name}]" if row.many else f"{label}[{inner.name}]"
                    properties[nested] = {}
            else:
                properties[f"{label}[]" if row.many else label] = _param(row, files=True)
    labels = (row.name if root is None else f"{root}[{row.name}]" for row in _musts(endpoint))
    return {"type": "object", "required": list(labels), "properties": properties}


def _musts(endpoint: Endpoint) -> list[Param]:
    """What a form cannot leave out; of twins either may be there, and of lists each item is."""
    if endpoint.method != "POST" or endpoint.flat or endpoint.optional:
        return []
    return [row for row in endpoint.body if row.required and not row.twins and not row.many]


def _param(row: Param, *, files: bool = False) -> Schema:
    schema: Schema
    if row.kind == "table":
        schema = _properties(row.rows, files=False)
    elif row.kind == "map":
        schema = {"type": "object", "additionalProperties": {"type": "string"}}
    elif row.kind == "file":
        schema = {} if files else dict(_ADDRESS)
    elif row.kind == "url":
        schema = dict(_ADDRESS)
    else:
        schema = dict(_KINDS["number" if row.kind == "float" else row.kind])
    # As many digits as are read; and None stands for no limit.
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


def _callbacks(endpoint: Endpoint) -> Schema:
    by_name = {
        "createTune": (("callback", "TuneCallback"), ("prompts_callback", "[CalledPrompt]")),
        "createPrompt": (("callback", "PromptCallback"),),
        "duplicatePrompt": (("callback", "PromptCallback"),),
        "runPack": (("callback", "TuneCallback"), ("prompts_callback", "[CalledPrompt]")),
    }.get(endpoint.operation, ())
    return {
        name: {
            f"{{$request.body#/{endpoint.root}/{name}}}": {
                "post": {
                    "summary": "Sent once, never again, unsigned, in any order.",
                    "requestBody": {"required": True} | _content(shape),
                    "responses": {"2XX": {"description": "Any answer is as good as none."}},
                }
            }
        }
        for name, shape in by_name
    }
