"""What nobody should read over a shoulder is taken out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astria_async.sandbox.dashboard.masking import masked, readable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://h.example/a?user=7&sig=abc", "https://h.example/a?user=7&sig=•••"),
        ("?signature=x&expires=9", "?signature=•••&expires=9"),
        ("?X-Amz-Signature=deadbeef", "?X-Amz-Signature=•••"),
        (
            "callback=https%3A%2F%2Fh%3Fsig%3Dabc%26b%3D1",
            "callback=https%3A%2F%2Fh%3Fsig%3D•••%26b%3D1",
        ),
        (
            "callback=https%3A%2F%2Fh%3Fa%3D1%26token%3Dabc",
            "callback=https%3A%2F%2Fh%3Fa%3D1%26token%3D•••",
        ),
        ("https://me:pw@h.example/", "https://•••@h.example/"),
        ("Authorization: Bearer sd_abc", "Authorization: Bearer •••"),
        ("the key is sd_4kJ-x_9", "the key is •••"),
        ('{"callback":"https://h?sig=abc"}', '{"callback":"https://h?sig=•••"}'),
        ("?design=1&monkey=2", "?design=1&monkey=2"),
        ("plain words", "plain words"),
    ],
)
def test_secrets_become_dots(text: str, shown: str) -> None:
    """Signatures, keys and passwords go; the rest of an address stays readable."""
    assert masked(text) == shown


def test_addresses_are_read_without_percent_signs() -> None:
    """A person reads an address as it was meant."""
    assert readable("https://h.example/caf%C3%A9?sig=%41") == "https://h.example/café?sig=•••"


@given(st.text("abYZ09éß-_.~%", min_size=1), st.text('aé=&?#;<>%26 \\"', max_size=20))
def test_no_signature_survives(secret: str, rest: str) -> None:
    """Whatever the value and whatever follows, the value is gone."""
    shown = masked(f"https://h.example/?a=1&sig=SECRET{secret}&{rest.replace('SECRET', '')}")

    assert "SECRET" not in shown
