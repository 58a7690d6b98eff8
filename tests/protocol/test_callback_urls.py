"""Callback URLs: what one of our secrets signed is known again, and nothing else is."""

import base64
import secrets
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from astria_async.protocol.addresses import (
    KINDS,
    RESERVED,
    Address,
    Kind,
    check_metadata,
    check_public_url,
    derive_wait_id,
    mint_wait_id,
)
from astria_async.protocol.errors import ConfigurationError, InvalidCallback, InvalidInput
from astria_async.protocol.signing import MAX_URL, CallbackSigner

OLD, NEW, FOREIGN = (
    "an old secret of 32 bytes.......",
    "a new secret of 32 bytes........",
    b"x" * 32,
)
PUBLIC = "https://hooks.example.com/astria"
SIGNER = CallbackSigner([NEW])
WAIT = derive_wait_id("tune", "order-42")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
metadatas = st.dictionaries(
    texts.filter(lambda name: name and name not in RESERVED), texts, max_size=4
)


def query_of(signer: CallbackSigner, address: Address, public_url: str = PUBLIC) -> str:
    """The query string of the URL for *address*."""
    return urlsplit(signer.url(public_url, address)).query


def is_refused(query: str, signer: CallbackSigner = SIGNER) -> bool:
    """Whether a query is refused in the one way in which all are."""
    with pytest.raises(InvalidCallback) as caught:
        signer.verify(query)
    return caught.value.status == 403


@given(st.sampled_from(KINDS), metadatas)
def test_what_we_signed_we_read_back(kind: Kind, metadata: dict[str, str]) -> None:
    """Kind, wait id and metadata come back as they were written, in any script."""
    address = Address(kind=kind, wait=mint_wait_id(), metadata=metadata)

    assert SIGNER.verify(query_of(SIGNER, address)) == address


@given(metadatas, st.data())
def test_any_change_to_a_signed_query_is_refused(metadata: dict[str, str], data: Any) -> None:
    """Not one parameter can be altered, added, dropped or doubled."""
    query = query_of(SIGNER, Address(kind="tune", wait=WAIT, metadata=metadata))
    pairs = parse_qsl(query, keep_blank_values=True)
    place = data.draw(st.integers(0, len(pairs) - 1))
    name, value = pairs[place]
    other = data.draw(texts)
    change = data.draw(st.sampled_from(["alter", "rename", "drop", "double", "add"]))
    altered = {
        "alter": [*pairs[:place], (name, other), *pairs[place + 1 :]],
        "rename": [*pairs[:place], (other, value), *pairs[place + 1 :]],
        "drop": [*pairs[:place], *pairs[place + 1 :]],
        "double": [*pairs, (name, value)],
        "add": [*pairs, (other, value)],
    }[change]
    assume(sorted(altered) != sorted(pairs))

    assert is_refused(urlencode(altered))


@given(st.binary(min_size=1, max_size=3), st.data())
def test_no_byte_of_a_signature_can_be_altered(noise: bytes, data: Any) -> None:
    """Every bit of the signature counts, down to the last character's spare ones."""
    query = query_of(SIGNER, Address(kind="tune", wait=WAIT))
    head, _, signature = query.rpartition("=")
    place = data.draw(st.integers(0, len(signature) - 1))
    altered = signature[:place] + noise.hex()[0] + signature[place + 1 :]
    assume(altered != signature)

    assert is_refused(f"{head}={altered}")


@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda raw: raw.decode("latin-1")))
def test_any_other_query_is_refused(query: str) -> None:
    """Whatever a stranger sends gets the one refusal, and no other error."""
    assert is_refused(query)


def test_the_spelling_of_a_query_does_not_count() -> None:
    """A proxy may spell a query otherwise, as long as it means the same."""
    address = Address(kind="tune", wait=WAIT, metadata={"name": "a b", "z": "/"})
    pairs = parse_qsl(query_of(SIGNER, address))

    respelt = "&&".join(
        f"{name}=" + "".join(f"%{byte:02x}" for byte in value.encode())
        for name, value in reversed(pairs)
    )

    assert SIGNER.verify(respelt) == address


def test_a_signature_of_another_object_does_not_fit() -> None:
    """What was signed for one wait id, kind or metadata is worth nothing for another."""
    pairs = dict(parse_qsl(query_of(SIGNER, Address(kind="tune", wait=WAIT))))

    assert is_refused(urlencode(pairs | {"wait": mint_wait_id()}))
    assert is_refused(urlencode(pairs | {"kind": "prompt"}))
    assert is_refused(urlencode(pairs | {"user_id": "7"}))


