"""HDR is drawn as Chromium 156 and as Firefox 153 show it: the levels here were read off their windows."""

import struct

import numpy as np
import pytest
from PIL import Image
from tests.helpers.colours import SIZE, Colour, apart, drawn, mean_apart, numbers_chunk, with_chunks
from tests.helpers.crafted import chunk
from tests.helpers.support import arrays, encoded

from moderate.images.colours.curves import HLG, PQ
from moderate.images.colours.descriptions import Numbered
from moderate.images.decode import decode
from moderate.images.limits import UndecodableImage

BT_709, BT_2020, DISPLAY_P3 = 1, 9, 12
COLOURS: list[Colour] = [
    (40, 40, 40),
    (128, 128, 128),
    (200, 200, 200),
    (200, 0, 0),
    (0, 200, 0),
    (0, 0, 200),
    (160, 80, 40),
    (191, 64, 128),
    (63, 192, 128),
]
BY_CHROMIUM: dict[Numbered, list[Colour]] = {
    Numbered(BT_2020, PQ): [
        (9, 9, 9), (132, 132, 132), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 0, 0), (255, 0, 84),
        (0, 255, 11),
    ],
    Numbered(BT_709, PQ): [
        (9, 9, 9), (132, 132, 132), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (229, 48, 9),
        (255, 21, 102), (16, 255, 89),
    ],
    Numbered(DISPLAY_P3, PQ): [
        (9, 9, 9), (132, 132, 132), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (245, 0, 0), (255, 0, 91),
        (0, 255, 43),
    ],
    Numbered(BT_2020, PQ, peak=400): [
        (14, 14, 14), (163, 163, 163), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 0, 0),
        (255, 0, 84), (0, 255, 11),
    ],
    Numbered(BT_2020, PQ, peak=4000): [
        (9, 9, 9), (132, 132, 132), (232, 232, 232), (255, 0, 0), (0, 245, 0), (0, 0, 243), (251, 0, 0), (255, 0, 73),
        (0, 238, 8),
    ],
    Numbered(BT_2020, PQ, peak=100): [
        (17, 17, 17), (181, 181, 181), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 0, 0),
        (255, 0, 175), (0, 255, 35),
    ],
    Numbered(BT_2020, HLG): [
        (21, 21, 21), (99, 99, 99), (202, 202, 202), (229, 0, 0), (0, 208, 0), (0, 0, 168), (151, 45, 14),
        (209, 0, 102), (0, 193, 96),
    ],
    Numbered(BT_709, HLG): [
        (21, 21, 21), (99, 99, 99), (202, 202, 202), (179, 0, 0), (0, 200, 0), (0, 0, 163), (124, 60, 28),
        (167, 49, 99), (54, 184, 108),
    ],
    Numbered(BT_2020, HLG, peak=400): [
        (29, 29, 29), (123, 123, 123), (242, 242, 242), (255, 0, 0), (0, 252, 0), (0, 0, 206), (186, 58, 20),
        (255, 0, 126), (0, 236, 119),
    ],
}  # fmt: skip
BY_FIREFOX: dict[Numbered, list[Colour]] = {
    Numbered(BT_2020, PQ): [
        (0, 0, 0), (24, 24, 24), (103, 103, 103), (130, 0, 0), (0, 109, 0), (0, 0, 108), (64, 0, 0), (112, 0, 23),
        (0, 95, 1),
    ],
    Numbered(BT_709, PQ): [
        (0, 0, 0), (24, 24, 24), (103, 103, 103), (103, 0, 0), (0, 103, 0), (0, 0, 103), (50, 4, 0), (88, 2, 24),
        (2, 90, 24),
    ],
    Numbered(BT_2020, HLG): [
        (22, 22, 22), (82, 82, 82), (152, 152, 152), (192, 0, 0), (0, 161, 0), (0, 0, 160), (130, 38, 10),
        (173, 0, 83), (0, 149, 73),
    ],
    Numbered(BT_709, HLG): [
        (22, 22, 22), (82, 82, 82), (152, 152, 152), (152, 0, 0), (0, 152, 0), (0, 0, 152), (106, 51, 22),
        (140, 40, 82), (39, 142, 82),
    ],
}  # fmt: skip


