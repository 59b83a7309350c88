"""A picture is judged as a screen shows it, with its profile or gamma applied, too."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageCms
from tests.helpers.colours import PHOTO, SIZE, brightened_by_gamma, darkened, nearest, with_chunk, with_gamma
from tests.helpers.crafted import animated, bmp_with_profile
from tests.helpers.profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    SRGB,
    SRGB_CURVE,
    UPSIDE_DOWN,
    curve,
    gamma,
    grey_profile,
    rgb_profile,
    table_profile,
    tags_of,
    with_tags,
)
from tests.helpers.support import arrays, encoded

from moderate.images.decode import decode
from moderate.images.limits import UndecodableImage

INVERTED = rgb_profile(SRGB, UPSIDE_DOWN)
INVERTING = table_profile(b"RGB ", [(255 - 85 * number.bit_count(), 128, 128) for number in range(8)])
ORDINARY = {"sRGB": rgb_profile(SRGB, SRGB_CURVE), "grey": grey_profile(SRGB_CURVE)}
SLIGHT = {
    "a gamma of 2.2": rgb_profile(SRGB, gamma(2.2)),
    "Display P3": rgb_profile(DISPLAY_P3, SRGB_CURVE),
    "Adobe RGB": rgb_profile(ADOBE_RGB, gamma(2.2)),
}
FORMATS: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 95},
    "PNG": {},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 95, "speed": 10},
}


@pytest.mark.parametrize("name", ORDINARY)
@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_an_ordinary_profile_changes_nothing(name: str, image_format: str) -> None:
    picture = PHOTO.convert("L") if name == "grey" else PHOTO
    plain, profiled = (
        decode(encoded(picture, image_format, **more), SIZE) for more in ({}, {"icc_profile": ORDINARY[name]})
    )
    assert profiled == plain


@pytest.mark.parametrize("name", SLIGHT)
@pytest.mark.parametrize("side", [256, 2000])
def test_what_changes_little_is_judged_as_browsers_draw_it_alone(name: str, side: int) -> None:
    picture = PHOTO.resize((side, side))
    data = encoded(picture, "PNG", icc_profile=SLIGHT[name])
    transform = ImageCms.buildTransform(
        io.BytesIO(SLIGHT[name]), ImageCms.createProfile("sRGB"), "RGB", "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
    )
    assert nearest(transform.apply(picture), data) < 1
    assert len(decode(data, SIZE).views) == 1


DISPUTED = {
    "of another version": (8, b"\5"),
    "of another class": (12, b"link"),
    "without a signature": (36, b"ACSP"),
    "of an unknown intent": (64, b"\0\0\0\x09"),
    "of another light": (68, bytes(12)),
    "of another size": (0, bytes(4)),
}


@pytest.mark.parametrize("name", DISPUTED)
def test_what_not_every_browser_accepts_is_judged_as_stored_too(name: str) -> None:
    place, value = DISPUTED[name]
    profile = SLIGHT["Display P3"]
    data = encoded(PHOTO, "JPEG", quality=95, icc_profile=profile[:place] + value + profile[place + len(value) :])
    assert nearest(PHOTO, data) < 2
    assert len(decode(data, SIZE).views) == 2


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_a_profile_of_colours_may_change_a_grey_picture_or_not(image_format: str) -> None:
    """Firefox passes it over in a PNG."""
    data = encoded(PHOTO.convert("L"), image_format, icc_profile=rgb_profile(SRGB, gamma(1.5)))
    assert len(decode(data, SIZE).views) == 2


def test_one_channel_alone_may_be_upside_down() -> None:
    red, green, blue = PHOTO.split()
    tags = dict(tags_of(ORDINARY["sRGB"])) | {b"rTRC": UPSIDE_DOWN}
    data = encoded(
        Image.merge("RGB", (ImageChops.invert(red), green, blue)),
        "PNG",
        icc_profile=with_tags(ORDINARY["sRGB"], list(tags.items())),
    )
    assert nearest(PHOTO, data) < 2


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_picture_that_its_profile_turns_upside_down_is_seen_both_ways(image_format: str) -> None:
    negative = ImageChops.invert(PHOTO)
    data = encoded(negative, image_format, icc_profile=INVERTED, **FORMATS[image_format])
    assert nearest(PHOTO, data) < 4
    assert nearest(negative, data) < 4


def test_a_bmp_has_a_profile_too() -> None:
    assert nearest(PHOTO, bmp_with_profile(ImageChops.invert(PHOTO), INVERTED)) < 4
    cut = bmp_with_profile(PHOTO, INVERTED)[: -len(INVERTED)]
    assert decode(cut, SIZE) == decode(encoded(PHOTO, "BMP"), SIZE)


def test_a_picture_whose_profile_swaps_its_colours_is_seen() -> None:
    red, green, blue = PHOTO.split()
    swapped = Image.merge("RGB", (blue, red, green))
    data = encoded(swapped, "PNG", icc_profile=rgb_profile((SRGB[2], SRGB[0], SRGB[1]), SRGB_CURVE))
    assert nearest(PHOTO, data) < 2


def test_a_profile_that_spreads_a_few_levels_shows_what_hides_in_them() -> None:
    """The whole picture lies in the upper quarter, in every other pixel; the rest is white."""
    spread = curve([0] * 192 + [round(65535 * (level / 63) ** 2.2) for level in range(64)])
    flat = PHOTO.point([192 + level // 4 for level in range(256)] * 3)
    data = encoded(flat, "PNG", icc_profile=rgb_profile(SRGB, spread))
    assert nearest(PHOTO, data) < 4


def test_a_profile_of_grey_is_applied() -> None:
    grey = PHOTO.convert("L")
    data = encoded(ImageChops.invert(grey), "JPEG", quality=95, icc_profile=grey_profile(UPSIDE_DOWN))
    assert nearest(grey, data) < 4


def test_a_grey_picture_with_a_profile_of_colours_is_seen_through_it() -> None:
    grey = PHOTO.convert("L")
    data = encoded(ImageChops.invert(grey), "JPEG", quality=95, icc_profile=INVERTED)
    assert nearest(grey, data) < 4


def test_a_table_of_colours_is_applied() -> None:
    """The profile inverts each corner of the colour cube."""
    corners = [(255 - 255 * number.bit_count() // 3, 128, 128) for number in range(8)]
    data = encoded(
        ImageChops.invert(PHOTO.convert("L")).convert("RGB"), "PNG", icc_profile=table_profile(b"RGB ", corners)
    )
    assert nearest(PHOTO.convert("L"), data) < 30
    assert len(decode(data, SIZE).views) == 2


def test_inks_may_be_anything() -> None:
    """In this profile paper is black, and full ink of any colour is white."""
    corners = [(0, 128, 128)] + [(255, 128, 128)] * 15
    inked = Image.new("CMYK", (8, 8), (255, 255, 255, 255))
    plain, profiled = (
        decode(encoded(inked, "JPEG", quality=95, **more), SIZE)
        for more in ({}, {"icc_profile": table_profile(b"CMYK", corners)})
    )
    assert [view.mean() for view in arrays(plain)] == pytest.approx([0], abs=4)
    assert [view.mean() for view in arrays(profiled)] == pytest.approx([0, 255], abs=4)


def test_inks_are_judged_as_chromium_mixes_them_too() -> None:
    """It applies the profile to inks without black, which it makes of red, green and blue."""
    corners = [(255 * (not black), 128, 128) for _ in range(8) for black in range(2)]
    inks = Image.merge("CMYK", [PHOTO.convert("L")] * 4)
    data = encoded(inks, "JPEG", quality=95, icc_profile=table_profile(b"CMYK", corners))
    seen = [view.astype(int) for view in arrays(decode(data, SIZE))]
    assert len(seen) == 3
    assert min(np.abs(view - 255).mean() for view in seen) < 1


def test_paper_is_not_white_unless_the_profile_says_so() -> None:
    """Little CMS would make it white. This profile has yellow paper."""
    corners = [(230, 118, 210)] + [(0, 128, 128)] * 15
    data = encoded(Image.new("CMYK", (8, 8)), "JPEG", quality=100, icc_profile=table_profile(b"CMYK", corners))
    stored, *drawn = arrays(decode(data, SIZE))
    assert (stored == 255).all()
    assert drawn
    assert all(view[0, 0].tolist() == pytest.approx([241, 231, 41], abs=4) for view in drawn)


def test_inks_with_a_steep_curve_of_colours_are_refused() -> None:
    """Firefox rounds down the colours that it makes of inks, and a curve makes black or white of one level's step."""
    inks = Image.new("CMYK", (8, 8), (0, 100, 153, 88))
    steep = rgb_profile(SRGB, curve([0] * 128 + [65535] * 128))
    with pytest.raises(UndecodableImage) as raised:
        decode(encoded(inks, "JPEG", icc_profile=steep), SIZE)
    assert raised.value.detail == "MisleadingJpeg: inks and a steep curve of colours"
    assert decode(encoded(inks, "JPEG", icc_profile=rgb_profile(SRGB, gamma(1.0))), SIZE).views


