"""Whatever its format and mode, an image is judged as a person sees it."""

import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.helpers.crafted import COLOUR, COLOUR_ALPHA, GREY, GREY_ALPHA, animated, jpeg_segment, jpeg_with, png
from tests.helpers.photos import photo
from tests.helpers.support import arrays, encoded

from moderate.images.decode import decode
from moderate.images.decoded import Frames
from moderate.images.limits import TooManyPixels, UndecodableImage, UnsupportedFormat

SIZE = 224
# Twice as wide as the model's input: at this factor no filter depends on the direction it works in.
PHOTO = photo("astronaut").crop((32, 0, 480, 224))
GREY_PHOTO = PHOTO.convert("L")


View = NDArray[np.uint8]


def only_view(data: bytes) -> View:
    picture = decode(data, SIZE)
    assert picture.frames == Frames(judged=1, total=1)
    (view,) = arrays(picture)
    return view


def view_of(image: Image.Image) -> View:
    """Returns what `image` looks like, by way of a format in which nothing can go wrong."""
    return only_view(encoded(image.convert("RGB"), "PNG"))


def difference(one: View, other: View) -> float:
    """Returns the mean difference over all levels, of 255."""
    return float(np.abs(one.astype(int) - other).mean())


def test_a_view_is_what_the_model_takes() -> None:
    (view,) = decode(encoded(PHOTO, "PNG"), SIZE).views
    assert isinstance(view, bytes)
    assert len(view) == SIZE * SIZE * 3


LOSSLESS: dict[str, tuple[str, dict[str, Any]]] = {
    "PNG": ("RGB", {}),
    "BMP": ("RGB", {}),
    "WEBP": ("RGB", {"lossless": True}),
    "AVIF": ("RGB", {"quality": 100, "subsampling": "4:4:4"}),
}


@pytest.mark.parametrize("image_format", LOSSLESS)
def test_a_photo_looks_the_same_in_every_lossless_format(image_format: str) -> None:
    mode, options = LOSSLESS[image_format]
    assert difference(only_view(encoded(PHOTO.convert(mode), image_format, **options)), view_of(PHOTO)) < 1


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"keep_rgb": True}])
def test_a_jpeg_looks_like_its_original(options: dict[str, Any]) -> None:
    assert difference(only_view(encoded(PHOTO, "JPEG", quality=95, **options)), view_of(PHOTO)) < 2


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
@pytest.mark.parametrize("image_format", ["PNG", "BMP", "GIF"])
def test_every_opaque_mode_looks_like_itself(image_format: str, mode: str) -> None:
    if image_format == "GIF" and mode == "RGB":
        mode = "P"
    image = PHOTO.convert(mode)
    assert difference(only_view(encoded(image, image_format)), view_of(image)) < 1


def test_a_cmyk_jpeg_looks_like_its_original() -> None:
    assert difference(only_view(encoded(PHOTO.convert("CMYK"), "JPEG", quality=95)), view_of(PHOTO)) < 3


def test_a_cmyk_jpeg_with_adobes_marker_is_inverted_likewise() -> None:
    """Every browser assumes that CMYK is inverted; the marker says so, and changes nothing."""
    plain = encoded(PHOTO.convert("CMYK"), "JPEG", quality=95)
    marker = jpeg_segment(0xEE, b"Adobe" + bytes([0, 100, 0, 0, 0, 0, 0]))
    without = plain.replace(marker, b"")
    assert difference(only_view(jpeg_with(without, marker)), view_of(PHOTO)) < 3
    assert difference(only_view(without), view_of(PHOTO)) < 3


def test_an_mpo_is_judged_by_its_first_picture() -> None:
    other = Image.new("RGB", PHOTO.size, "red")
    data = encoded(PHOTO, "MPO", save_all=True, append_images=[other], quality=95)
    assert difference(only_view(data), view_of(PHOTO)) < 2


def test_16_bit_grey_looks_like_its_8_bit_twin() -> None:
    levels = np.asarray(GREY_PHOTO).astype(int)
    assert difference(only_view(png(levels * 257, 16)), view_of(GREY_PHOTO)) < 0.5


