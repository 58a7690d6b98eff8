"""Frames of a multipart body: read back by a parser that others wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_multipart.multipart import MultipartParser, parse_options_header

from astria_async.protocol.forms import Field, File, closing_frame, field_frame, file_frame
from astria_async.protocol.sources import FileSource

BOUNDARY = "0123456789abcdef"


def parse(body: bytes) -> list[tuple[dict[str, str], bytes]]:
    """Headers and content of each part."""
    parts: list[tuple[dict[str, str], bytearray]] = []
    name = bytearray()
    parser = MultipartParser(
        BOUNDARY.encode(),
        {
            "on_part_begin": lambda: parts.append(({}, bytearray())),
            "on_header_begin": name.clear,
            "on_header_field": lambda data, start, end: name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: parts[-1][0].__setitem__(
                name.decode().lower(), data[start:end].decode()
            ),
            "on_part_data": lambda data, start, end: parts[-1][1].extend(data[start:end]),
        },
    )
    parser.write(body)
    parser.finalize()
    return [(headers, bytes(content)) for headers, content in parts]


def disposition(headers: dict[str, str]) -> dict[str, str]:
    """The options of a part's Content-Disposition."""
    kind, options = parse_options_header(headers["content-disposition"])
    assert kind == b"form-data"
    return {key.decode(): value.decode("latin-1") for key, value in options.items()}


def test_a_body_of_fields_and_files_is_read_back() -> None:
    """Names, types and contents of all parts come out as they went in."""
    picture = File("tune[images][]", FileSource(b"", "a.jpg", "images[0]"))

    body = (
        field_frame(BOUNDARY, Field("tune[title]", "Ada ä"))
        + file_frame(BOUNDARY, picture, "image/jpeg", "a.jpg")
        + b"\xff\xd8\r\n--01\xff"
        + b"\r\n"
        + closing_frame(BOUNDARY)
    )

    (title, text), (image, content) = parse(body)
    assert (disposition(title), text) == ({"name": "tune[title]"}, "Ada ä".encode())
    assert disposition(image) == {"name": "tune[images][]", "filename": "a.jpg"}
    assert (image["content-type"], content) == ("image/jpeg", b"\xff\xd8\r\n--01\xff")


@pytest.mark.parametrize(
    ("filename", "sent"),
    [
        ('a".jpg', "a%22.jpg"),
        ("a\r\nX-Evil: 1.jpg", "a%0D%0AX-Evil: 1.jpg"),
        ("half \udcff.jpg", "half ?.jpg"),
    ],
)
def test_a_filename_cannot_leave_its_header(filename: str, sent: str) -> None:
    """Quotes and line ends are spelt as browsers spell them; what is no text becomes a mark."""
    part = File("image", FileSource(b"", filename, "image"))

    body = file_frame(BOUNDARY, part, "image/jpeg", filename) + b"x\r\n" + closing_frame(BOUNDARY)

    ((headers, _),) = parse(body)
    assert headers.keys() == {"content-disposition", "content-type"}
    assert f'filename="{sent}"' in headers["content-disposition"]


@given(
    st.text('abc[]_ äß"\r\n\\;=', min_size=1, max_size=12),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
def test_any_name_and_value_keep_their_place(name: str, value: str) -> None:
    """No name and no value can end a part early or start another."""
    body = field_frame(BOUNDARY, Field(name, value)) + closing_frame(BOUNDARY)

    ((headers, content),) = parse(body)

    assert content == value.encode()
    assert headers.keys() == {"content-disposition"}
