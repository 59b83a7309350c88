"""Each file here would show a person one picture and Pillow another: it is judged as a person sees it, or refused."""

import struct
from collections.abc import Callable

import numpy as np
import pytest
from tests.helpers.colours import gamma_chunk
from tests.helpers.crafted import (
    COLOUR_ALPHA,
    GREY,
    GREY_ALPHA,
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
from moderate.images.decoded import Frames, Picture
from moderate.images.limits import UndecodableImage

SIZE = 8
LEVELS = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE))
PIXELS = chunk(b"IDAT", png_pixels(LEVELS))
END = chunk(b"IEND")
PALETTE_CHUNK = chunk(b"PLTE", GREYS)
ALL_TRANSPARENT = chunk(b"tRNS", bytes(256))


def picture(data: bytes) -> Picture:
    return decode(data, SIZE)


def shown(data: bytes) -> list[list[list[int]]]:
    """Returns the levels of the red channel in every view."""
    return [view[:, :, 0].tolist() for view in arrays(picture(data))]


def flaw(data: bytes) -> str:
    """Returns the rule that the log names if a file is refused."""
    with pytest.raises(UndecodableImage) as refusal:
        picture(data)
    return refusal.value.detail.removeprefix("DamagedPng: ").removeprefix("BreaksOff: ")


@pytest.mark.parametrize(
    "keyword", ["interlace", "transparency", "bbox", "duration", "disposal", "blend", "default_image", "exif"]
)
@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt"])
def test_text_does_not_steer_the_decoder(kind: bytes, keyword: str) -> None:
    text = chunk(kind, keyword.encode() + b"\0\x01\0\0\0\0")
    assert shown(png(LEVELS, before=text)) == shown(png(LEVELS)) == [LEVELS.tolist()]


def test_a_profile_larger_than_pillow_takes_is_no_reason_to_refuse_a_picture() -> None:
    profile = chunk(b"iCCP", b"profile\0\0" + png_pixels(np.zeros((3000, 1000))))
    assert shown(png(LEVELS, before=profile)) == [LEVELS.tolist()]


def test_what_follows_the_end_is_ignored() -> None:
    assert shown(png(LEVELS) + b"PK\x03\x04" + bytes(100)) == [LEVELS.tolist()]


def test_transparency_besides_an_alpha_channel_is_ignored() -> None:
    levels = np.dstack([LEVELS, LEVELS, LEVELS, np.full_like(LEVELS, 255)])
    assert shown(png(levels, 8, COLOUR_ALPHA, chunk(b"tRNS", bytes(6)))) == [LEVELS.tolist()]


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_the_transparent_grey_is_found_in_every_depth(depth: int) -> None:
    brightest = (1 << depth) - 1
    levels = np.where(np.indices((SIZE, SIZE)).sum(0) % 2, brightest, 0)
    on_white, on_black, *_ = shown(png(levels, depth, GREY, chunk(b"tRNS", struct.pack(">H", brightest))))
    assert on_white == np.where(levels == brightest, 255, 0).tolist()
    assert on_black == np.zeros_like(levels).tolist()


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_no_other_grey_of_a_shallow_picture_is_transparent(depth: int) -> None:
    """Pillow widens levels to 8 bits, but not the transparent one: 1 of 0 to 3 is none of 0, 85, 170 and 255."""
    levels = np.tile(np.arange(1 << depth), (1 << depth, 1))
    on_white, on_black, *_ = (
        view[0, :, 0]
        for view in arrays(decode(png(levels, depth, GREY, chunk(b"tRNS", struct.pack(">H", 1))), 1 << depth))
    )
    assert np.flatnonzero(on_white != on_black).tolist() == [1]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (png_header(SIZE, SIZE) + chunk(b"IHDR", png_header(4, 4)[16:29]) + PIXELS + END, "two IHDR chunks"),
        (png_header(SIZE, SIZE) + END, "no pixels"),
        (png(LEVELS).replace(b"IDAT", b"IDAU"), "no pixels"),
        (PNG_SIGNATURE + PIXELS + END, "no header"),
        (PNG_SIGNATURE + chunk(b"IHDR", b"\0\0\0\x08") + PIXELS + END, "IndexError"),
        (png(LEVELS, 8, PALETTE, chunk(b"PLTE", GREYS + b"\0\0\0")), "a palette of more than 256 colours"),
    ],
    ids=[
        "two headers",
        "no pixels",
        "a name that its checksum denies",
        "no header",
        "a short header",
        "a long palette",
    ],
)
def test_a_broken_structure_is_refused(data: bytes, why: str) -> None:
    assert flaw(data) == why


GREY_FRAME, WHITE_FRAME, BLACK_FRAME = (np.full((SIZE, SIZE), level) for level in (128, 255, 0))


def test_a_default_image_that_is_not_of_the_animation_is_judged_too() -> None:
    found = picture(apng([(WHITE_FRAME, Control()), (BLACK_FRAME, Control())], default=GREY_FRAME))
    assert found.frames == Frames(judged=3, total=3)
    assert [view.mean() for view in arrays(found)] == [128, 255, 0]


def test_one_frame_behind_a_default_image_is_judged() -> None:
    found = picture(apng([(WHITE_FRAME, Control())], default=GREY_FRAME))
    assert [view.mean() for view in arrays(found)] == [128, 255]


def test_the_default_image_does_not_lie_beneath_the_first_frame() -> None:
    """Black on transparent is visible on a white page, whatever the default image is."""
    levels = np.dstack([np.zeros((SIZE, SIZE, 3)), LEVELS])
    opaque_black = np.dstack([np.zeros((SIZE, SIZE, 3)), np.full((SIZE, SIZE), 255)])
    found = picture(apng([(levels, Control(over=True))], COLOUR_ALPHA, default=opaque_black))
    assert any(view.std() > 50 for view in arrays(found))