@pytest.mark.parametrize(("colour", "channels"), [(GREY, 1), (GREY_ALPHA, 2), (COLOUR, 3), (COLOUR_ALPHA, 4)])
def test_16_bits_look_like_8_in_every_colour_type(colour: int, channels: int) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (32, 32, channels))
    deep, shallow = decode(png(levels * 257, 16, colour), 16), decode(png(levels, 8, colour), 16)
    assert len(deep.views) == len(shallow.views)
    assert all(difference(*pair) < 0.5 for pair in zip(arrays(deep), arrays(shallow), strict=True))


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_grey_is_as_bright_in_every_depth(depth: int) -> None:
    brightest = (1 << depth) - 1
    levels = np.array([[0, brightest], [brightest, 0]])
    assert arrays(decode(png(levels, depth), 2))[0][:, :, 0].tolist() == [[0, 255], [255, 0]]


UPRIGHT_AGAIN: dict[int, Callable[[Image.Image], Image.Image]] = {
    1: lambda image: image,
    2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
    4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
    7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
}
"""How a camera stores a scene under each orientation; the tag asks viewers to undo it."""


def oriented(image_format: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, dict[str, Any]] = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}, "AVIF": {"quality": 95}}
    return encoded(UPRIGHT_AGAIN[orientation](PHOTO), image_format, exif=exif, **options.get(image_format, {}))


@pytest.mark.parametrize("orientation", UPRIGHT_AGAIN)
@pytest.mark.parametrize(("image_format", "noise"), [("PNG", 0.5), ("WEBP", 0.5), ("JPEG", 2), ("AVIF", 2)])
def test_a_picture_is_set_upright_and_judged_as_stored_too_where_viewers_differ(
    image_format: str, noise: float, orientation: int
) -> None:
    """They agree to the pixel, except for what encoding and rounding change."""
    seen = arrays(decode(oriented(image_format, orientation), SIZE))
    assert difference(seen[-1], view_of(PHOTO)) < noise
    if image_format == "JPEG" or orientation == 1:
        assert len(seen) == 1
    else:
        as_stored, _ = seen
        assert difference(as_stored, view_of(UPRIGHT_AGAIN[orientation](PHOTO))) < noise


@pytest.mark.parametrize("orientation", [2, 3, 6])
def test_a_small_picture_is_turned_before_it_is_shrunk(orientation: int) -> None:
    """BOX takes each pixel as a whole, and not the same ones from both sides."""
    dots = Image.effect_noise((75, 75), 100)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = UPRIGHT_AGAIN[orientation](dots)
    _, seen = arrays(decode(encoded(stored, "PNG", exif=exif), 50))
    (wanted,) = arrays(decode(encoded(dots, "PNG"), 50))
    assert (seen == wanted).all()


