"""A HEIC is judged as the standard says it is shown: its primary picture, put together, cropped and turned."""

import struct
from contextlib import suppress
from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms
from tests.helpers.avif import box, full_box, nclx, profile_box
from tests.helpers.heic import (
    ALPHA,
    Item,
    aperture,
    coded,
    configuration,
    deep,
    extent,
    flat,
    grid,
    grid_of,
    heic,
    item,
    mirror,
    stream,
    turn,
)
from tests.helpers.support import arrays, encoded

from moderate.images.decode import decode
from moderate.images.heif.pictures import CodedPicture
from moderate.images.limits import TooManyPixels, UndecodableImage, UnsupportedFormat
from moderate.images.views import BACKGROUNDS

SIDE = 64
QUADRANTS = Image.new("RGB", (128, 64), "red")
for place, colour in (((64, 0), "lime"), ((0, 32), "blue"), ((64, 32), "white")):
    QUADRANTS.paste(colour, (*place, place[0] + 64, place[1] + 32))
# Nothing is lost, so that pictures can be compared.
LOSSLESS = {"quality": -1, "chroma": 444}
WHOLE = coded(QUADRANTS, **LOSSLESS)
COLOURS = ("red", "lime", "blue", "white", "black", "yellow")
TILES = [coded(Image.new("RGB", (64, 64), colour), **LOSSLESS) for colour in COLOURS]


def seen(data: bytes, side: int = SIDE) -> list[np.ndarray]:
    return [view.astype(int) for view in arrays(decode(data, side))]


def shown(data: bytes, side: int = SIDE) -> np.ndarray:
    (view,) = seen(data, side)
    return view


def expected(picture: Image.Image, side: int = SIDE) -> np.ndarray:
    return shown(encoded(picture, "PNG"), side)


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.abs(one - other).mean() < 1.5)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_picture_is_judged_as_it_was_encoded(mode: str) -> None:
    picture = Image.effect_noise((64, 64), 80).convert(mode)
    assert alike(shown(encoded(picture, "HEIF", quality=100)), expected(picture))


@pytest.mark.parametrize("chroma", [420, 422, 444])
def test_ten_bits_are_judged_as_eight_would_be(chroma: int) -> None:
    assert alike(shown(deep(QUADRANTS, chroma=chroma, quality=100)), expected(QUADRANTS))