def test_a_profile_of_inks_says_nothing_about_a_jpeg_without_inks() -> None:
    for picture in (PHOTO, PHOTO.convert("L")):
        data = encoded(picture, "JPEG", icc_profile=table_profile(b"CMYK", [(0, 128, 128)] * 16))
        assert decode(data, SIZE) == decode(encoded(picture, "JPEG"), SIZE)


def of_space(space: bytes, profile: bytes) -> bytes:
    return profile[:16] + space + profile[20:]


def late_table(*parts: str, scale: float = 1.0) -> bytes:
    """Returns the profile of a table (lutAToBType) that has no parts but these. Its matrix multiplies by `scale`."""
    curves = 3 * (gamma(1.0) + bytes(2))
    content = {
        "last": curves,
        "matrix": struct.pack(">12i", *(round(65_536 * scale) * (at in (0, 4, 8)) for at in range(12))),
        "middle": curves,
        "nodes": bytes([2, 2, 2]).ljust(16, b"\0") + b"\1\0\0\0" + bytes(24),
        "first": curves,
    }
    places, body = [], b""
    for name, part in content.items():
        places.append(32 + len(body) if name in parts else 0)
        body += part if name in parts else b""
    tag = b"mAB \0\0\0\0\3\3\0\0" + struct.pack(">5I", *places) + body
    return with_tags(INVERTING, [(b"A2B0", tag)])


