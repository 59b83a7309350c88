import pytest
from PIL import Image
from tests.helpers.support import encoded

from moderate.images import decode
from moderate.images.formats import ACCEPTED, CONTENT_TYPES, FORMATS, ImageFormat, recognise, refuse_page
from moderate.images.limits import UnsupportedFormat

PICTURE = Image.new("RGB", (8, 8), "teal")


def file_type_box(*brands: bytes) -> bytes:
    major, *compatible = brands
    return (16 + 4 * len(compatible)).to_bytes(4, "big") + b"ftyp" + major + bytes(4) + b"".join(compatible)


@pytest.mark.parametrize("image_format", FORMATS, ids=lambda each: each.name)
def test_an_accepted_format_is_recognised_by_its_first_bytes(image_format: ImageFormat) -> None:
    data = encoded(PICTURE, image_format.name)
    assert [each for each in FORMATS if each.matches(data)] == [image_format]
    assert recognise(data) is image_format


def test_each_format_has_a_parser() -> None:
    assert [*decode._PARSERS] == [each.name for each in FORMATS]


def test_the_formats_are_those_that_are_published() -> None:
    assert ACCEPTED == "JPEG, PNG/APNG, GIF, WebP, AVIF, HEIC, BMP"
    assert [each.name for each in FORMATS] == ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "BMP"]


def test_an_mpo_is_a_jpeg() -> None:
    assert recognise(encoded(PICTURE, "MPO", save_all=True, append_images=[PICTURE])).name == "JPEG"


@pytest.mark.parametrize(
    "brands", [(b"avif",), (b"avis",), (b"mif1", b"miaf", b"avif"), (b"msf1", b"avis"), (b"mif1", b"heic", b"avif")]
)
def test_avif_is_recognised_by_any_of_its_brands(brands: tuple[bytes, ...]) -> None:
    assert recognise(file_type_box(*brands)).name == "AVIF"


@pytest.mark.parametrize("brands", [(b"heic",), (b"mif1", b"heic"), (b"heix", b"mif1"), (b"msf1", b"hevc"), (b"mif1",)])
def test_heic_is_recognised_by_any_brand_of_heif(brands: tuple[bytes, ...]) -> None:
    assert recognise(file_type_box(*brands)).name == "HEIF"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"B",
        b"\x89PNG",
        b"RIFF\0\0\0\0WAVEfmt ",
        file_type_box(b"isom", b"mp42"),
        # The brand is after the box, not in it.
        file_type_box(b"mp42") + b"avif",
        b"\0\0\0\1ftyp" + bytes(24),
    ],
)
def test_nothing_else_is(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat):
        recognise(data)


def test_the_refusal_names_what_is_accepted() -> None:
    with pytest.raises(UnsupportedFormat) as refusal:
        recognise(b"%PDF-1.7")
    assert ACCEPTED in refusal.value.message


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"II*\0", "a TIFF"),
        (b"MM\0*", "a TIFF"),
        (b"%PDF-1.7", "a PDF"),
        (b"<?xml version='1.0'?>\n<SVG>", "an SVG"),
        (b"\0\0\1\0\1\0", "an icon"),
        (b"\xff\x0a", "a JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL"),
    ],
)
def test_what_is_often_sent_is_refused_by_name(data: bytes, name: str) -> None:
    with pytest.raises(UnsupportedFormat, match=f"This is {name}") as refusal:
        recognise(data)
    assert ACCEPTED in refusal.value.message


@pytest.mark.parametrize("image_format", FORMATS, ids=lambda each: each.name)
def test_every_accepted_format_may_be_sent_under_its_content_type(image_format: ImageFormat) -> None:
    assert f"image/{image_format.name.lower()}" in image_format.content_types


def test_a_content_type_belongs_to_one_format() -> None:
    assert len(set(CONTENT_TYPES)) == len(CONTENT_TYPES)


@pytest.mark.parametrize(
    "page", [b"<!DOCTYPE html>", b"\xef\xbb\xbf\r\n<!doctype HTML><title>x</title>", b" <html lang=en>"]
)
def test_a_web_page_is_called_one(page: bytes) -> None:
    with pytest.raises(UnsupportedFormat, match="leads to a web page") as raised:
        refuse_page(page)
    assert ACCEPTED in raised.value.message


@pytest.mark.parametrize(
    "data", [b"", b"<svg>", b"<?xml version='1.0'?>", b"GIF89a<html>", b"\xff\xd8\xff<!doctype html>"]
)
def test_nothing_else_is_called_a_web_page(data: bytes) -> None:
    refuse_page(data)
