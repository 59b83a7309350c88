import base64

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
)

BYTES = bytes(range(256))


@given(st.binary(min_size=1))
def test_every_spelling_of_base64_comes_back_as_its_bytes(data: bytes) -> None:
    plain = base64.b64encode(data).decode()
    urlsafe = base64.urlsafe_b64encode(data).decode()
    broken = "\r\n".join(plain[at : at + 8] for at in range(0, len(plain), 8))
    for text in (plain, urlsafe, plain.rstrip("="), urlsafe.rstrip("="), plain.replace("+", " "), broken):
        assert decode_base64(text) == data
        assert decode_base64(f"data:image/png;base64,{text}") == data


@given(st.text())
def test_whatever_is_sent_as_base64_is_bytes_or_refused(text: str) -> None:
    assert isinstance(attempt(lambda: decode_base64(text)), bytes | InvalidBase64)


@pytest.mark.parametrize(
    "text", ["A", "AAAAA", "AAA*", "QQ==QQ==", "=QQ=", "AA\x00A", "AAAA\u2028", "\uff21" * 4, "\ud800"]
)
def test_text_outside_the_alphabet_or_of_no_whole_length_is_not_base64(text: str) -> None:
    with pytest.raises(InvalidBase64, match="not base64"):
        decode_base64(text)


@pytest.mark.parametrize("text", ["", "====", "\r\n", "data:image/png;base64,", "data:;base64,="])
def test_base64_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidBase64, match="no bytes"):
        decode_base64(text)


@pytest.mark.parametrize(
    "url", ["data:image/png,AAAA", "data:AAAA", "data:image/png;base64", "data:,", "data:;base6,AAAA"]
)
def test_a_data_url_must_carry_base64(url: str) -> None:
    with pytest.raises(InvalidBase64, match="must carry base64"):
        decode_base64(url)


@pytest.mark.parametrize("header", ["data:;base64,", "DATA:image/PNG;BASE64,", "data:image/png;charset=x;base64,"])
def test_the_media_type_of_a_data_url_is_not_asked(header: str) -> None:
    assert decode_base64(header + base64.b64encode(BYTES).decode()) == BYTES


def test_a_percent_sign_is_decoded_in_a_data_url_alone() -> None:
    assert decode_base64("data:;base64,QQ%3D%3D") == b"A"
    with pytest.raises(InvalidBase64):
        decode_base64("QQ%3D%3D")


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
