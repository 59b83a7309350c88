import base64
import tempfile
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.support import attempt

from moderate.calls import multipart
from moderate.calls.parameters import InvalidRequest
from moderate.sources import MAX_SENT_BYTES, InvalidBase64

LIMIT = MAX_SENT_BYTES * 4 // 3 + 64 * 1024


def parse(content: bytes, content_type: str = "multipart/form-data; boundary=x") -> list[tuple[str, str | bytes]]:
    return multipart.parse(content_type, content)


def part(head: str, content: bytes) -> bytes:
    return b"--x\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n--x--\r\n"


FILE = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
TEXT = b'--x\r\nContent-Disposition: form-data; name="policy"\r\n\r\n'


def test_a_multipart_form_comes_back_in_order_with_files_as_bytes_and_text_as_text() -> None:
    content = TEXT + "ström".encode() + b"\r\n" + FILE + b"\x00\r\n--x" + b"\r\n" + TEXT + b"\r\n--x--\r\n"
    content = content.replace(b"\x00\r\n--x\r\n", b"\x00\r\n--y\r\n")
    assert parse(content) == [("policy", "ström"), ("image", b"\x00\r\n--y"), ("policy", "")]


def test_a_preamble_and_an_epilogue_are_no_fields() -> None:
    assert parse(b"\r\n" + FILE + b"1\r\n--x--\r\nepilogue") == [("image", b"1")]


@given(st.integers(0, len(FILE) + 10))
def test_a_multipart_form_cut_short_is_malformed(end: int) -> None:
    content = (FILE + b"1\r\n--x--")[:-1]
    with pytest.raises(InvalidRequest, match="malformed"):
        parse(content[:end])


@given(st.binary(max_size=300), st.sampled_from(["", "; boundary=x", '; boundary="', "; boundary=", "; charset=\xff"]))
def test_whatever_is_sent_as_multipart_is_a_form_or_refused(content: bytes, parameter: str) -> None:
    for whole in (content, FILE + content + b"\r\n--x--", b"--x\r\n" + content + b"\r\n\r\n1\r\n--x--"):
        parsed = attempt(partial(parse, whole, f"multipart/form-data{parameter}"))
        assert isinstance(parsed, list | InvalidRequest | InvalidBase64)


@pytest.mark.parametrize("part", [FILE, TEXT])
def test_a_form_has_a_bounded_number_of_fields(part: bytes) -> None:
    assert len(parse((part + b"1\r\n") * 32 + b"--x--")) == 32
    with pytest.raises(InvalidRequest, match="malformed"):
        parse((part + b"1\r\n") * 33 + b"--x--")


def test_a_header_has_a_bounded_number_of_parameters() -> None:
    many, more = ("; a=b" * count for count in (254, 256))
    assert parse(part(f'Content-Disposition: form-data{many}; name="policy"', b"x")) == [("policy", "x")]
    for content, content_type in (
        (part(f'Content-Disposition: form-data{more}; name="policy"', b"x"), "multipart/form-data; boundary=x"),
        (FILE + b"1\r\n--x--", f"multipart/form-data{more}; boundary=x"),
    ):
        with pytest.raises(InvalidRequest, match="too many parameters"):
            parse(content, content_type)


def test_a_file_as_large_as_a_body_may_be_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    with pytest.raises(FileNotFoundError), tempfile.TemporaryFile():
        pass
    ((_, data),) = parse(FILE + bytes(LIMIT) + b"\r\n--x--")
    assert data == bytes(LIMIT)


IMAGE = b"GIF89a\x01\x00\x01\x00\xff"
NAMED = 'Content-Disposition: form-data; name="image"'


@pytest.mark.parametrize(
    "head",
    [
        NAMED,
        f"{NAMED}; filename*=UTF-8''%D1%84.jpg",
        f"{NAMED}; FileName=a.jpg",
        f"{NAMED}\r\nContent-Type: image/gif",
        f"{NAMED}\r\nContent-Type: text/plain",
        f"content-type: application/octet-stream\r\n{NAMED.lower()}",
        f"{NAMED}\r\nContent-Transfer-Encoding: binary",
        f"{NAMED}\r\nContent-Transfer-Encoding: 8bit",
    ],
)
def test_an_image_is_a_file_whatever_its_part_says(head: str) -> None:
    assert parse(part(head, IMAGE)) == [("image", IMAGE)]


def test_a_part_without_a_name_may_be_an_image() -> None:
    assert parse(part("Content-Type: image/gif", IMAGE)) == [("", IMAGE)]


@pytest.mark.parametrize("kind", ["image/gif", "application/octet-stream", "binary/octet-stream"])
def test_what_is_typed_as_a_file_is_one_even_if_it_is_text(kind: str) -> None:
    assert parse(part(f"{NAMED}\r\nContent-Type: {kind}", b"<svg/>")) == [("image", b"<svg/>")]


@pytest.mark.parametrize("kind", ["text/plain", "text/plain; charset=utf-8", "application/json"])
def test_what_is_typed_as_text_is_text(kind: str) -> None:
    assert parse(part(f"{NAMED}\r\nContent-Type: {kind}", b"BM text")) == [("image", "BM text")]


@pytest.mark.parametrize("head", [NAMED, f'{NAMED}; filename="a.gif"'])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.encodebytes])
def test_base64_is_decoded_where_a_part_says_so(head: str, encode: object) -> None:
    content = encode(IMAGE)  # type: ignore[operator]
    assert parse(part(f"{head}\r\nContent-Transfer-Encoding: BASE64", content)) == [("image", IMAGE)]
    text = base64.b64encode("größe".encode())
    assert parse(part(f"{NAMED}\r\nContent-Transfer-Encoding: base64", text)) == [("image", "größe")]


def test_quoted_printable_is_decoded_too() -> None:
    assert parse(part(f"{NAMED}\r\nContent-Transfer-Encoding: quoted-printable", b"a=3Db=\r\nc")) == [("image", "a=bc")]


def test_what_is_called_base64_and_is_none_is_refused() -> None:
    with pytest.raises(InvalidBase64):
        parse(part(f"{NAMED}\r\nContent-Transfer-Encoding: base64", IMAGE))


@pytest.mark.parametrize("preamble", [b"This is a multi-part message in MIME format.", b"", b"--y\r\n--"])
def test_a_preamble_of_any_text_is_skipped(preamble: bytes) -> None:
    assert parse(preamble + b"\r\n" + part(NAMED, b"text")) == [("image", "text")]


def test_latin_1_is_read_where_the_text_is_not_utf_8() -> None:
    assert parse(part(NAMED, "größe".encode("latin-1"))) == [("image", "größe")]


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; charset=x"]
)
def test_a_content_type_without_a_boundary_is_named_as_the_cause(kind: str) -> None:
    with pytest.raises(InvalidRequest, match="malformed: its Content-Type names no boundary"):
        parse(part(NAMED, IMAGE), kind)
