"""A PNG that browsers show though it breaks rules is judged as they show it."""

import struct
import zlib
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from tests.helpers.crafted import (
    COLOUR,
    GREY,
    GREYS,
    PALETTE,
    PNG_SIGNATURE,
    Control,
    apng,
    chunk,
    png,
    png_header,
    png_pixels,
)
from tests.helpers.support import arrays

from moderate.images.decode import decode
from moderate.images.limits import UndecodableImage

SIZE = 8
LEVELS = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE))
HEADER, END = png_header(SIZE, SIZE), chunk(b"IEND")
COMPRESSED = png_pixels(LEVELS)
PIXELS = chunk(b"IDAT", COMPRESSED)
TEXT = chunk(b"tEXt", b"Comment\0hello")
PALETTE_CHUNK = chunk(b"PLTE", GREYS)
CLEAR = chunk(b"tRNS", bytes(256))
TURNED = chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1" + struct.pack(">HHI", 6, 0, 0))
HALF = len(COMPRESSED) // 2
UNCHECKED = COMPRESSED[:-4] + bytes(4)
PICTURE = LEVELS.tolist()


def spoiled(whole: bytes) -> bytes:
    """Returns a chunk with a wrong checksum."""
    return whole[:-1] + bytes([whole[-1] ^ 1])


def shown(data: bytes) -> list[list[list[int]]]:
    """Returns the levels of the red channel in every view."""
    return [view[:, :, 0].tolist() for view in arrays(decode(data, SIZE))]


@pytest.mark.parametrize(
    "data",
    [
        HEADER + spoiled(TEXT) + PIXELS + END,
        HEADER + PIXELS + spoiled(TEXT) + END,
        HEADER + spoiled(TURNED) + PIXELS + END,
        HEADER + spoiled(PIXELS) + END,
        HEADER + PIXELS + spoiled(END),
        HEADER + PIXELS + END[:-2],
        HEADER + PIXELS,
        HEADER + PIXELS[:-4],
        HEADER + PIXELS + TEXT[:-6],
        HEADER + chunk(b"IDAT", COMPRESSED[:-4]) + TEXT + chunk(b"IDAT", COMPRESSED[-4:]) + END,
        HEADER + chunk(b"PLTE", GREYS + b"\0") + PIXELS + END,
        HEADER + chunk(b"acTL", struct.pack(">II", 1, 0)) + PIXELS + END,
        HEADER + chunk(b"acTL", bytes(8)) + PIXELS + END,
        HEADER + PIXELS + chunk(b"acTL", struct.pack(">II", 1, 0)) + END,
        png(LEVELS, 8, PALETTE, PALETTE_CHUNK, after=CLEAR),
        png(LEVELS, 8, PALETTE, CLEAR + PALETTE_CHUNK),
        png(LEVELS, 8, PALETTE, PALETTE_CHUNK + chunk(b"tRNS")),
        png(LEVELS, 8, PALETTE, PALETTE_CHUNK + chunk(b"tRNS", bytes(257))),
        png(LEVELS, 8, PALETTE, PALETTE_CHUNK + spoiled(CLEAR)),
        png(LEVELS, 8, PALETTE, PALETTE_CHUNK + chunk(b"tRNS", b"\xff") + CLEAR),
        png(LEVELS, 8, GREY, chunk(b"tRNS", b"\0")),
    ],
    ids=[
        "text with a wrong checksum",
        "text behind the pixels with a wrong checksum",
        "exif with a wrong checksum",
        "pixels with a wrong checksum",
        "an end with a wrong checksum",
        "half an end",
        "no end",
        "pixels without a checksum",
        "half a text",
        "text between the pixels and what checks them",
        "a palette beside greys",
        "an animation without frames",
        "an animation of no frames",
        "an animation announced behind the pixels",
        "transparency behind the pixels",
        "transparency before the palette",
        "empty transparency",
        "transparency of more than 256 colours",
        "transparency with a wrong checksum",
        "transparency twice",
        "half a transparent grey",
    ],
)
def test_what_browsers_pass_over_changes_nothing(data: bytes) -> None:
    assert shown(data) == [PICTURE]


def test_pixels_with_a_wrong_checksum_of_their_own_are_judged_without_their_last_row_too() -> None:
    """Firefox leaves it out."""
    on_white, on_black, on_grey, whole = shown(HEADER + chunk(b"IDAT", UNCHECKED) + END)
    assert whole == PICTURE
    assert on_white == [*PICTURE[:-1], [255] * SIZE]
    assert on_black == [*PICTURE[:-1], [0] * SIZE]
    assert on_grey == [*PICTURE[:-1], [128] * SIZE]


