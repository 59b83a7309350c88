import base64
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.support import attempt

from moderate.sources import (
    MAX_SENT_BYTES,
    ImageBase64,
    ImageBytes,
    ImageTooLarge,
    ImageUrl,
    InvalidBase64,
    decode_base64,
    refuse_more_than_fits,
    with_pluses,
)

BYTES = bytes(range(256))


def wrapped(text: str, mark: str) -> str:
    return mark.join(text[at : at + 8] for at in range(0, len(text), 8))


@given(st.binary(min_size=1), st.sampled_from(["\r\n", " ", "\n\t", "\f"]))
def test_every_spelling_of_base64_comes_back_as_its_bytes(data: bytes, mark: str) -> None:
    plain = base64.b64encode(data).decode()
    urlsafe = base64.urlsafe_b64encode(data).decode()
    for text in (plain, plain.rstrip("="), wrapped(plain, mark), f"{mark}{plain}{mark}"):
        assert decode_base64(text) == data
        assert decode_base64(f"data:image/png;base64,{text}") == data
    for text in (urlsafe, urlsafe.rstrip("="), wrapped(urlsafe, mark)):
        assert decode_base64(text) == data


@given(st.text("AQgw+/-_ \t\n=", min_size=1))
def test_a_text_is_read_as_one_alphabet_alone_or_refused(text: str) -> None:
    """Otherwise two readers would see two pictures in one text."""
    found = attempt(lambda: decode_base64(text))
    compact = "".join(text.split()).rstrip("=")
    if set("-_") & set(compact) and set("+/") & set(compact):
        assert isinstance(found, InvalidBase64)
    elif isinstance(found, bytes):
        again = base64.b64encode(found).decode().rstrip("=")
        assert compact.translate(str.maketrans("-_", "+/"))[:-1] == again[:-1]


@pytest.mark.parametrize("text", ["AA-_", "A-AA", "AA+A-AAA"])
def test_a_data_url_has_no_base64url_as_in_browsers(text: str) -> None:
    with pytest.raises(InvalidBase64, match="not valid base64"):
        decode_base64(f"data:image/png;base64,{text}")


@pytest.mark.parametrize(
    "header", ["data:image/png; base64,", "data:image/png;base64 ,", " \ndata:image/png;\n base64,"]
)
def test_white_space_in_the_head_of_a_data_url_is_read_as_browsers_read_it(header: str) -> None:
    assert decode_base64(header + " QUJD\n ") == b"ABC"


def test_a_space_is_a_plus_only_where_a_query_or_a_form_was_decoded() -> None:
    assert decode_base64("+ + + + ") == decode_base64("++++")
    assert with_pluses("+ + ") == "++++"
    assert with_pluses("data:image/png; base64,A A ") == "data:image/png; base64,A+A+"


@given(st.text())
def test_whatever_is_sent_as_base64_is_bytes_or_refused(text: str) -> None:
    assert isinstance(attempt(lambda: decode_base64(text)), bytes | InvalidBase64)


@pytest.mark.parametrize(
    "text", ["A", "AAAAA", "AAA*", "QQ==QQ==", "=QQ=", "AA\x00A", "AAAA\u2028", "\uff21" * 4, "\ud800"]
)
def test_text_outside_the_alphabet_or_of_no_whole_length_is_not_base64(text: str) -> None:
    with pytest.raises(InvalidBase64, match="not valid base64"):
        decode_base64(text)


@pytest.mark.parametrize("text", ["", "====", "\r\n", "data:image/png;base64,", "data:;base64,="])
def test_base64_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidBase64, match="is empty"):
        decode_base64(text)


@pytest.mark.parametrize(
    "url", ["data:image/png,AAAA", "data:AAAA", "data:image/png;base64", "data:,", "data:;base6,AAAA"]
)
def test_a_data_url_must_carry_base64(url: str) -> None:
    with pytest.raises(InvalidBase64, match="must contain base64"):
        decode_base64(url)


@pytest.mark.parametrize("header", ["data:;base64,", "DATA:image/PNG;BASE64,", "data:image/png;charset=x;base64,"])
def test_the_media_type_of_a_data_url_is_not_asked(header: str) -> None:
    assert decode_base64(header + base64.b64encode(BYTES).decode()) == BYTES


def test_a_percent_sign_is_decoded_in_a_data_url_alone() -> None:
    assert decode_base64("data:;base64,QQ%3D%3d") == b"A"
    assert decode_base64("data:;base64,QQ%20%0a%3D=") == b"A"
    for text in ("QQ%", "QQ%3", "QQ%zz", "%" * 1000, "QQ%253D", "%e2%80%a8QQ=="):
        with pytest.raises(InvalidBase64):
            decode_base64(f"data:;base64,{text}")
    with pytest.raises(InvalidBase64):
        decode_base64("QQ%3D%3D")


@given(st.text("%=3DdAaFf09+/ \n\t", max_size=40))
def test_escapes_are_read_as_the_standard_library_reads_them_or_refused(text: str) -> None:
    found = attempt(lambda: decode_base64(f"data:;base64,{text}"))
    plain = attempt(lambda: decode_base64(f"data:;base64,{unquote(text)}"))
    assert isinstance(found, InvalidBase64) or found == plain


def test_images_sent_may_add_up_to_the_limit_and_urls_weigh_nothing() -> None:
    half = ImageBytes(bytes(MAX_SENT_BYTES // 2))
    refuse_more_than_fits([half, half, ImageUrl("https://example.com/" + "x" * 1000)])
    with pytest.raises(ImageTooLarge, match=r"4\.4 MB"):
        refuse_more_than_fits([half, half, ImageBytes(b"x")])


def test_base64_is_weighed_as_the_bytes_it_holds() -> None:
    text = base64.b64encode(bytes(MAX_SENT_BYTES - 2)).decode()
    refuse_more_than_fits([ImageBase64(text)])
    with pytest.raises(ImageTooLarge):
        refuse_more_than_fits([ImageBase64(text + "AAAAAAAA")])


def test_a_source_never_shows_what_was_sent() -> None:
    assert "secret" not in repr([ImageBytes(b"secret"), ImageBase64("secret")])


def test_equal_sources_are_one() -> None:
    assert len({ImageUrl("a"), ImageUrl("a"), ImageBase64("a"), ImageBytes(b"a"), ImageBytes(b"a")}) == 3
