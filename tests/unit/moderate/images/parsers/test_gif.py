"""A GIF is judged as browsers show it."""

import numpy as np
import pytest
from tests.helpers.crafted import GREYS, GifFrame, blocks, gif, gif_frame, gif_head, gif_pixels
from tests.helpers.support import arrays

from moderate.images.decode import decode
from moderate.images.decoded import Frames, Picture
from moderate.images.limits import UndecodableImage

SIZE = 8
SCREEN = (SIZE, SIZE)
LEVELS = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE))
GREY, WHITE, BLACK = (np.full((SIZE, SIZE), level) for level in (128, 255, 0))
DOT = np.zeros((1, 1), int)


def picture(data: bytes) -> Picture:
    return decode(data, SIZE)


def means(data: bytes) -> list[float]:
    return [float(view.mean()) for view in arrays(picture(data))]


def test_a_single_frame_is_shown_as_it_is() -> None:
    found = picture(gif([GifFrame(LEVELS)], SCREEN))
    assert found.frames == Frames(judged=1, total=1)
    assert [view[:, :, 0].tolist() for view in arrays(found)] == [LEVELS.tolist()]


def test_every_frame_is_judged() -> None:
    assert means(gif([GifFrame(GREY), GifFrame(WHITE), GifFrame(BLACK)], SCREEN)) == [128, 255, 0]


def test_what_no_frame_covers_is_transparent() -> None:
    assert means(gif([GifFrame(np.full((4, 8), 128))], SCREEN)) == [191.5, 64, 128]


def test_a_cleared_frame_leaves_its_place_transparent_whatever_the_background_colour() -> None:
    """In Pillow's player, which clears to the background colour, the dot would be black on black."""
    frames = [GifFrame(BLACK, disposal=2), GifFrame(DOT, at=(3, 3), transparent=255)]
    on_white = arrays(picture(gif(frames, SCREEN, background=0)))[1]
    assert on_white.mean() == pytest.approx(255 * 63 / 64)


@pytest.mark.parametrize("disposal", [3, 4])
def test_a_restored_frame_leaves_what_was_there(disposal: int) -> None:
    frames = [GifFrame(GREY), GifFrame(WHITE, disposal=disposal), GifFrame(np.full((4, 8), 0))]
    assert means(gif(frames, SCREEN)) == [128, 255, 64]


@pytest.mark.parametrize("controlled", [True, False])
def test_disposal_is_of_its_frame_alone(controlled: bool) -> None:
    """Pillow keeps the disposal for later frames that ask for none, so it never sees what they build up together."""
    rows = [GifFrame(np.full((1, 8), 90), at=(0, row), controlled=controlled) for row in range(8)]
    found = picture(gif([GifFrame(DOT, disposal=2), *rows], SCREEN))
    assert arrays(found)[-1].tolist() == np.full((8, 8, 3), 90).tolist()


def test_transparency_is_of_its_frame_alone() -> None:
    frames = [GifFrame(GREY, transparent=200), GifFrame(np.full((8, 8), 200), controlled=False)]
    assert means(gif(frames, SCREEN)) == [128, 200]


def test_a_frame_may_have_a_palette_of_its_own() -> None:
    inverted = bytes(255 - level for level in GREYS)
    own = gif_frame(GifFrame(np.full((8, 8), 55), controlled=False))
    own = own[:9] + b"\x87" + inverted + own[10:]
    assert means(gif_head(SCREEN) + own + b";") == [200]


def test_an_interlaced_frame_is_put_in_order() -> None:
    order = [0, 4, 2, 6, 1, 3, 5, 7]
    data = bytearray(gif([GifFrame(LEVELS[order])], SCREEN))
    data[data.index(b",\0\0\0\0\x08\0\x08\0") + 9] |= 0x40
    assert arrays(picture(bytes(data)))[0][:, :, 0].tolist() == LEVELS.tolist()


def test_a_single_interlaced_row_is_judged_as_it_is_drawn_and_as_nothing() -> None:
    """Firefox draws nothing of it, on what is left of the frame before, and still clears its place afterwards."""
    row = GifFrame(np.full((1, 8), 255), at=(0, 3), disposal=2)
    for before, by_chromium, by_firefox in ((0, 255 / 8, 0), (2, (255 + 7 * 128) / 8, 128)):
        data = bytearray(gif([GifFrame(BLACK, disposal=before), row, GifFrame(DOT, at=(3, 3), transparent=0)], SCREEN))
        data[data.index(b",\0\0\3\0\x08\0\x01\0") + 9] |= 0x40
        found = means(bytes(data))
        assert {by_chromium, by_firefox} <= set(found)
        # The row is gone from the last frame, on the white page.
        assert (255 / 8 if before == 0 else 255) in found