def test_pixels_that_nothing_follows_are_judged_without_the_rows_that_firefox_does_not_get_too() -> None:
    """Its zlib has taken the last byte, and still keeps what a few bits of that stand for."""
    levels = np.vstack([np.tile(np.arange(32), (16, 1)), np.full((16, 32), 77)])
    data = png_header(32, 32) + chunk(b"IDAT", png_pixels(levels)[:-4])
    on_white, on_black, _, whole = (view[:, :, 0] for view in arrays(decode(data, 32)))
    assert (whole == levels).all()
    for view, page in ((on_white, 255), (on_black, 0)):
        assert (view[:26] == levels[:26]).all()
        assert (view[26:] == page).all()


def test_interlaced_pixels_with_a_wrong_checksum_of_their_own_are_refused() -> None:
    """Firefox leaves out the last row of the last pass, which is not the last one of the picture."""
    header = bytearray(png_header(1, 1)[16:29])
    header[12] = 1
    one = PNG_SIGNATURE + chunk(b"IHDR", bytes(header))
    with pytest.raises(UndecodableImage) as refusal:
        decode(one + chunk(b"IDAT", png_pixels(LEVELS[:1, :1])[:-4] + bytes(4)) + END, SIZE)
    assert refusal.value.detail == "DamagedPng: interlaced rows with a wrong checksum"


def test_the_last_row_of_many_does_not_count() -> None:
    tall = np.tile(LEVELS, (40, 1))
    data = png_header(SIZE, 320) + chunk(b"IDAT", png_pixels(tall)[:-4] + bytes(4)) + END
    assert len(shown(data)) == 1


@pytest.mark.parametrize("entries", [200, 256])
def test_transparency_of_more_colours_than_there_are_is_cut_off_and_ignored(entries: int) -> None:
    """Chromium does one, Firefox the other."""
    levels = LEVELS // 2
    data = png(levels, 8, PALETTE, chunk(b"PLTE", GREYS[: 3 * 128]) + chunk(b"tRNS", bytes(entries)))
    blank = [[[page] * SIZE] * SIZE for page in (255, 0, 128)]
    assert shown(data) == [*blank, levels.tolist()]


@pytest.mark.parametrize(("depth", "key"), [(8, 256 + 3), (4, 256 + 3), (1, 512 + 1)])
def test_bits_that_no_pixel_has_do_not_count_in_a_transparent_grey(depth: int, key: int) -> None:
    levels = np.zeros((SIZE, SIZE), int)
    levels[0] = key & (1 << depth) - 1
    on_white, on_black, _ = shown(png(levels, depth, GREY, chunk(b"tRNS", struct.pack(">H", key))))
    assert on_white == [[255] * SIZE, *[[0] * SIZE] * 7]
    assert on_black == [[0] * SIZE] * SIZE