def test_what_an_opaque_animation_clears_is_transparent() -> None:
    """If the canvas were cleared to black, as Pillow does, the black dot of the last frame would be hidden."""
    dot = np.zeros((1, 1))
    found = picture(apng([(BLACK_FRAME, Control(disposal=1)), (dot, Control(at=(3, 3)))]))
    on_white = arrays(found)[1]
    assert on_white.mean() == pytest.approx(255 * 63 / 64)
    assert on_white[3, 3].tolist() == [0, 0, 0]


def test_a_frame_is_drawn_over_the_one_before_it() -> None:
    found = picture(apng([(WHITE_FRAME, Control()), (np.zeros((4, 8)), Control(at=(0, 4)))]))
    assert [view.mean() for view in arrays(found)] == [255, 127.5]


def test_a_shallow_transparent_grey_is_found_in_animations_too() -> None:
    data = apng([(WHITE_FRAME, Control()), (GREY_FRAME, Control())], before=chunk(b"tRNS", b"\0\x80"))
    assert [view.mean() for view in arrays(picture(data))] == [255, 0, 128]


def edited(change: Callable[[bytes], bytes]) -> bytes:
    """Returns an animation of three frames in which `change` edited every chunk; the checksums are right."""
    data = apng([(GREY_FRAME, Control()), (WHITE_FRAME, Control()), (BLACK_FRAME, Control())])
    out, position = PNG_SIGNATURE, 8
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        whole = change(data[position + 4 : position + 8 + length])
        out += chunk(whole[:4], whole[4:]) if whole else b""
        position += length + 12
    return out


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"fcTL\0\0\0\1", b"fcTL\0\0\0\7", "frames out of sequence"),
        (b"fdAT\0\0\0\2", b"fdAT\0\0\0\1", "frames out of sequence"),
    ],
    ids=[
        "a wrong number",
        "a number twice",
    ],
)
def test_a_broken_animation_is_refused(old: bytes, new: bytes, why: str) -> None:
    assert flaw(edited(lambda whole: new + whole[len(old) :] if whole.startswith(old) else whole)) == why


def test_a_frame_announced_and_not_given_is_refused() -> None:
    """Otherwise every frame would be drawn as the one before it asked."""
    frame = struct.pack(">IIIIHHBB", SIZE, SIZE, 0, 0, 1, 10, 0, 0)
    out = png_header(SIZE, SIZE) + chunk(b"acTL", struct.pack(">II", 2, 0)) + PIXELS
    out += chunk(b"fcTL", bytes(4) + frame) + chunk(b"fcTL", b"\0\0\0\1" + frame)
    assert flaw(out + chunk(b"fdAT", b"\0\0\0\2" + png_pixels(LEVELS)) + END) == "a frame without pixels"


def test_pixels_before_the_only_frame_are_not_its_own() -> None:
    frame = struct.pack(">IIIIHHBB", SIZE, SIZE, 0, 0, 1, 10, 0, 0)
    out = png_header(SIZE, SIZE) + chunk(b"acTL", struct.pack(">II", 1, 0)) + PIXELS
    assert flaw(out + chunk(b"fcTL", bytes(4) + frame) + END) == "a frame without pixels"


def test_frames_are_seen_that_are_blended_before_and_after_their_colours_are_drawn() -> None:
    """Chromium lays a frame over the last and draws the colours of both, and Firefox draws the colours first."""
    below, above = (np.full((SIZE, SIZE, 2), (level, alpha)) for level, alpha in ((0, 255), (255, 128)))
    frames = [(below, Control()), (above, Control(over=True))]
    found = {int(view[0, 0, 0]) for view in arrays(decode(apng(frames, GREY_ALPHA, before=gamma_chunk(1)), SIZE))}
    # Of linear light, 128 is shown as 188.
    assert {0, 128, 188} == found


@pytest.mark.parametrize("orientation", [1, 6])
def test_interlaced_rows_that_are_turned_are_refused(orientation: int) -> None:
    """Firefox shows half of such a picture."""
    turning = b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1" + struct.pack(">HHI", orientation, 0, 0)
    still = png(LEVELS, before=chunk(b"eXIf", turning))
    interlaced = bytearray(png_header(1, 1)[16:29])
    interlaced[12] = 1
    one = PNG_SIGNATURE + chunk(b"IHDR", bytes(interlaced)) + chunk(b"eXIf", turning)
    decode(still, SIZE)
    if orientation == 1:
        decode(one + chunk(b"IDAT", png_pixels(LEVELS[:1, :1])) + END, SIZE)
    else:
        assert flaw(one + chunk(b"IDAT", png_pixels(LEVELS[:1, :1])) + END) == "interlaced rows that are turned"


@pytest.mark.parametrize("over", [0, 1])
def test_a_frame_without_all_its_rows_is_refused(over: int) -> None:
    """Firefox leaves there what was there, or nothing, and Pillow draws black."""

    def change(whole: bytes) -> bytes:
        if whole.startswith(b"fcTL\0\0\0\1"):
            return whole[:-1] + bytes([over])
        return whole[:8] + png_pixels(WHITE_FRAME[:-1]) if whole.startswith(b"fdAT\0\0\0\2") else whole

    assert flaw(edited(change)) == "fewer rows than announced"


def test_frames_without_an_announced_animation_are_no_animation() -> None:
    data = edited(lambda whole: b"" if whole.startswith(b"acTL") else whole)
    assert picture(data).frames == Frames(judged=1, total=1)
    assert [view.mean() for view in arrays(picture(data))] == [128]