@pytest.mark.parametrize("exif", [b"", b"garbage", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*" * 9])
def test_damaged_exif_says_nothing_about_the_picture(exif: bytes) -> None:
    data = jpeg_with(encoded(PHOTO, "JPEG", quality=95), jpeg_segment(0xE1, exif))
    assert difference(only_view(data), view_of(PHOTO)) < 2


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_is_none_turns_nothing(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert difference(only_view(encoded(PHOTO, "JPEG", quality=95, exif=exif)), view_of(PHOTO)) < 2


def transparent(mode: str) -> bytes:
    """Half of the picture is opaque mid-grey, the rest is transparent and hides a photo."""
    hidden = GREY_PHOTO.copy()
    hidden.paste(128, (0, 0, 224, 224))
    alpha = Image.new("L", PHOTO.size, 0)
    alpha.paste(255, (0, 0, 224, 224))
    image = Image.merge("LA", (hidden, alpha))
    if mode == "P":
        palette = hidden.point(lambda level: 128 if level == 128 else 0).convert("P")
        return encoded(palette, "PNG", transparency=0)
    return encoded(image.convert(mode), "PNG")


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_what_is_transparent_is_judged_on_white_on_black_and_on_grey(mode: str) -> None:
    """The colours under full transparency do not count."""
    views = arrays(decode(transparent(mode), SIZE))
    assert [round(view[:, :112].mean()) for view in views] == [128, 128, 128]
    assert [round(view[:, 116:].mean()) for view in views] == [255, 0, 128]


def test_a_hidden_colour_does_not_bleed_into_its_neighbours() -> None:
    """Columns of opaque black and of hidden white are shrunk to one colour."""
    columns = np.tile([[0, 255], [255, 0]], (2 * SIZE, SIZE, 1))
    _, on_black, _ = arrays(decode(png(columns, 8, GREY_ALPHA), SIZE))
    assert on_black.max() == 0


def test_an_alpha_channel_that_is_opaque_throughout_is_one_view() -> None:
    assert difference(only_view(encoded(PHOTO.convert("RGBA"), "PNG")), view_of(PHOTO)) == 0


def test_a_picture_that_is_almost_opaque_is_judged_on_every_page() -> None:
    """A single column moves the score of a gradient of libpng's by 0.11."""
    image = PHOTO.convert("RGBA")
    image.putpixel((50, 50), (0, 0, 0, 0))
    assert len(decode(encoded(image, "PNG"), SIZE).views) == 3


@pytest.mark.parametrize("image_format", ["PNG", "GIF", "WEBP", "AVIF"])
def test_transparency_is_found_in_every_format_that_has_it(image_format: str) -> None:
    image = Image.new("RGBA", (64, 64), "red")
    image.paste((0, 0, 0, 0), (0, 0, 64, 32))
    on_white, on_black, on_grey = arrays(decode(encoded(image, image_format, lossless=True), 64))
    assert on_white[:30].mean() == pytest.approx(255, abs=2)
    assert on_black[:30].mean() == pytest.approx(0, abs=2)
    assert on_grey[:30].mean() == pytest.approx(128, abs=2)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (225, 223), (10, 10)])
def test_a_picture_of_any_shape_fills_the_view(size: tuple[int, int]) -> None:
    assert only_view(encoded(Image.new("RGB", size, (10, 20, 30)), "PNG")).reshape(-1, 3).tolist() == [[10, 20, 30]] * (
        SIZE * SIZE
    )


@pytest.mark.parametrize("data", [b"", b"GI", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7\n", b"II*\0"])
def test_another_format_is_refused_as_such(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat):
        decode(data, SIZE)


def test_an_error_says_what_to_do_and_nothing_of_the_image() -> None:
    with pytest.raises(UndecodableImage, match="Export it again as a plain JPEG or PNG") as refusal:
        decode(b"\x89PNG\r\n\x1a\nsecret", SIZE)
    assert "secret" not in refusal.value.message + refusal.value.detail


def test_too_many_pixels_are_refused_with_the_number_that_may_be_sent() -> None:
    with pytest.raises(TooManyPixels, match="a PNG or BMP may have at most 27 megapixels"):
        decode(encoded(Image.new("1", (6000, 5001)), "PNG"), SIZE)


def test_a_side_longer_than_any_other_format_has_is_refused() -> None:
    with pytest.raises(TooManyPixels, match="65,535 pixels on a side"):
        decode(encoded(Image.new("1", (1, 65_536)), "PNG"), SIZE)


@pytest.mark.parametrize("filters", ["ignore", "always", "default"])
def test_the_limits_rest_on_no_filter_for_warnings(filters: Literal["ignore", "always", "default"]) -> None:
    """Any module may reset the filters, for every thread."""
    too_large = encoded(Image.new("L", (7200, 7000)), "JPEG", quality=1)
    with warnings.catch_warnings(), ThreadPoolExecutor(1) as thread:
        warnings.resetwarnings()
        warnings.simplefilter(filters)
        refusal = thread.submit(decode, too_large, SIZE).exception()
    assert isinstance(refusal, TooManyPixels)


def test_a_large_jpeg_within_the_limits_is_judged_without_a_warning() -> None:
    assert only_view(encoded(Image.new("L", (7000, 7000), 100), "JPEG", quality=1)).mean() == pytest.approx(100, abs=9)


def test_images_decoded_side_by_side_look_as_they_do_one_after_another() -> None:
    files = [
        encoded(PHOTO, "JPEG"),
        encoded(PHOTO.convert("CMYK"), "JPEG", progressive=True),
        encoded(PHOTO.convert("RGBA"), "PNG"),
        encoded(PHOTO.quantize(200), "GIF"),
        encoded(PHOTO, "WEBP"),
        encoded(PHOTO, "AVIF", speed=10),
        encoded(PHOTO, "HEIF"),
        animated([PHOTO.rotate(turn) for turn in (0, 90, 180)], "WEBP", [40] * 3),
        animated([PHOTO.rotate(turn) for turn in (0, 90, 180)], "AVIF", [40] * 3),
        b"\x89PNG\r\n\x1a\n",
    ]

    def views(data: bytes) -> tuple[bytes, ...]:
        try:
            return decode(data, SIZE).views
        except UndecodableImage:
            return ()

    one_after_another = [views(data) for data in files]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(views, files * 8)) == one_after_another * 8