def test_pairs_cannot_be_shifted_into_each_other() -> None:
    """No other split of the same letters into names and values has the same signature."""
    pairs = parse_qsl(query_of(SIGNER, Address(kind="tune", wait=WAIT, metadata={"ab": "c"})))

    assert is_refused(urlencode([("a", "bc"), *pairs[1:]]))


@pytest.mark.parametrize("query", ["sig=ä", "sig=%F0%9F%98%80", "sig=", "sig", "sig=%ff", "%ff=1"])
def test_odd_signatures_are_refused(query: str) -> None:
    """What is no ASCII, or no text at all, is refused like any other."""
    assert is_refused(f"kind=tune&wait={WAIT}&{query}")


@pytest.mark.parametrize(
    ("kind", "wait"),
    [("model", WAIT), ("", WAIT), ("tune", "short"), ("tune", ""), ("tune", "ä" * 22)],
)
def test_a_signed_query_must_make_sense(kind: Any, wait: str) -> None:
    """Even our own signature does not make an unknown kind or an odd wait id."""
    assert is_refused(query_of(SIGNER, Address(kind=kind, wait=wait)))


def test_secrets_rotate() -> None:
    """The first secret signs, all verify: a new one is put in front, the old one dropped later."""
    address = Address(kind="prompt", wait=WAIT)
    before, during = CallbackSigner([OLD]), CallbackSigner([NEW, OLD])
    after = CallbackSigner([NEW])

    assert during.verify(query_of(before, address)) == address
    assert after.verify(query_of(during, address)) == address
    assert is_refused(query_of(before, address), after)


def test_a_foreign_secret_is_refused() -> None:
    """A URL signed by somebody else is nobody's."""
    assert is_refused(query_of(CallbackSigner([b"x" * 32]), Address(kind="tune", wait=WAIT)))


def test_texts_and_bytes_are_the_same_secret() -> None:
    """A secret may be given either way."""
    address = Address(kind="tune", wait=WAIT)

    assert CallbackSigner([NEW.encode()]).verify(query_of(SIGNER, address)) == address


@pytest.mark.parametrize("keys", [[], [b""], ["x" * 15], [NEW, "short"]])
def test_short_secrets_are_refused(keys: list[str | bytes]) -> None:
    """A secret that could be guessed is none, and the message says how to make one."""
    with pytest.raises(ConfigurationError, match="secret"):
        CallbackSigner(keys)


def test_secrets_are_not_shown() -> None:
    """Neither repr nor refusal holds a secret, or the key made from it."""
    with pytest.raises(ConfigurationError) as caught:
        CallbackSigner(["tiny s3cret"])

    assert "s3cret" not in str(caught.value)
    assert repr(CallbackSigner([OLD, NEW])) == "<CallbackSigner with 2 keys>"


def test_the_public_urls_own_parameters_stay() -> None:
    """A public URL may have a query: it is kept, and neither signed nor metadata."""
    signer = CallbackSigner([NEW], fixed=["tenant", "v"])
    address = Address(kind="tune", wait=WAIT, metadata={"user": "7"})

    query = query_of(signer, address, f"{PUBLIC}?tenant=a%20b&v=1")

    assert query.startswith("tenant=a%20b&v=1&user=7&")
    assert signer.verify(query) == address
    assert signer.verify(query.replace("v=1", "v=2")) == address


def test_metadata_cannot_hide_behind_the_public_urls_parameters() -> None:
    """A name that the public URL has could not be verified again, and is refused."""
    signer = CallbackSigner([NEW], fixed=["tenant"])

    with pytest.raises(InvalidInput, match="'tenant': public_url has a parameter of that name"):
        signer.url(PUBLIC, Address(kind="tune", wait=WAIT, metadata={"tenant": "a"}))


