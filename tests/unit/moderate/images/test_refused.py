import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.helpers.support import encoded

from moderate.images.formats import FORMATS, recognise
from moderate.images.limits import UnsupportedFormat
from moderate.images.refused import CONTENT_TYPES, name_of

PICTURE = Image.new("RGB", (32, 32), "red")


@pytest.mark.parametrize(
    ("image_format", "name"),
    [
        ("TIFF", "TIFF"),
        ("ICO", "icon"),
        ("ICNS", "icon"),
        ("PDF", "PDF"),
        ("EPS", "PostScript"),
        ("PPM", "PNM"),
        ("JPEG2000", "JPEG 2000"),
        ("DDS", "DDS"),
    ],
)
def test_a_format_that_pillow_writes_is_named(image_format: str, name: str) -> None:
    with pytest.raises(UnsupportedFormat, match=f"This is .*{name}.*, which is not accepted. Send one of: JPEG"):
        recognise(encoded(PICTURE, image_format))


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"\0\0\0\x18ftypcrx \0\0\0\0", "raw"),
        (b"II+\0\x08\0", "TIFF"),
        (b"\0\0\0\x18ftypisom", "video"),
        (b"\0\0\0\x18ftypqt  ", "video"),
        (b"\x1aE\xdf\xa3", "video"),
        (b"RIFF\0\0\0\0AVI LIST", "video"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio"),
        (b"\xff\x0a\xfa\x1f", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"8BPS\0\1", "Photoshop"),
        (b"<svg/>", "SVG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!DOCTYPE svg>\n<svg xmlns='x'>", "SVG"),
        (b"<!doctype html><title>x</title>", "web page"),
        (b"PK\x03\x04", "archive"),
        (b"\x1f\x8b\x08", "archive"),
        (b"qoif\0\0", "QOI"),
        (b"\x76\x2f\x31\x01", "HDR"),
    ],
)
def test_what_begins_like_a_known_format_is_named(start: bytes, name: str) -> None:
    with pytest.raises(UnsupportedFormat, match=name):
        recognise(start + bytes(64))


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"an image, I promise", b"<?xml version='1.0'?><rss/>", b"M", b"\xff\xd8"]
)
def test_what_is_not_known_has_no_name(data: bytes) -> None:
    assert name_of(data) is None


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
def test_no_accepted_format_has_the_name_of_a_refused_one(image_format: str) -> None:
    assert name_of(encoded(PICTURE, image_format)) is None


def test_a_content_type_is_accepted_or_refused() -> None:
    assert not {kind for accepted in FORMATS for kind in accepted.content_types} & set(CONTENT_TYPES)


@given(st.binary())
def test_any_bytes_have_a_name_or_none(data: bytes) -> None:
    assert name_of(data) is None or isinstance(name_of(data), str)
