"""Probes and their proofs."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from astria_async.protocol.addresses import mint_wait_id
from astria_async.protocol.errors import InvalidCallback
from astria_async.protocol.signing import CallbackSigner
from astria_async.receiver.proof import Prober

KEY, OTHER = "the one key, long enough", "another key, long enough"


def _query(prober: Any, nonce: Any) -> str:
    return urlsplit(prober.url("https://h.example.com/?x=1", nonce)).query


@pytest.mark.parametrize("sharing", ["shared", "apart"])
def test_proof(sharing: Any) -> None:
    """Who holds the secret reads a probe, and proves it, and says whether the store is shared."""
    prober, nonce = Prober([KEY]), mint_wait_id()

    probe = prober.read(_query(prober, nonce))

    assert nonce == probe.nonce
    assert sharing == prober.proven(nonce, prober.prove(probe, sharing))


def test_other_secret() -> None:
    """A probe signed with another secret is not read."""
    assert Prober([OTHER]).read(_query(Prober([KEY]), mint_wait_id())) is None


def test_rotation() -> None:
    """During a rotation each side proves with the key that the other has."""
    nonce, asks, answers = mint_wait_id(), Prober([KEY]), Prober([OTHER, KEY])

    probe = answers.read(_query(asks, nonce))

    assert asks.proven(nonce, answers.prove(probe, "apart")) == "apart"


@pytest.mark.parametrize("proof", ["", "x", "é", "A" * 43])
def test_no_proof(proof: Any) -> None:
    """Anything else proves nothing."""
    assert Prober([KEY]).proven(mint_wait_id(), proof) is None


def test_proof_of_another_nonce() -> None:
    """A proof that was seen before does not serve for another probe."""
    prober, old = Prober([KEY]), mint_wait_id()
    proof = prober.prove(prober.read(_query(prober, old)), "shared")

    assert prober.proven(mint_wait_id(), proof) is None


@pytest.mark.parametrize(
    "query",
    [
        "",
        "probe=short&sig=x",
        f"probe={'a' * 22}",
        f"probe={'a' * 22}&sig=é",
        "probe=%ff&sig=x",
        "&".join(["a=1"] * 300),
    ],
)
def test_no_probe(query: Any) -> None:
    """What is no probe is not read as one."""
    assert Prober([KEY]).read(query) is None


def test_probe_is_no_callback() -> None:
    """A probe's signature cannot serve for a callback, though the secret is the same."""
    prober = Prober([KEY])

    with pytest.raises(InvalidCallback):
        CallbackSigner([KEY]).verify(_query(prober, mint_wait_id()))


def test_repr() -> None:
    """Neither a prober nor a probe shows its key."""
    prober = Prober([KEY, OTHER])
    probe = prober.read(_query(prober, "a" * 22))

    assert repr(prober) == "<Prober with 2 keys>"
    assert repr(probe) == f"Probe(nonce='{'a' * 22}')"