def bumpy_table() -> bytes:
    """Returns a profile whose table is followed by a curve that falls at one level and rises again."""
    tag = bytearray(dict(tags_of(INVERTING))[b"A2B0"])
    tag[-256 - 135] = 13
    return with_tags(INVERTING, [(b"A2B0", bytes(tag))])


MALFORMED = {
    "a table before a bumpy curve": bumpy_table(),
    "a table of one channel": of_space(b"RGB ", table_profile(b"GRAY", [(0, 128, 128), (255, 128, 128)])),
    "a table of four channels": of_space(b"RGB ", table_profile(b"CMYK", [(0, 128, 128)] * 16)),
    "a table of three inks": of_space(b"CMYK", table_profile(b"RGB ", [(0, 128, 128)] * 8)),
    "curves of inks": of_space(b"CMYK", rgb_profile(SRGB, UPSIDE_DOWN)),
    "a table of curves alone": late_table("last"),
    "a table of a matrix": late_table("last", "matrix", "middle"),
    "a table without first curves": late_table("last", "nodes"),
    "a matrix that leads beyond white": late_table("last", "matrix", "middle", "nodes", "first", scale=1.5),
    "a matrix that leads beyond black": late_table("last", "matrix", "middle", "nodes", "first", scale=-0.5),
    "a table without its matrix": late_table("last", "middle", "nodes", "first"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_profile_that_viewers_read_in_ways_of_their_own_is_refused(name: str) -> None:
    """Chromium takes as many channels as a table has, alpha with them, and Firefox does without some of its parts.

    What a table leads to is rounded here, which a steep curve behind it makes a difference of.
    """
    with pytest.raises(UndecodableImage, match="colour metadata differently"):
        decode(encoded(PHOTO.convert("CMYK"), "JPEG", icc_profile=MALFORMED[name]), SIZE)


def test_a_table_beside_a_matrix_whose_colours_cut_it_off_in_one_viewer_is_refused() -> None:
    both = with_tags(INVERTING, [*tags_of(ORDINARY["sRGB"]), *tags_of(INVERTING)])
    with pytest.raises(UndecodableImage, match="colour metadata differently"):
        decode(encoded(PHOTO, "PNG", icc_profile=both), SIZE)


@pytest.mark.parametrize("parts", [(), ("first", "nodes"), ("last", "first")])
def test_a_table_that_all_viewers_pass_over_says_nothing(parts: tuple[str, ...]) -> None:
    data = encoded(PHOTO, "PNG", icc_profile=late_table(*parts))
    assert decode(data, SIZE) == decode(encoded(PHOTO, "PNG"), SIZE)


def test_a_profile_of_inks_in_an_avif_is_refused() -> None:
    """Firefox takes red, green, blue and alpha for inks."""
    data = encoded(PHOTO, "AVIF", speed=10, icc_profile=table_profile(b"CMYK", [(0, 128, 128)] * 16))
    with pytest.raises(UndecodableImage, match="colour metadata differently"):
        decode(data, SIZE)


def test_levels_are_spread_before_pixels_are_mixed() -> None:
    """Pictures that change when they are opened use this trick: a dark one lies between the pixels of a bright one."""
    bright = Image.new("RGB", PHOTO.size, "white")
    dark = darkened(PHOTO, 4)
    mask = Image.frombytes("L", (256, 256), bytes([255, 0] * 128 + [0, 0] * 128) * 128)
    data = with_gamma(Image.composite(dark, bright, mask), 4 / 2.2)
    seen = Image.composite(brightened_by_gamma(dark, 4 / 2.2), bright, mask)
    assert nearest(seen, data) < 2


def test_transparency_stays() -> None:
    picture = PHOTO.convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 256, 128))
    views = arrays(decode(encoded(picture, "PNG", icc_profile=INVERTED), SIZE))
    assert [round(view[:30].mean()) for view in views] == [255, 0, 128, 255, 0, 128]
    gammas = arrays(decode(with_gamma(picture, 2), SIZE))
    assert [round(view[:30].mean()) for view in gammas] == [255, 0, 128, 255, 0, 128]


