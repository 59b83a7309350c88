"""Colours by number are drawn as Chromium 156 and Firefox 153 show them: these levels were read off their windows."""

from dataclasses import replace

import pytest
from tests.helpers.colours import Colour, apart, drawn
from tests.helpers.profiles import SRGB, SRGB_CURVE, UPSIDE_DOWN, grey_profile, rgb_profile, tags_of, with_tags

from moderate.images.colours.curves import PQ
from moderate.images.colours.descriptions import Calibrated, Numbered
from moderate.images.colours.icc import Icc
from moderate.images.colours.spaces import BT_709
from moderate.images.limits import UndecodableImage

SRGB_NUMBER = 13
MIXED: list[Colour] = [(160, 80, 40), (63, 192, 128)]
BY_PRIMARIES: dict[int, list[Colour]] = {
    1: MIXED,
    2: MIXED,
    4: [(186, 74, 25), (0, 190, 125)],
    5: [(162, 80, 41), (47, 192, 129)],
    6: [(156, 82, 39), (78, 190, 128)],
    7: [(156, 82, 39), (78, 190, 128)],
    8: [(178, 74, 26), (0, 197, 124)],
    9: [(193, 61, 24), (0, 202, 120)],
    10: [(251, 0, 48), (0, 254, 104)],
    11: [(169, 74, 26), (0, 195, 122)],
    12: [(172, 74, 26), (0, 195, 122)],
    17: MIXED,
    22: [(161, 82, 39), (54, 189, 128)],
}
GREY = 128
# As what Chromium and Firefox show it, by transfer function. HDR has tests of its own.
BY_TRANSFER = {
    1: (121, 128),
    2: (128, 128),
    4: (129, 129),
    5: (106, 106),
    6: (121, 128),
    7: (141, 128),
    8: (188, 188),
    9: (128, 89),
    10: (128, 67),
    11: (121, 128),
    12: (128, 128),
    13: (128, 128),
    14: (121, 128),
    15: (121, 128),
    17: (118, 128),
    200: (128, 128),
}


@pytest.mark.parametrize("primaries", BY_PRIMARIES)
def test_primaries_are_drawn_as_browsers_draw_them(primaries: int) -> None:
    found = drawn(Numbered(primaries, SRGB_NUMBER), MIXED)
    assert found[0] == MIXED
    assert min(apart(shown, BY_PRIMARIES[primaries]) for shown in found) <= 1


@pytest.mark.parametrize("transfer", BY_TRANSFER)
def test_transfer_functions_are_drawn_as_each_browser_draws_them(transfer: int) -> None:
    found = [shown[0][0] for shown in drawn(Numbered(1, transfer), [(GREY, GREY, GREY)])]
    for wanted in BY_TRANSFER[transfer]:
        assert min(abs(level - wanted) for level in found) <= 1
    assert len(found) == len({GREY, *BY_TRANSFER[transfer]})


def tagged(profile: bytes, *numbers: int) -> Icc:
    return Icc(with_tags(profile, [*tags_of(profile), (b"cicp", b"cicp\0\0\0\0" + bytes(numbers))]))


INVERTED = rgb_profile(SRGB, UPSIDE_DOWN)


def test_a_profile_of_which_a_tag_ends_behind_it_is_not_the_last_word() -> None:
    """Chromium rejects it and draws by what else the file says; Firefox draws by it."""
    sound = rgb_profile(SRGB, SRGB_CURVE)
    start = sound.index(b"bXYZ") + 8
    cut = sound[:start] + len(sound).to_bytes(4) + sound[start + 4 :]
    assert Icc(sound, alone=True).settled
    assert not Icc(cut, alone=True).settled


@pytest.mark.parametrize("name", [b"bXYZ", b"rTRC"])
def test_a_tag_that_goes_on_behind_its_length_is_read_by_one_browser(name: bytes) -> None:
    """Firefox reads on; Chromium rejects the profile."""
    whole = rgb_profile(SRGB, UPSIDE_DOWN)
    start = whole.index(name) + 8
    found = Icc(whole[:start] + (8).to_bytes(4) + whole[start + 4 :], alone=True)
    assert list(found.profiles()) == list(Icc(whole).profiles())
    assert not found.settled


REJECTED_BY_ONE = [(b"B2A0", bytes(64)), (b"HAGC", bytes(64)), (b"chad", b"sf32" + bytes(36)), (b"desc", b"abc")]


@pytest.mark.parametrize("tag", REJECTED_BY_ONE, ids=lambda tag: tag[0].decode())
def test_a_profile_with_a_tag_for_which_a_browser_rejects_it_is_not_the_last_word(tag: tuple[bytes, bytes]) -> None:
    """Firefox rejects one with another adaptation, and Chromium the others."""
    sound = rgb_profile(SRGB, SRGB_CURVE)
    assert not Icc(with_tags(sound, [*tags_of(sound), tag]), alone=True).settled


def test_a_profile_with_an_adaptation_of_nine_numbers_is_the_last_word() -> None:
    sound = rgb_profile(SRGB, SRGB_CURVE)
    assert Icc(with_tags(sound, [*tags_of(sound), (b"chad", b"sf32" + bytes(40))]), alone=True).settled


def test_a_profile_may_name_its_colours_by_number() -> None:
    """Chromium draws by the numbers, Firefox by the rest of the profile."""
    found = drawn(tagged(INVERTED, 1, 8, 0, 1), [(64, 64, 64)])
    assert [shown[0][0] for shown in found] == pytest.approx([64, 191, 137], abs=2)


def test_a_profile_of_greys_may_name_a_transfer_function_alone() -> None:
    profile = tagged(grey_profile(UPSIDE_DOWN), 2, 7, 0, 1)
    found = drawn(replace(profile, is_grey=True), [(GREY, GREY, GREY)])
    assert min(abs(shown[0][0] - BY_TRANSFER[7][0]) for shown in found) <= 1


def test_hdr_in_a_profile_is_drawn_as_chromium_draws_it() -> None:
    found = drawn(tagged(rgb_profile(SRGB, SRGB_CURVE), 9, PQ, 0, 1), [(128, 128, 128)])
    assert [shown[0][0] for shown in found] == pytest.approx([128, 132], abs=1)


@pytest.mark.parametrize("numbers", [(2, 2, 0, 1), (1, 8, 9, 1), (1, 8, 0, 0), (1, 8)])
def test_numbers_of_a_profile_that_no_browser_takes_are_passed_over(numbers: tuple[int, ...]) -> None:
    assert len(drawn(tagged(INVERTED, *numbers), [(64, 64, 64)])) == 2


def test_a_huge_exponent_is_also_drawn_as_firefox_cuts_it_off() -> None:
    levels = [(255, 255, 255), (254, 254, 254), (128, 128, 128)]
    shown = [[each[0] for each in way] for way in drawn(Calibrated(BT_709, (100_000.0,) * 3), levels)]
    assert [255, 0, 0] in shown
    assert any(abs(way[1] - 163) <= 1 for way in shown)


def test_a_profile_that_numbers_its_primaries_alone_is_refused() -> None:
    """Chromium draws some by neither these nor the profile's own."""
    with pytest.raises(UndecodableImage) as refused:
        drawn(tagged(INVERTED, 22, 2, 0, 1), [(64, 64, 64)])
    assert "primaries beside curves" in refused.value.detail
