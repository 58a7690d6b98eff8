"""The OpenAPI document, and what answers hold."""

import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from astria_async.sandbox.openapi import document
from astria_async.sandbox.tables.endpoints import ENDPOINTS
from astria_async.sandbox.tables.fields import SCHEMAS
from astria_async.sandbox.web.app import HANDLERS

pytestmark = pytest.mark.anyio


def check(value: Any, schema: dict[str, Any], whole: dict[str, Any]) -> None:
    """Hold a value against the part of JSON schema that the document uses."""
    if "$ref" in schema:
        schema = whole["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        assert any(_fits(value, option, whole) for option in schema["anyOf"]), value
        return
    kinds = {"integer": int, "string": str, "boolean": bool, "array": list, "object": dict}
    allowed = schema.get("type", [])
    names = [allowed] if isinstance(allowed, str) else allowed
    if names:
        assert any((n == "null" and value is None) or type(value) is kinds.get(n) for n in names)
    if isinstance(value, dict):
        assert set(schema.get("required", ())) <= value.keys()
        for key, item in value.items():
            check(item, schema.get("properties", {}).get(key, {}), whole)
    if isinstance(value, list):
        for item in value:
            check(item, schema.get("items", {}), whole)


def _fits(value: Any, schema: dict[str, Any], whole: dict[str, Any]) -> bool:
    try:
        check(value, schema, whole)
    except AssertionError:
        return False
    return True


async def test_document_is_served(rig: Any) -> None:
    """The document is open to anybody, and names the host that it was asked from."""
    response = await rig.http.get("/openapi.json", headers={"Authorization": ""})

    assert response.json()["openapi"] == "3.1.0"
    assert response.json()["servers"] == [{"url": rig.sandbox.base_url}]
    assert response.json() == document(rig.sandbox.base_url)


def test_document_is_valid() -> None:
    """A validator of OpenAPI 3.1 finds nothing wrong with the document."""
    assert list(OpenAPIV31SpecValidator(document("http://x")).iter_errors()) == []


def test_every_endpoint_is_described_and_handled() -> None:
    """Each row has a handler and an operation; each path's parameters are declared."""
    paths = document("http://x")["paths"]

    assert HANDLERS.keys() == {endpoint.operation for endpoint in ENDPOINTS}
    for endpoint in ENDPOINTS:
        for path in endpoint.paths:
            operation = paths[path][endpoint.method.lower()]
            declared = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert declared == set(re.findall(r"\{(\w+)\}", path))
            assert operation["summary"].endswith(".")


def test_operation_ids_are_unique() -> None:
    """No two operations share an id."""
    paths = document("http://x")["paths"].values()
    ids = [operation["operationId"] for path in paths for operation in path.values()]

    assert len(ids) == len(set(ids))


def test_references_lead_somewhere() -> None:
    """Each reference in the document names a schema of it."""
    whole = document("http://x")

    found = re.findall(r"#/components/schemas/(\w+)", str(whole))

    assert set(found) <= whole["components"]["schemas"].keys()
    assert SCHEMAS.keys() <= whole["components"]["schemas"].keys()


def test_links_lead_to_operations() -> None:
    """Each link names an operation of the document, and each of its path's parameters."""
    whole = document("http://x")
    operations = [it for path in whole["paths"].values() for it in path.values()]
    takes = {
        it["operationId"]: {p["name"] for p in it["parameters"] if p["in"] == "path"}
        for it in operations
    }

    replies = [reply for it in operations for reply in it["responses"].values()]
    links = [link for reply in replies for link in reply.get("links", {}).values()]

    assert links
    assert all(takes[link["operationId"]] == link["parameters"].keys() for link in links)


def test_put_does_what_patch_does() -> None:
    """Where an object may be patched, the document has PUT beside it, and otherwise not."""
    paths = document("http://x")["paths"].values()

    assert [path for path in paths if ("put" in path) is not ("patch" in path)] == []
    assert any("put" in path for path in paths)


def test_forms_name_what_they_cannot_leave_out() -> None:
    """Required fields of a form stand under their full names."""
    paths = document("http://x")["paths"]

    body = paths["/tunes"]["post"]["requestBody"]

    form = body["content"]["application/x-www-form-urlencoded"]["schema"]
    assert form["required"] == ["tune[title]", "tune[name]"]
    assert paths["/tunes/{tune_id}"]["patch"]["requestBody"]["required"] is True


def test_callbacks_are_described_as_callbacks() -> None:
    """Creating operations describe the callbacks that come of them."""
    operation = document("http://x")["paths"]["/tunes"]["post"]

    assert "{$request.body#/tune/callback}" in operation["callbacks"]["callback"]


def test_limits_are_described() -> None:
    """Ranges and lists of the rows are in the document, and so are both forms."""
    body = document("http://x")["paths"]["/tunes/{tune_id}/prompts"]["post"]["requestBody"]
    prompt = body["content"]["application/json"]["schema"]["properties"]["prompt"]["properties"]

    assert (prompt["num_images"]["minimum"], prompt["num_images"]["maximum"]) == (1, 8)
    assert prompt["pack_id"]["maximum"] == 10**18 - 1
    assert "1:1" in prompt["aspect_ratio"]["enum"]
    form = body["content"]["multipart/form-data"]["schema"]["properties"]
    assert {"prompt[text]", "prompt[image_references][]", "prompt[input_image_url]"} <= form.keys()


async def test_answers_are_as_described(rig: Any) -> None:
    """What every reading endpoint answers fits its schema, key by key."""
    tune = await rig.trained(
        name="woman", base_tune_id=1504944, model_type="lora", callback="https://h.example.com/",
        prompts_attributes=[{"text": "x", "callback": "https://h.example.com/"}],
    )  # fmt: skip
    await rig.sandbox.advance(60)
    await rig.prompt()
    (prompt, *_) = await rig.get(f"/tunes/{tune['id']}/prompts")
    await rig.http.post("/workspaces", json={"workspace": {"title": "a"}})
    whole = document("http://x")
    names = {"tune_id": tune["id"], "prompt_id": prompt["id"], "pack": 811, "workspace_id": 1}

    for endpoint in ENDPOINTS:
        if endpoint.method == "GET":
            operation = whole["paths"][endpoint.paths[0]]["get"]
            answer = await rig.get(endpoint.paths[0].format(**names))
            content = operation["responses"]["200"]["content"]["application/json"]
            check(answer, content["schema"], whole)


async def test_objects_hold_the_described_keys_and_no_others(rig: Any) -> None:
    """Tunes and prompts have exactly the keys of their tables."""
    tune, prompt = await rig.tune(), await rig.prompt()

    assert set(tune) == {field.name for field in SCHEMAS["Tune"]}
    assert set(prompt) == {field.name for field in SCHEMAS["Prompt"] if not field.absent}


async def test_callback_bodies_are_as_described(rig: Any) -> None:
    """What callbacks carry fits the schemas that the document gives for them."""
    url = "https://hooks.example.com/"
    await rig.trained(callback=url, prompts_callback=url,
                      prompts_attributes=[{"text": "x", "callback": url}])  # fmt: skip
    await rig.sandbox.advance(60)
    schemas, whole = document("http://x")["components"]["schemas"], document("http://x")

    bodies = [reply.json() for _, reply in rig.received]

    check(next(b for b in bodies if "tune" in b), schemas["TuneCallback"], whole)
    check(next(b for b in bodies if "prompt" in b), schemas["PromptCallback"], whole)
    check(next(b for b in bodies if isinstance(b, list))[0], schemas["CalledPrompt"], whole)
