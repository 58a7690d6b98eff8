"""Secrets stay out of the record of requests."""

from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astria_async.sandbox.hiding import hide_in_form, hide_in_query, hide_in_text

pytestmark = pytest.mark.anyio
HOOK = "https://hooks.example.com/astria?user=7&sig=hush"
NAMES = st.sampled_from(["sig", "signature", "token", "secret", "key", "password", "api_key"])


@given(NAMES, st.integers(0, 9))
def test_no_layer_of_encoding_hides_a_secret_from_us(name: str, layers: int) -> None:
    """A secret is found within percent-encodings, and of too many of them nothing is shown."""
    value = f"https://h.example.com/?{name}=hu%26sh&user=7"
    for _ in range(layers):
        value = quote_plus(value)

    for hidden in (hide_in_form(f"a=b&c={value}"), hide_in_query(f"a=b&c={value}")):
        assert f"{name}=..." in hidden or hidden == "a=b&c=..."
        assert "hu" not in hidden
        assert "sh" not in hidden.replace("https", "")


def test_a_secret_s_name_may_be_encoded_too() -> None:
    """A parameter whose name is percent-encoded is known all the same."""
    assert hide_in_query("%73ig=hush&b=%20") == "sig=...&b=%20"


def test_what_holds_no_secret_stays_as_it_was() -> None:
    """A query without secrets is kept byte for byte; a form is decoded for reading."""
    assert hide_in_query("title=a%20b&limit=2") == "title=a%20b&limit=2"
    assert hide_in_form("title=a%20b&limit=2") == "title=a b&limit=2"


def test_json_may_escape_the_mark() -> None:
    """A JSON text that writes its equals sign as an escape hides nothing either."""
    assert "hush" not in hide_in_text(r'{"callback":"https://h.example.com/?sig\u003dhush"}')


async def test_forms_are_recorded_without_secrets(rig: Any) -> None:
    """A callback's signature in an urlencoded form, or in a query, is not shown."""
    form = {"tune[title]": "Ada", "tune[name]": "woman", "tune[callback]": HOOK}
    form["tune[image_urls][]"] = "https://x.example.com/1.jpg"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    await rig.http.post("/tunes", content=urlencode(form), headers=kind)
    await rig.http.post(f"/tunes?tune[callback]={quote(HOOK, safe='')}", json={})

    first, second = list(rig.sandbox.requests)

    assert "sig=..." in first.summary
    assert "user=7" in first.summary
    assert "sig=..." in second.query
    assert "hush" not in first.summary + second.query