def test_a_first_interlaced_row_is_judged_in_the_colours_of_each_browser() -> None:
    """Without a palette it is black in Chromium and white in Firefox, which shows it until it comes round again."""
    row = bytearray(gif_frame(GifFrame(np.full((1, 8), 0), controlled=False)))
    row[9] |= 0x40
    data = b"GIF89a\x08\0\x08\0\x70\0\0" + row + gif_frame(GifFrame(DOT, controlled=False)) + b";"
    on_black_in_firefox = {255 / 8, 0, 255 / 64}
    assert on_black_in_firefox <= set(means(data))


def test_the_canvas_grows_for_the_first_frame_alone() -> None:
    """A later frame may not push the picture into a corner."""
    assert means(gif([GifFrame(GREY)], (1, 1))) == [128]
    assert means(gif([GifFrame(GREY), GifFrame(np.full((50, 50), 255), at=(4, 0))], SCREEN)) == [128, 191.5]


@pytest.mark.parametrize("end", [b";", b"", b"\0\0\0", b";anything"])
def test_however_it_ends_it_is_judged(end: bytes) -> None:
    assert means(gif([GifFrame(GREY), GifFrame(WHITE)], SCREEN)[:-1] + end) == [128, 255]


@pytest.mark.parametrize("between", [b"\0", b"\0\0\0", b"garbage"])
def test_frames_behind_what_is_no_block_are_judged(between: bytes) -> None:
    """Browsers stop there; other viewers go on."""
    head = gif_head(SCREEN) + gif_frame(GifFrame(GREY)) + between
    assert means(head + b";") == [128]
    assert means(head + gif_frame(GifFrame(WHITE)) + b";") == [128, 255]


@pytest.mark.parametrize("end", [b"!", b"!\xf9\x04", b"!\xfe\x05ab", b",\0\0\0", gif_frame(GifFrame(WHITE))[:17]])
def test_a_file_that_ends_before_its_next_frame_begins_shows_those_before(end: bytes) -> None:
    assert means(gif_head(SCREEN) + gif_frame(GifFrame(GREY)) + end) == [128]


def test_a_file_that_ends_before_the_pixels_of_a_frame_is_refused() -> None:
    """Firefox shows another picture: what the frame before leaves behind."""
    with pytest.raises(UndecodableImage, match="breaks off") as raised:
        decode(gif_head(SCREEN) + gif_frame(GifFrame(GREY, disposal=2)) + gif_frame(GifFrame(WHITE))[:18], SIZE)
    assert raised.value.detail == "BreaksOff: a frame without pixels"


def test_pixels_without_their_end_are_shown() -> None:
    assert means(gif_head(SCREEN) + gif_frame(GifFrame(GREY))[:-1]) == [128]


def test_comments_and_applications_are_passed_over() -> None:
    comment = b"!\xfe" + b"".join(blocks(bytes(1000))) + b"\0"
    assert means(gif_head(SCREEN) + comment + gif_frame(GifFrame(GREY)) + comment + b";") == [128]


def test_a_frame_with_too_few_pixels_is_refused_as_broken_off() -> None:
    """The rest would show what is beneath in a browser, and the first palette colour in Pillow."""
    whole = gif([GifFrame(GREY)], SCREEN)
    with pytest.raises(UndecodableImage, match="breaks off"):
        picture(whole.replace(gif_pixels(GREY), gif_pixels(GREY[:4])))


@pytest.mark.parametrize("size", [0, 1, 9, 12])
def test_a_code_size_that_no_gif_has_is_refused(size: int) -> None:
    """Firefox draws some of these, and Pillow or Chromium others."""
    whole = gif([GifFrame(GREY)], SCREEN)
    with pytest.raises(UndecodableImage) as refusal:
        picture(whole.replace(gif_pixels(GREY), bytes([size]) + gif_pixels(GREY)[1:]))
    assert refusal.value.detail == "DamagedGif: a code size that no GIF has"


def test_a_file_without_a_frame_is_refused() -> None:
    with pytest.raises(UndecodableImage) as refusal:
        picture(gif([], SCREEN))
    assert refusal.value.detail == "BreaksOff: no frame"