ANIMATED: dict[str, Callable[[list[Image.Image]], bytes]] = {
    "PNG": lambda frames: with_chunk(animated(frames, "PNG", [100, 100]), b"iCCP", b"x\0\0" + zlib.compress(INVERTED)),
    "WEBP": lambda frames: saved(frames, "WEBP", lossless=True),
    "AVIF": lambda frames: saved(frames, "AVIF", quality=95, speed=10),
}


def saved(frames: list[Image.Image], image_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    frames[0].save(
        buffer, image_format, save_all=True, append_images=frames[1:], duration=100, icc_profile=INVERTED, **options
    )
    return buffer.getvalue()


@pytest.mark.parametrize("image_format", ANIMATED)
def test_every_frame_of_an_animation_is_seen_through_its_profile(image_format: str) -> None:
    frames = [ImageChops.invert(PHOTO), ImageChops.invert(PHOTO.rotate(180))]
    data = ANIMATED[image_format](frames)
    assert nearest(PHOTO, data) < 5
    assert nearest(PHOTO.rotate(180), data) < 5


def test_chromium_passes_over_the_profile_of_an_animated_webp() -> None:
    """So even what changes little is judged as stored, too."""
    wide = ImageChops.invert(PHOTO)
    frames = {"save_all": True, "append_images": [wide.rotate(180)], "lossless": True, "method": 0}
    data = encoded(wide, "WEBP", icc_profile=SLIGHT["Display P3"], **frames)
    assert nearest(wide, data) < 1
    assert len(decode(data, SIZE).views) == 4


@pytest.mark.parametrize("image_format", ["PNG", "WEBP"])
def test_transparent_colours_beyond_white_are_judged_as_each_browser_cuts_them_off(image_format: str) -> None:
    """Firefox does so before the picture is laid on its page, and Chromium after."""
    profile = rgb_profile([(3 * x, 3 * y, 3 * z) for x, y, z in SRGB], SRGB_CURVE)
    clear = Image.new("RGBA", (8, 8), (200, 200, 200, 128))
    data = encoded(clear, image_format, icc_profile=profile, lossless=True)
    on_white, on_black, on_grey = ([view[0, 0, 0] for view in arrays(decode(data, SIZE))[page::3]] for page in range(3))
    assert on_black == pytest.approx([100, 128, 163], abs=2)
    assert on_grey == pytest.approx([164, 192, 227], abs=2)
    assert on_white == pytest.approx([227, 255, 255], abs=1)


def test_light_beyond_white_is_cut_off_pixel_by_pixel() -> None:
    """Chromium shows the bright half white and the dark half grey, however fine the pattern is."""
    profile = rgb_profile([(3 * x, 3 * y, 3 * z) for x, y, z in SRGB], SRGB_CURVE)
    bright = np.indices((2 * SIZE, 2 * SIZE)).sum(0) % 2 * 200
    checkered = np.dstack([bright] * 3 + [np.full_like(bright, 128)]).astype(np.uint8)
    data = encoded(Image.fromarray(checkered), "PNG", icc_profile=profile)
    on_white = [int(view[0, 0, 0]) for view in arrays(decode(data, SIZE)) if view.min() > 100]
    assert min(abs(level - (255 + 127) / 2) for level in on_white) <= 1


def test_light_far_beyond_white_is_refused() -> None:
    profile = rgb_profile([(9 * x, 9 * y, 9 * z) for x, y, z in SRGB], SRGB_CURVE)
    with pytest.raises(UndecodableImage, match="colour metadata"):
        decode(encoded(PHOTO, "PNG", icc_profile=profile), SIZE)


def test_an_opaque_picture_beyond_white_is_drawn_once() -> None:
    profile = rgb_profile([(3 * x, 3 * y, 3 * z) for x, y, z in SRGB], SRGB_CURVE)
    assert len(decode(encoded(PHOTO, "PNG", icc_profile=profile), SIZE).views) == 2


def test_every_frame_beyond_white_is_judged_as_each_browser_cuts_it_off() -> None:
    profile = rgb_profile([(3 * x, 3 * y, 3 * z) for x, y, z in SRGB], SRGB_CURVE)
    frames = [Image.new("RGBA", (8, 8), (level, level, level, 128)) for level in (200, 230)]
    data = encoded(frames[0], "PNG", icc_profile=profile, save_all=True, append_images=frames[1:], blend=0)
    levels = {int(view[0, 0, 0]) for view in arrays(decode(data, SIZE))}
    for wanted in (163, 227, 187, 251):
        assert min(abs(level - wanted) for level in levels) <= 3


def test_a_curve_that_goes_beyond_white_is_refused() -> None:
    steep = b"para\0\0\0\0" + struct.pack(">HH3i", 1, 0, *(round(65_536 * value) for value in (2.2, 1.5, 0)))
    with pytest.raises(UndecodableImage, match="colour metadata differently"):
        decode(encoded(PHOTO, "JPEG", icc_profile=rgb_profile(SRGB, steep)), SIZE)


@pytest.mark.parametrize(
    "profile", [b"", b"garbage", INVERTED[:200], INVERTED[:-40], b"\0" * 128, INVERTED.replace(b"rTRC", b"xTRC")]
)
@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_a_damaged_profile_says_nothing(profile: bytes, image_format: str) -> None:
    assert decode(encoded(PHOTO, image_format, icc_profile=profile), SIZE) == decode(encoded(PHOTO, image_format), SIZE)


def test_a_profile_of_inks_says_nothing_about_lights() -> None:
    data = encoded(PHOTO, "PNG", icc_profile=table_profile(b"CMYK", [(0, 128, 128)] * 16))
    assert set(decode(data, SIZE).views) == set(decode(encoded(PHOTO, "PNG"), SIZE).views)


GREY_FILES: dict[str, bytes] = {
    "LA PNG": encoded(
        ImageChops.invert(PHOTO.convert("L")).convert("LA"), "PNG", icc_profile=grey_profile(UPSIDE_DOWN)
    ),
    "grey PNG with a clear level": encoded(
        ImageChops.invert(PHOTO.convert("L")).point(lambda level: max(level, 1)),
        "PNG",
        transparency=0,
        icc_profile=grey_profile(UPSIDE_DOWN),
    ),
    "PNG of two levels": encoded(ImageChops.invert(PHOTO.convert("1")), "PNG", icc_profile=grey_profile(UPSIDE_DOWN)),
}


@pytest.mark.parametrize("name", GREY_FILES)
def test_a_profile_of_grey_is_applied_in_every_mode(name: str) -> None:
    wanted = PHOTO.convert("1") if "two" in name else PHOTO.convert("L")
    assert nearest(wanted.convert("RGB"), GREY_FILES[name]) < 4


def test_a_profile_is_found_wherever_it_stands_in_a_jpeg() -> None:
    """Pillow does not find a profile after the frame's header, nor one that is there twice."""
    data = encoded(ImageChops.invert(PHOTO), "JPEG", quality=95, icc_profile=INVERTED)
    start = data.index(b"\xff\xe2")
    end = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
    part, without = data[start:end], data[:start] + data[end:]
    scan = without.index(b"\xff\xda")
    assert nearest(PHOTO, without[:scan] + part + without[scan:]) < 4
    assert nearest(PHOTO, data[:start] + part + data[start:]) < 4


def test_what_hides_between_the_pixels_of_a_jpeg_is_seen() -> None:
    grey = np.asarray(PHOTO.convert("L").resize((896, 896))) // 2
    board = np.where(np.indices(grey.shape).sum(0) % 2, 128 + grey.astype(int), 128 - grey.astype(int))
    steep = grey_profile(curve([round(65535 * (level / 255) ** 17.6) for level in range(256)]))
    hidden = Image.fromarray(board.clip(0, 255).astype(np.uint8))
    data = encoded(hidden, "JPEG", quality=98, icc_profile=steep)
    assert max(view.std() for view in arrays(decode(data, SIZE))) > 20


UNUSUAL = {
    "a tag twice": with_tags(INVERTED, [*tags_of(INVERTED), (b"wtpt", bytes(20))]),
    "200 tags": with_tags(INVERTED, [*tags_of(INVERTED), *((b"x%03d" % number, bytes(12)) for number in range(200))]),
    "of named colours": INVERTED[:12] + b"nmcl" + INVERTED[16:],
    "abstract": INVERTED[:12] + b"abst" + INVERTED[16:],
    "with a tag that browsers do not know": with_tags(INVERTED, [*tags_of(INVERTED), (b"D2B0", b"mpet" + bytes(60))]),
    "whose table is of another intent": with_tags(INVERTING, [(b"A2B1", dict(tags_of(INVERTING))[b"A2B0"])]),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_of_a_profile_what_browsers_read_is_applied(name: str) -> None:
    grey = PHOTO.convert("L").convert("RGB")
    data = encoded(ImageChops.invert(grey), "PNG", icc_profile=UNUSUAL[name])
    assert nearest(grey, data) < (30 if "table" in name else 4)


def test_a_profile_that_no_longer_keeps_neighbouring_greys_apart_is_drawn() -> None:
    """Each level moves little, but levels that differed by one differ by 47."""
    zigzag = [level + (23 if level % 2 else -23) if 102 < level < 153 else level for level in range(256)]
    profile = rgb_profile(SRGB, curve([round(65535 * (level / 255) ** 2.2) for level in zigzag]))
    two_tones = PHOTO.convert("1").point(lambda lit: 129 if lit else 128, "L").convert("RGB")
    views = arrays(decode(encoded(two_tones, "PNG", icc_profile=profile), SIZE))
    assert max(view.std() for view in views) > 10
