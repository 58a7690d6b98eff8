"""The OpenAPI 3.1 document of the API, made from the tables that requests are read by."""

import re
from collections.abc import Iterable

from astria_async.sandbox.openapi_bodies import KINDS, Schema, parameter, request_body
from astria_async.sandbox.params import Param
from astria_async.sandbox.tables.endpoint import Endpoint
from astria_async.sandbox.tables.endpoints import ENDPOINTS
from astria_async.sandbox.tables.fields import CHOICES, SCHEMAS, Field, Fields
from astria_async.sandbox.tables.links import EXAMPLES, LINKS

_JSON = "application/json"
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


def document(server: str, endpoints: Iterable[Endpoint] = ENDPOINTS) -> Schema:
    """
    The whole document.

    Args:
        server: The base URL of the sandbox that serves it.
        endpoints: What it describes: by default the API that is emulated.
    """
    paths: dict[str, Schema] = {}
    for endpoint in endpoints:
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
    schema = _reference(field.of) if field.of else dict(KINDS[field.kind])
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
        operation["requestBody"] = request_body(endpoint)
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
        "schema": parameter(row),
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