@pytest.mark.parametrize("description", BY_CHROMIUM, ids=str)
def test_chromium_s_picture_is_drawn(description: Numbered) -> None:
    """Greys are exact. Between the nodes of the table, a level of a colour beyond the peak may be 17 off."""
    stored, *others = drawn(description, COLOURS)
    assert stored == COLOURS
    assert min(apart(shown[:3], BY_CHROMIUM[description][:3]) for shown in others) <= 2
    assert min(mean_apart(shown, BY_CHROMIUM[description]) for shown in others) <= 2


@pytest.mark.parametrize("description", BY_FIREFOX, ids=str)
def test_firefox_s_picture_is_drawn(description: Numbered) -> None:
    assert min(apart(shown, BY_FIREFOX[description]) for shown in drawn(description, COLOURS)) <= 1


def test_colours_that_a_screen_lacks_are_drawn_near_those_at_its_edge() -> None:
    """With a table that ended at black, the red of the first was 90 levels too high."""
    by_chromium: dict[Colour, Colour] = {
        (205, 235, 39): (0, 255, 0),
        (134, 81, 129): (179, 0, 140),
        (226, 209, 183): (255, 185, 113),
        (158, 9, 74): (255, 0, 25),
        (7, 94, 106): (0, 71, 89),
        (115, 176, 173): (0, 248, 226),
    }
    pictures = drawn(Numbered(BT_2020, PQ), by_chromium)
    wanted = list(by_chromium.values())
    assert min(apart(shown, wanted) for shown in pictures) <= 25
    assert min(mean_apart(shown, wanted) for shown in pictures) <= 3


# Half transparent, on white, black and grey.
@pytest.mark.parametrize(
    ("primaries", "transfer", "colour", "shown"),
    [
        (BT_2020, PQ, (200, 0, 0), [(255, 127, 127), (160, 0, 0), (223, 64, 64)]),
        (BT_2020, PQ, (0, 200, 0), [(127, 255, 127), (0, 135, 0), (64, 199, 64)]),
        (BT_709, PQ, (200, 0, 0), [(255, 127, 127), (153, 0, 0), (217, 64, 64)]),
        (BT_2020, HLG, (255, 0, 0), [(255, 127, 127), (155, 0, 0), (218, 64, 64)]),
        (BT_2020, PQ, (200, 200, 200), [(255, 255, 255), (128, 128, 128), (192, 192, 192)]),
    ],
)
def test_transparent_hdr_is_cut_off_at_white_on_its_page(
    primaries: int, transfer: int, colour: Colour, shown: list[Colour]
) -> None:
    data = clear(numbers_chunk(primaries, transfer), colour)
    judged = [view.reshape(-1, 3)[0] for view in arrays(decode(data, SIZE))]
    for wanted in shown:
        assert min(int(np.abs(view.astype(int) - wanted).max()) for view in judged) <= 3


def test_transparent_hdr_that_is_not_toned_down_is_refused() -> None:
    """Its light may be 49 times as bright as white."""
    dim = numbers_chunk(BT_2020, PQ) + chunk(b"cLLI", struct.pack(">II", 100 * 10_000, 0))
    assert decode(clear(dim, (200, 200, 200), 255), SIZE).views
    with pytest.raises(UndecodableImage, match="colour metadata differently") as raised:
        decode(clear(dim, (200, 200, 200)), SIZE)
    assert raised.value.detail == "transparent light far beyond white"


@pytest.mark.parametrize(("nits", "is_refused"), [(10_000, False), (10_001, True)])
def test_hdr_brighter_than_pq_can_state_is_refused(nits: int, is_refused: bool) -> None:
    """Chromium draws 757 nits darker than 424 where a picture says that it gets to 20,000."""
    chunks = numbers_chunk(BT_2020, PQ) + chunk(b"cLLI", struct.pack(">II", nits * 10_000, 0))
    data = with_chunks(encoded(Image.new("RGB", (8, 8), (200, 200, 200)), "PNG"), chunks)
    if not is_refused:
        assert decode(data, SIZE).views
        return
    with pytest.raises(UndecodableImage, match="colour metadata differently") as raised:
        decode(data, SIZE)
    assert raised.value.detail == "UnusableColours: HDR of more than 10,000 nits"


def clear(chunks: bytes, colour: Colour, opaque: int = 128) -> bytes:
    return with_chunks(encoded(Image.new("RGBA", (8, 8), (*colour, opaque)), "PNG"), chunks)