@pytest.mark.parametrize(("depth", "key"), [(4, 16 + 3), (2, 128 + 1), (1, 2 + 1)])
def test_bits_of_a_byte_that_no_pixel_has_count_in_chromium_and_not_in_firefox(depth: int, key: int) -> None:
    levels = np.zeros((SIZE, SIZE), int)
    levels[0] = key & (1 << depth) - 1
    on_white, on_black, _, opaque = shown(png(levels, depth, GREY, chunk(b"tRNS", struct.pack(">H", key))))
    assert on_white == [[255] * SIZE, *[[0] * SIZE] * 7]
    assert on_black == [[0] * SIZE] * SIZE
    assert opaque == [[255 // ((1 << depth) - 1) * levels[0][0]] * SIZE, *[[0] * SIZE] * 7]


def test_bits_that_no_pixel_has_do_not_count_in_a_transparent_colour() -> None:
    levels = np.full((SIZE, SIZE, 3), 7)
    on_white, on_black, _ = shown(png(levels, 8, COLOUR, chunk(b"tRNS", struct.pack(">3H", 256 + 7, 7, 512 + 7))))
    assert (on_white, on_black) == ([[255] * SIZE] * SIZE, [[0] * SIZE] * SIZE)


def test_a_transparent_colour_is_found_in_16_bits() -> None:
    """Pillow decodes 8 bits of each level, and could not tell the upper half from the lower."""
    levels = np.full((SIZE, SIZE, 3), 0x1234)
    levels[4:] = 0x1235
    on_white, on_black, _ = shown(png(levels, 16, COLOUR, chunk(b"tRNS", struct.pack(">3H", *[0x1235] * 3))))
    assert on_white == [[0x12] * SIZE] * 4 + [[255] * SIZE] * 4
    assert on_black == [[0x12] * SIZE] * 4 + [[0] * SIZE] * 4


@pytest.mark.parametrize("kind", [b"tEXt", b"tIME", b"ABCD"])
def test_pixels_that_others_interrupt_are_refused_with_words_of_their_own(kind: bytes) -> None:
    """Chromium shows at most the part that comes first. The file is whole."""
    with pytest.raises(UndecodableImage, match="interrupted") as refusal:
        decode(HEADER + chunk(b"IDAT", COMPRESSED[:HALF]) + chunk(kind) + chunk(b"IDAT", COMPRESSED[HALF:]) + END, SIZE)
    assert refusal.value.detail == "InterruptedPng: fewer rows than announced"


@pytest.mark.parametrize("end", [len(HEADER) + 8 + HALF, -len(END) - 4 - 12])
def test_a_file_that_ends_within_its_pixels_is_refused_as_broken_off(end: int) -> None:
    with pytest.raises(UndecodableImage, match="breaks off"):
        decode((HEADER + PIXELS + END)[:end], SIZE)


def test_pixels_behind_others_with_a_wrong_checksum_are_refused() -> None:
    """Browsers lose some of them."""
    parts = spoiled(chunk(b"IDAT", COMPRESSED[:HALF])) + chunk(b"IDAT", COMPRESSED[HALF:])
    with pytest.raises(UndecodableImage) as refusal:
        decode(HEADER + parts + END, SIZE)
    assert refusal.value.detail == "DamagedPng: a wrong checksum"


def test_pixels_that_are_damaged_inside_are_refused() -> None:
    raw = b"".join(b"\7" + row.astype(np.uint8).tobytes() for row in LEVELS)
    with pytest.raises(UndecodableImage):
        decode(HEADER + chunk(b"IDAT", zlib.compress(raw)) + END, SIZE)


GREY_FRAME, WHITE_FRAME, BLACK_FRAME = (np.full((SIZE, SIZE), level) for level in (128, 255, 0))
ANIMATION = apng([(GREY_FRAME, Control()), (WHITE_FRAME, Control()), (BLACK_FRAME, Control())])


def chunks() -> Iterator[bytes]:
    position = len(PNG_SIGNATURE)
    while position < len(ANIMATION):
        end = position + 12 + int.from_bytes(ANIMATION[position : position + 4])
        yield ANIMATION[position:end]
        position = end


def edited(start: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Returns the animation with each chunk changed whose kind and body begin with `start`."""
    return PNG_SIGNATURE + b"".join(change(each) if each[4:].startswith(start) else each for each in chunks())


def replaced(start: bytes, by: bytes) -> bytes:
    return edited(start, lambda whole: chunk(by[:4], by[4:] + whole[4 + len(by) : -4]))


@pytest.mark.parametrize(
    "data",
    [
        ANIMATION[: -len(END)],
        ANIMATION[: -len(END) - 3],
        edited(b"IEND", spoiled),
        edited(b"IDAT", spoiled),
        edited(b"fcTL", spoiled),
        edited(b"fdAT", spoiled),
        edited(b"acTL", spoiled),
        edited(b"acTL", lambda whole: whole + whole),
        replaced(b"acTL", b"acTL\0\0\0\0"),
        replaced(b"acTL", b"acTL\0\0\0\1"),
        replaced(b"acTL", b"acTL\0\0\0\2"),
        replaced(b"acTL", b"acTL\0\0\0\4"),
    ],
)
def test_every_frame_is_judged_though_some_viewers_stop_before(data: bytes) -> None:
    assert [view.mean() for view in arrays(decode(data, SIZE))] == [128, 255, 0]


@pytest.mark.parametrize(
    "control",
    [
        b"fcTL\0\0\0\3\0\0\0\x09",
        b"fcTL\0\0\0\3\0\0\0\0",
        b"fcTL\0\0\0\3\0\0\0\x08\0\0\0\x08\0\0\0\1",
        b"fcTL\0\0\0\3\0\0\0\x08\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\7",
    ],
    ids=["too wide", "of no width", "beyond the edge", "with an unknown disposal"],
)
def test_an_animation_ends_where_browsers_stop(control: bytes) -> None:
    assert [view.mean() for view in arrays(decode(replaced(b"fcTL\0\0\0\3", control), SIZE))] == [128, 255]


def test_a_default_image_whose_frame_does_not_cover_it_stands_alone() -> None:
    """Firefox shows the other frames, and a viewer without animations this one."""
    data = replaced(b"fcTL\0\0\0\0", b"fcTL\0\0\0\0\0\0\0\x07")
    assert [view.mean() for view in arrays(decode(data, SIZE))] == [128, 255, 0]