def test_a_long_url_is_refused() -> None:
    """A URL longer than every proxy passes is refused before it is registered."""
    long = {"note": "x" * (MAX_URL - 150)}
    too_long = {"note": "ä" * (MAX_URL // 6)}

    assert len(SIGNER.url(PUBLIC, Address(kind="tune", wait=WAIT, metadata=long))) <= MAX_URL
    with pytest.raises(InvalidInput, match="at most 2000") as caught:
        SIGNER.url(PUBLIC, Address(kind="tune", wait=WAIT, metadata=too_long))
    assert caught.value.parameter == "metadata"


def test_as_many_pairs_as_fit_are_read_back() -> None:
    """What is short enough to be registered is never too much to be verified."""
    metadata = {chr(0x41 + n // 26) + chr(0x61 + n % 26): "" for n in range(400)}
    address = Address(kind="tune", wait=WAIT, metadata=metadata)

    assert SIGNER.verify(query_of(SIGNER, address)) == address


@pytest.mark.parametrize(
    ("url", "kind", "known"),
    [
        (SIGNER.url(PUBLIC, Address(kind="tune", wait=WAIT)), "tune", True),
        (SIGNER.url(PUBLIC, Address(kind="tune", wait=WAIT)), "prompt", False),
        ("https://elsewhere.example/x?kind=tune", "tune", False),
        ("https://[broken", "tune", False),
        ("", "tune", False),
        (None, "tune", False),
    ],
)
def test_an_object_is_recognised_by_its_callback(url: str | None, kind: Kind, known: bool) -> None:
    """The wait id is found again in the object itself, after any restart."""
    address = SIGNER.recognise(url, kind)

    assert (address == Address(kind="tune", wait=WAIT)) is known


def test_wait_ids_are_128_bits_in_22_characters() -> None:
    """Minted ids differ, derived ones are the same in every process; both look alike."""
    minted = {mint_wait_id() for _ in range(100)}
    derived = derive_wait_id("tune", "order-42")

    assert len(minted) == 100
    assert {len(base64.b64decode(wait + "==", b"._")) for wait in [*minted, derived]} == {16}
    assert derived == derive_wait_id("tune", "order-42")
    assert len({derived, derive_wait_id("prompt", "order-42"), derive_wait_id("tune", "x")}) == 3


def test_a_wait_id_is_no_option() -> None:
    """It can be typed at a command line, whatever its bits."""
    derived = {derive_wait_id("tune", str(number)) for number in range(500)}

    assert not any("-" in wait for wait in derived | {mint_wait_id() for _ in range(500)})


def test_a_derived_wait_id_is_for_ever() -> None:
    """The id of a key is part of the contract with objects that exist already."""
    assert derive_wait_id("tune", "order-42") == WAIT == "qHWa.QLz.j0T2OYsCkZ7uw"


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com",
        "https://hooks.example.com:8443/a/b?tenant=1",
        "http://localhost:8080/astria",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
    ],
)
def test_a_public_url_is_https_or_this_machine(url: str) -> None:
    """What Astria, or a sandbox on this machine, can call is taken as it is."""
    assert check_public_url(url) == url


def test_plain_http_elsewhere_has_to_be_wanted() -> None:
    """Astria does not call plain http; who knows better says so."""
    with pytest.raises(ConfigurationError, match="must be https"):
        check_public_url("http://hooks.example.com/astria")

    assert check_public_url("http://hooks.example.com", allow_http=True)


@pytest.mark.parametrize(
    "url",
    [
        "hooks.example.com/astria",
        "//hooks.example.com",
        "ftp://hooks.example.com",
        "https://",
        "https://[x",
        "https://hooks.example.com:99999",
        "https://hooks.example.com:0",
        "https://hooks example.com",
        "https://hooks.example.com/#part",
        "https://me:pw@hooks.example.com/",
        "https://hooks.example.com/?sig=1",
        "https://hooks.example.com/?kind=",
        "",
        None,
        7,
        b"https://hooks.example.com",
    ],
)
def test_what_could_never_be_called_is_refused(url: Any) -> None:
    """A public URL that is not a URL, or not one for Astria, is a mistake of the set-up."""
    with pytest.raises(ConfigurationError):
        check_public_url(url)


def test_a_refused_public_url_keeps_its_query_to_itself() -> None:
    """Tokens and passwords in a mistyped URL stay out of the message."""
    for url in ("hooks.example.com/a?token=s3cret", "https://x[?s3cret", "https://me:s3cret@h/"):
        with pytest.raises(ConfigurationError) as caught:
            check_public_url(url)

        assert "s3cret" not in str(caught.value)


def test_metadata_is_copied() -> None:
    """Whoever changes their dict later does not change what was checked."""
    metadata = {"user": "7"}

    checked = check_metadata(metadata)

    assert (checked, checked is metadata) == (metadata, False)


def test_generated_secrets_will_do() -> None:
    """The command in the refusal makes a secret that is accepted."""
    assert CallbackSigner([secrets.token_urlsafe(32)])