def test_a_grid_is_put_together_row_by_row_and_cut_at_its_right_and_bottom() -> None:
    whole = Image.new("RGB", (192, 128))
    for place, colour in enumerate(COLOURS):
        whole.paste(colour, (place % 3 * 64, place // 3 * 64, place % 3 * 64 + 64, place // 3 * 64 + 64))
    data = heic([grid((150, 100), 3, range(2, 8)), *map(item, TILES)])
    assert alike(shown(data), expected(whole.crop((0, 0, 150, 100))))


def test_the_primary_picture_is_judged_and_no_other() -> None:
    assert alike(shown(heic([item(TILES[0]), item(TILES[1])], primary=2)), expected(Image.new("RGB", (64, 64), "lime")))


@pytest.mark.parametrize(("quarters", "axis"), [*product(range(4), (None, 0, 1))])
def test_a_picture_is_turned_counterclockwise_and_then_mirrored(quarters: int, axis: int | None) -> None:
    picture = QUADRANTS.rotate(90 * quarters, expand=True)
    if axis is not None:
        picture = picture.transpose((Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.FLIP_LEFT_RIGHT)[axis])
    data = heic([item(WHOLE, turn(quarters), *([] if axis is None else [mirror(axis)]))])
    assert alike(shown(data), expected(picture))


@pytest.mark.parametrize(("quarters", "axis"), [*product(range(4), (0, 1))])
def test_properties_apply_in_their_order(quarters: int, axis: int) -> None:
    mirrored = QUADRANTS.transpose((Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.FLIP_LEFT_RIGHT)[axis])
    data = heic([item(WHOLE, mirror(axis), turn(quarters))])
    assert alike(seen(data)[0], expected(mirrored.rotate(90 * quarters, expand=True)))


@pytest.mark.parametrize(("quarters", "axis"), [*product((1, 3), (0, 1))])
def test_what_is_mirrored_first_is_judged_turned_first_too(quarters: int, axis: int) -> None:
    in_order, otherwise = seen(heic([item(WHOLE, mirror(axis), turn(quarters))]))
    assert alike(otherwise, shown(heic([item(WHOLE, turn(quarters), mirror(axis))])))
    assert not alike(in_order, otherwise)


def test_a_large_picture_is_turned_alike() -> None:
    data = grid_of(WHOLE, 6, 12, turn(1))
    whole = Image.new("RGB", (768, 768))
    for across, down in product(range(6), range(12)):
        whole.paste(QUADRANTS, (128 * across, 64 * down))
    assert alike(shown(data), expected(whole.rotate(90, expand=True)))


@pytest.mark.parametrize(
    ("given", "left", "top"),
    [((31, 33), 48, 15), ((64, 64), 32, 0), ((32, 32, 96, 32), 96, 32), ((32, 32, -96), 0, 16)],
)
def test_a_picture_is_judged_cropped_and_whole_and_then_turned(given: tuple[int, ...], left: int, top: int) -> None:
    picture = QUADRANTS.crop((left, top, left + given[0], top + given[1]))
    # Of two that are alike, one is judged.
    cropped, *_, whole = 2 * seen(heic([item(WHOLE, aperture(*given), turn(1))]))
    assert alike(cropped, expected(picture.rotate(90, expand=True)))
    assert alike(whole, expected(QUADRANTS.rotate(90, expand=True)))


def exif(orientation: int, *, of: int = 1) -> Item:
    tiff = b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1" + struct.pack(">HHI", orientation, 0, 0)
    return Item(b"Exif", bytes(4) + tiff, references=[(b"cdsc", [of])])


def test_the_exif_turns_a_picture_in_macos_and_not_by_the_standard() -> None:
    stored, turned = seen(heic([item(WHOLE), exif(6)]))
    assert alike(stored, expected(QUADRANTS))
    assert alike(turned, expected(QUADRANTS.rotate(-90, expand=True)))


def test_an_exif_that_says_what_boxes_do_changes_nothing() -> None:
    assert alike(shown(heic([item(WHOLE, turn(3)), exif(6)])), expected(QUADRANTS.rotate(-90, expand=True)))


def test_the_exif_of_another_picture_changes_nothing() -> None:
    assert alike(shown(heic([item(WHOLE), item(TILES[0]), exif(6, of=2)])), expected(QUADRANTS))


def by_libheif(data: bytes) -> Image.Image:
    """Returns what libheif makes of a whole file."""
    return pillow_heif.open_heif(data).to_pillow()


@pytest.mark.parametrize("seed", range(40))
def test_libheif_makes_the_same_of_a_whole_file(seed: int) -> None:
    chance = Random(seed)
    columns, rows = chance.choice([(1, 1), (2, 1), (3, 2)])
    size = 64 * columns - chance.randrange(16), 64 * rows - chance.randrange(16)
    crop = [aperture(*(side - 2 * chance.randrange(20) for side in size))] if chance.random() < 0.5 else []
    turns = [
        make(chance.randrange(most)) for make, most in chance.sample([(turn, 4), (mirror, 2)], chance.randrange(3))
    ]
    tiles = [item(tile) for tile in chance.choices(TILES, k=columns * rows)]
    data = heic([grid(size, columns, range(2, 2 + len(tiles)), *crop, *turns), *tiles])
    assert any(alike(view, expected(by_libheif(data))) for view in seen(data))


def alpha_of(levels: Image.Image, *properties: bytes, to: int = 1) -> Item:
    return item(coded(levels, quality=-1), ALPHA, *properties, references=[(b"auxl", [to])])


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("side", [64, 32])
def test_alpha_shows_three_pages(mode: str, side: int) -> None:
    data = heic([item(TILES[0]), alpha_of(Image.new(mode, (side, side), "#404040"))])
    views = arrays(decode(data, SIDE))
    for view, page in zip(views, BACKGROUNDS, strict=True):
        red = [(191 * level + 64 * part) // 255 for level, part in zip(page, (255, 0, 0), strict=True)]
        assert view[0, 0].tolist() == pytest.approx(red, abs=2)


def test_alpha_of_ten_bits_counts() -> None:
    levels = decode(deep(Image.merge("RGBA", [*QUADRANTS.split(), Image.new("L", QUADRANTS.size, 64)])), SIDE)
    assert len(levels.views) == 3


@pytest.mark.parametrize("kind", [b"urn:mpeg:hevc:2015:auxid:2\0", b"urn:com:apple:photo:2020:aux:hdrgainmap\0"])
def test_depth_and_gain_maps_are_not_shown(kind: bytes) -> None:
    other = item(flat("gray"), full_box(b"auxC", kind), references=[(b"auxl", [1])])
    assert alike(shown(heic([item(TILES[0]), other])), expected(Image.new("RGB", (64, 64), "red")))


def test_thumbnails_are_not_shown() -> None:
    other = item(TILES[1], references=[(b"thmb", [1])])
    assert alike(shown(heic([item(TILES[0]), other])), expected(Image.new("RGB", (64, 64), "red")))


GREY = coded(Image.linear_gradient("L").resize((64, 64)).convert("RGB"), **LOSSLESS)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize(
    ("described", "views"),
    [(profile_box(SRGB), 1), (nclx(12, 13), 1), (nclx(1, 8), 2), (nclx(9, 16), 3), (nclx(2, 2, 2), 1)],
    ids=["sRGB", "Display P3", "linear", "PQ", "unspecified"],
)
def test_colours_are_drawn_by_the_rules_of_avif(described: bytes, views: int) -> None:
    assert len(decode(heic([item(GREY, described)]), SIDE).views) == views


def test_greys_of_part_range_are_judged_as_they_are_and_spread() -> None:
    grey = coded(Image.new("L", (64, 64), 64))
    data = heic([grid((64, 64), 1, [2], nclx(1, 13, whole_range=False)), item(grey)])
    assert [view.mean() for view in arrays(decode(data, SIDE))] == pytest.approx([64, (64 - 16) * 255 / 219], abs=2)


def numbers_in_stream(*, whole_range: bool) -> CodedPicture:
    return coded(Image.new("RGB", (64, 64), "#404040"), full_range_flag=whole_range, quality=-1)


@pytest.mark.parametrize("by_box", [True, False])
def test_levels_are_judged_by_the_range_of_boxes_and_by_that_of_the_stream(by_box: bool) -> None:
    tile = numbers_in_stream(whole_range=not by_box)
    by_either = [
        shown(heic([item(numbers_in_stream(whole_range=not by_box), nclx(1, 13, whole_range=not by_box))])).mean(),
        np.asarray(by_libheif(heic([item(tile, nclx(1, 13, whole_range=by_box))]))).mean(),
    ]
    views = seen(heic([item(tile, nclx(1, 13, whole_range=by_box))]))
    assert sorted(view.mean() for view in views) == pytest.approx(sorted(by_either), abs=2)


def described_twice() -> bytes:
    """Returns a file that lists one property of its picture twice, which libheif applies as often."""
    return heic([item(WHOLE, turn(1), turn(1))])


TWO_ALPHAS = [full_box(b"auxC", b"urn:mpeg:hevc:2015:auxid:2\0"), ALPHA]
FAINT = alpha_of(Image.new("L", (64, 64), 9))
REFUSED = {
    "no primary picture": heic([item(TILES[0])], primary=2),
    "a picture of another size than it says": heic([item(TILES[0], box(b"ispe", bytes(4) + b"\0\0\0\x40\0\0\0\x80"))]),
    "no configuration": heic([Item(b"hvc1", stream(TILES[0]), [])]),
    "a grid without tiles": heic([grid((64, 64), 1, [2])]),
    "a grid of tiles that differ": heic([grid((128, 64), 2, [2, 3]), item(TILES[0]), item(WHOLE)]),
    "a grid that its tiles do not cover": heic([grid((129, 64), 2, [2, 2]), item(TILES[0])]),
    "a grid of more tiles than it needs": heic([grid((64, 64), 2, [2, 2]), item(TILES[0])]),
    "a grid of another size than it says": heic(
        [replace(grid((128, 64), 2, [2, 2]), properties=[extent(64, 64)]), item(TILES[0])]
    ),
    "a grid of turned tiles": heic([grid((128, 64), 2, [2, 2]), item(TILES[0], turn(1))]),
    "a tile with alpha": heic([grid((64, 64), 1, [2]), item(TILES[0]), alpha_of(Image.new("L", (64, 64)), to=2)]),
    "alpha with colours": heic([item(TILES[0]), item(TILES[2], ALPHA, references=[(b"auxl", [1])])]),
    "alpha that is not turned": heic([item(TILES[0], turn(1)), FAINT]),
    "two alpha channels": heic([item(TILES[0]), FAINT, FAINT]),
    "colours multiplied by alpha": heic([item(TILES[0], references=[(b"prem", [2])]), FAINT]),
    "a picture turned before it is cropped": heic([item(WHOLE, turn(1), aperture(32, 32))]),
    "a crop beyond the picture": heic([item(WHOLE, aperture(32, 32, 98))]),
    "a crop of nothing": heic([item(WHOLE, aperture(0, 32))]),
    "a thumbnail as the primary picture": heic([item(TILES[0], references=[(b"thmb", [2])]), item(TILES[1])]),
    "two boxes of colours": heic([item(TILES[0], nclx(1, 13), nclx(1, 13, whole_range=False))]),
    "a stream that ends early": heic([item(TILES[0], length=len(stream(TILES[0])) - 3)]),
    "a property that is listed twice": described_twice(),
    "a picture turned twice": heic([item(WHOLE, turn(1), turn(2))]),
    "a picture predicted from another": heic([item(TILES[0], references=[(b"pred", [2])]), item(TILES[1])]),
    "tiles whose colours are described otherwise": heic(
        [grid((128, 64), 2, [2, 3]), item(TILES[0]), item(TILES[0], nclx(1, 13, whole_range=False))]
    ),
    "a matrix that the stream does not have": heic([item(TILES[0], nclx(1, 13, 9))]),
    "a small alpha that is cropped with its picture": heic(
        [
            item(TILES[0], aperture(32, 32)),
            item(flat(side=32), ALPHA, aperture(32, 32), references=[(b"auxl", [1])]),
        ]
    ),
    "another picture that is two things": heic(
        [item(TILES[0]), item(coded(Image.new("L", (64, 64))), *TWO_ALPHAS, references=[(b"auxl", [1])])]
    ),
    "alpha by a name that does not end": heic(
        [item(TILES[0]), item(flat(), full_box(b"auxC", b"urn:mpeg:hevc:2015:auxid:1"), references=[(b"auxl", [1])])]
    ),
    "a picture in the configuration": heic(
        [
            Item(
                b"hvc1",
                stream(TILES[0]),
                [extent(64, 64), configuration(*TILES[0].parameters, TILES[1].parts[0], chroma=3)],
            )
        ]
    ),
    "a picture of no stated length": heic([item(TILES[0], length=0)]),
    "two pictures in one stream": heic([Item(b"hvc1", stream(TILES[0]) * 2, item(TILES[0]).properties)]),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_viewers_may_show_differently_is_refused(name: str) -> None:
    with pytest.raises(UndecodableImage):
        decode(REFUSED[name], SIDE)


def test_no_tile_is_left_out_because_it_fails() -> None:
    broken = Item(
        b"hvc1", stream(TILES[1])[:4] + bytes([40 << 1 & 0x7E, 1]) + stream(TILES[1])[6:], item(TILES[1]).properties
    )
    with pytest.raises(UndecodableImage):
        decode(heic([grid((128, 64), 2, [2, 3]), item(TILES[0]), broken]), SIDE)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (b"av01", "in AV1"),
        (b"jpeg", "in JPEG"),
        (b"unci", "not compressed"),
        (b"iovl", "on top of each other"),
        (b"iden", "derived from another"),
        (b"lhv1", "not all viewers know"),
    ],
)
def test_other_pictures_are_refused_by_name(kind: bytes, words: str) -> None:
    with pytest.raises(UnsupportedFormat, match=words):
        decode(heic([Item(kind, b"", item(TILES[0]).properties)]), SIDE)


@pytest.mark.parametrize("bits", [*range(9, 16)])
def test_depths_that_only_a_box_states_count_for_nothing(bits: int) -> None:
    grey = coded(Image.new("L", (64, 64), 77))
    says = configuration(*grey.parameters, chroma=0, bits=bits)
    data = heic([Item(b"hvc1", stream(grey), [extent(64, 64), says])])
    assert shown(data).mean() == pytest.approx(77, abs=2)


@pytest.mark.parametrize(
    "name",
    [
        b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0",
        b"urn:mpeg:hevc:2015:auxid:1\0",
        b"urn:mpeg:avc:2015:auxid:1\0",
    ],
)
def test_alpha_is_known_by_any_of_its_names(name: bytes) -> None:
    levels = item(coded(Image.new("L", (64, 64), 9)), full_box(b"auxC", name), references=[(b"auxl", [1])])
    assert len(seen(heic([item(TILES[0]), levels]))) == 3


def test_what_only_begins_like_alpha_hides_nothing() -> None:
    name = full_box(b"auxC", b"urn:mpeg:hevc:2015:auxid:10\0")
    levels = item(coded(Image.new("L", (64, 64), 9)), name, references=[(b"auxl", [1])])
    assert alike(shown(heic([item(TILES[0]), levels])), expected(Image.new("RGB", (64, 64), "red")))


def test_a_stream_that_says_that_its_rows_begin_elsewhere_is_refused() -> None:
    """libheif believes it, and decoders that read one row after the other do not."""
    picture = coded(Image.linear_gradient("L").convert("RGB"), **LOSSLESS)
    as_coded = np.asarray(by_libheif(heic([item(picture)]))).astype(int)
    found = []
    for bit in range(8 * 4, 8 * 16):
        part = bytearray(picture.parts[0])
        part[bit // 8] ^= 0x80 >> bit % 8
        data = heic([item(replace(picture, parts=[bytes(part)]))])
        with suppress(ValueError, RuntimeError):
            apart = np.abs(np.asarray(by_libheif(data)) - as_coded).mean((1, 2))
            if not apart[:48].any() and apart[64:].mean() > 1:
                found.append(data)
    assert found
    for data in found:
        with pytest.raises(UndecodableImage, match="breaks off"):
            decode(data, SIDE)


def test_a_short_form_of_description_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedFormat, match="short form"):
        decode(heic([item(TILES[0])], after=box(b"mini")), SIDE)


def test_sequences_are_refused_by_name() -> None:
    with pytest.raises(UnsupportedFormat, match="image sequence"):
        decode(heic([item(TILES[0])], after=box(b"moov")), SIDE)


def test_the_cap_counts_tiles_and_alpha_as_often_as_they_are_decoded() -> None:
    assert len(decode(grid_of(flat(side=512), 10, 10), SIDE).views) == 1
    with pytest.raises(TooManyPixels, match="an HEIC of this file size may have at most"):
        decode(grid_of(flat(side=512), 12, 10), SIDE)
    whole = grid((5120, 5120), 10, [2] * 100, ALPHA)
    alpha = replace(whole, references=[*whole.references, (b"auxl", [1])])
    with pytest.raises(TooManyPixels):
        decode(heic([grid((5120, 5120), 10, [2] * 100), item(flat(side=512)), alpha]), SIDE)
