import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.helpers.crafted import jpeg_segment, jpeg_with
from tests.helpers.profiles import SRGB, UPSIDE_DOWN, rgb_profile
from tests.helpers.support import arrays, encoded
from tests.hostile.images import jpeg_of_scans

from moderate.images.decode import decode
from moderate.images.jpeg_structure import read
from moderate.images.limits import TooManyPixels, UndecodableImage
from moderate.images.parsers.jpeg import MisleadingJpeg, refuse_replaced_scans

PICTURE = Image.effect_noise((64, 48), 90).convert("RGB")
BASELINE = encoded(PICTURE, "JPEG")
PROGRESSIVE = encoded(PICTURE, "JPEG", progressive=True)
START_OF_SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"


def test_a_baseline_jpeg_has_one_scan_of_all_components() -> None:
    found = read(BASELINE)
    assert (len(found.scans), found.first_components) == (1, 3)


def test_a_progressive_jpeg_has_ten() -> None:
    assert len(read(PROGRESSIVE).scans) == 10


@pytest.mark.parametrize("end", [b"", b"\xff", b"\xff\xd8", bytes(20)])
@pytest.mark.parametrize(("subsampling", "left_out"), [(0, 8), (2, 18)])
def test_a_picture_without_its_end_is_judged_without_its_last_row_of_blocks_too(
    end: bytes, subsampling: int, left_out: int
) -> None:
    """Chromium shows the page there, and Firefox white. Smoothing halved colours takes two rows below."""
    data = encoded(PICTURE.resize((64, 64)), "JPEG", subsampling=subsampling)
    (whole,) = arrays(decode(data, 64))
    seen = arrays(decode(data[:-2] + end, 64))
    assert (seen[0] == whole).all()
    assert [view[64 - left_out :].tolist() for view in seen[1:]] == [
        np.full((left_out, 64, 3), page).tolist() for page in (255, 0, 128)
    ]
    assert all((view[: 64 - left_out] == whole[: 64 - left_out]).all() for view in seen[1:])


def test_a_picture_without_its_end_has_one_row_of_blocks_at_least() -> None:
    assert len(decode(encoded(PICTURE.resize((64, 8)), "JPEG")[:-2], 32).views) == 4


def test_colours_of_four_rows_are_not_smoothed_so_that_no_rows_above_the_last_blocks_are_left_out() -> None:
    whole = encoded(PICTURE.resize((64, 64)), "JPEG", subsampling=2)
    sampling = whole.index(b"\xff\xc0") + 11
    assert whole[sampling] == 0x22
    _whole, on_white, *_ = arrays(decode(whole[:sampling] + b"\x14" + whole[sampling + 1 : -2], 64))
    assert (on_white[32:] == 255).all()
    assert (on_white[31] != 255).any()


def test_greys_are_not_smoothed_so_that_no_rows_above_the_last_blocks_are_left_out() -> None:
    tall = encoded(Image.fromarray(np.full((64, 64), 90, np.uint8)), "JPEG")
    sampling = tall.index(b"\xff\xc0") + 11
    assert tall[sampling] == 0x11
    cut = tall[:sampling] + b"\x14" + tall[sampling + 1 : -2]
    _whole, shown, *_ = arrays(decode(cut, 64))
    assert (shown[:32] == 90).all()
    assert (shown[32:] == 255).all()


@pytest.mark.parametrize("cut", [2, 12, 40])
def test_a_progressive_picture_without_its_end_is_judged_as_browsers_complete_it(cut: int) -> None:
    (seen, _), (whole,) = arrays(decode(PROGRESSIVE[:-cut], 32)), arrays(decode(PROGRESSIVE, 32))
    assert np.abs(seen.astype(int) - whole).mean() < 5


def test_a_progressive_picture_without_its_end_is_judged_without_its_last_scan_too() -> None:
    """Chromium shows no scan whose end it has not seen."""
    _, seen = arrays(decode(PROGRESSIVE[:-2], 32))
    (earlier,) = arrays(decode(PROGRESSIVE[: read(PROGRESSIVE).last_scan] + b"\xff\xd9", 32))
    assert (seen == earlier).all()


@pytest.mark.parametrize("data", [BASELINE, PROGRESSIVE], ids=["baseline", "progressive"])
@pytest.mark.parametrize("share", [0.3, 0.5])
def test_a_picture_that_breaks_off_is_refused_with_what_to_do(data: bytes, share: float) -> None:
    start = data.index(b"\xff\xda")
    with pytest.raises(UndecodableImage, match=r"breaks off.*Send the whole file"):
        decode(data[: start + int(share * (len(data) - start))], 32)


def test_each_scan_counts() -> None:
    assert len(read(BASELINE[:-2] + START_OF_SCAN * 500 + b"\xff\xd9").scans) == 501


def test_of_a_hundred_scans_chromium_does_not_show_the_last() -> None:
    assert decode(jpeg_of_scans(98, (64, 64)), 32).views
    with pytest.raises(UndecodableImage) as refusal:
        decode(jpeg_of_scans(99, (64, 64)), 32)
    assert refusal.value.detail == "MisleadingJpeg: more than 99 scans"


def replacing(*scans: tuple[int, int, int]) -> bytes:
    """Returns a progressive JPEG with further scans of the first component: first and last frequency, and bits."""
    headers = (b"\xff\xda\0\x08\1\1\0" + bytes(scan) + b"\0" for scan in scans)
    return PROGRESSIVE[:-2] + b"".join(headers) + b"\xff\xd9"


@pytest.mark.parametrize("scan", [(0, 0, 0x00), (0, 0, 0x10), (1, 63, 0x00), (1, 63, 0x10), (5, 5, 0xBA), (0, 0, 0xBA)])
def test_a_scan_may_not_replace_what_others_say(scan: tuple[int, int, int]) -> None:
    """On a slow line it is the others that a person sees."""
    with pytest.raises(UndecodableImage) as refusal:
        decode(replacing(scan), 32)
    assert refusal.value.detail == "MisleadingJpeg: a scan that replaces another"


def test_a_component_may_not_come_twice_in_a_baseline_jpeg() -> None:
    scan = BASELINE.index(b"\xff\xda")
    (length,) = struct.unpack_from(">H", BASELINE, scan + 2)
    pixels = BASELINE[scan + 2 + length : -2]
    with pytest.raises(MisleadingJpeg, match="replaces another"):
        refuse_replaced_scans(read(BASELINE[:scan] + START_OF_SCAN * 2 + pixels + b"\xff\xd9"))


@pytest.mark.parametrize("options", [{"progressive": True}, {"progressive": True, "quality": 100}, {}])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_what_an_encoder_writes_replaces_nothing(mode: str, options: dict[str, Any]) -> None:
    refuse_replaced_scans(read(encoded(PICTURE.convert(mode), "JPEG", **options)))


def test_what_looks_like_a_scan_inside_a_segment_does_not_count() -> None:
    assert len(read(jpeg_with(BASELINE, jpeg_segment(0xE2, START_OF_SCAN * 500))).scans) == 1


@pytest.mark.parametrize(("scans", "megapixels"), [(18, 24), (20, 21.6), (45, 9.6), (99, 4.36)])
def test_the_more_scans_the_fewer_pixels(scans: int, megapixels: float) -> None:
    height, width = 65_000, round(megapixels * 1_000_000 / 65_000) + 1
    size = PROGRESSIVE.index(b"\xff\xc2") + 5
    large = PROGRESSIVE[:size] + height.to_bytes(2) + width.to_bytes(2) + PROGRESSIVE[size + 4 : -2]
    with pytest.raises(TooManyPixels, match=f"{megapixels:g} megapixels"):
        decode(large + START_OF_SCAN * (scans - 10) + b"\xff\xd9", 32)


@pytest.mark.parametrize("frame", [0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF])
def test_arithmetic_coding_is_refused_by_name(frame: int) -> None:
    with pytest.raises(UndecodableImage, match="arithmetic coding, which most browsers do not show"):
        decode(BASELINE.replace(b"\xff\xc0", bytes([0xFF, frame])), 32)


def test_what_follows_the_first_picture_does_not_count() -> None:
    assert len(read(BASELINE + PROGRESSIVE).scans) == 1


def test_fill_bytes_before_a_marker_hide_no_scan() -> None:
    assert len(read(BASELINE[:-2] + b"\xff\xff\xff" + START_OF_SCAN + b"\xff\xd9").scans) == 2


def test_restart_markers_and_stuffed_bytes_are_not_scans() -> None:
    with_restarts = encoded(PICTURE, "JPEG", restart_marker_blocks=1, quality=95)
    assert with_restarts.count(b"\xff\xd0") > 1
    assert b"\xff\x00" in with_restarts
    assert len(read(with_restarts).scans) == 1


def test_a_file_cut_anywhere_has_no_more_scans_than_the_whole() -> None:
    assert all(len(read(PROGRESSIVE[:end]).scans) <= 10 for end in range(len(PROGRESSIVE)))


def profile_part(number: int, of: int, data: bytes) -> bytes:
    return jpeg_segment(0xE2, b"ICC_PROFILE\0" + bytes([number, of]) + data)


def test_a_profile_is_found_in_parts_in_any_order_and_the_first_of_each_counts() -> None:
    parts = profile_part(2, 2, b"cd") + profile_part(1, 2, b"ab") + profile_part(1, 2, b"xx")
    assert read(jpeg_with(BASELINE, parts)).profile == b"abcd"


def test_a_profile_may_stand_right_before_the_scan_and_not_behind_it() -> None:
    scan = BASELINE.index(b"\xff\xda")
    assert read(BASELINE[:scan] + profile_part(1, 1, b"ab") + BASELINE[scan:]).profile == b"ab"
    assert read(BASELINE[:-2] + profile_part(1, 1, b"ab") + BASELINE[-2:]).profile == b""


def test_a_profile_that_lacks_a_part_is_none() -> None:
    assert read(jpeg_with(BASELINE, profile_part(1, 2, b"ab"))).profile == b""


def test_an_empty_part_of_a_profile_hides_no_whole_one() -> None:
    """Chromium passes over it."""
    for number, of in ((0, 0), (1, 1), (2, 1)):
        parts = profile_part(number, of, b"") + profile_part(1, 1, b"ab")
        assert read(jpeg_with(BASELINE, parts)).profile == b"ab"
        assert read(jpeg_with(BASELINE, profile_part(1, 1, b"ab") + profile_part(number, of, b""))).profile == b"ab"


def test_an_empty_part_of_a_profile_may_be_one_of_many() -> None:
    """Firefox counts it."""
    parts = profile_part(1, 3, b"a") + profile_part(2, 3, b"b") + profile_part(3, 3, b"")
    assert read(jpeg_with(BASELINE, parts)).profile == b"ab"
    assert read(jpeg_with(BASELINE, profile_part(1, 2, b"") + profile_part(2, 2, b"ab"))).profile == b"ab"


@pytest.mark.parametrize("body", [b"ICC_PROFILE\0", b"ICC_PROFILE\0\1"])
def test_a_part_of_a_profile_without_a_number_is_passed_over(body: bytes) -> None:
    """Pillow alone opens no such file."""
    inverted = profile_part(1, 1, rgb_profile(SRGB, UPSIDE_DOWN))
    plain = decode(jpeg_with(BASELINE, inverted), 32)
    assert decode(jpeg_with(BASELINE, jpeg_segment(0xE2, body) + inverted), 32) == plain
    assert len(plain.views) == 2


def test_every_exif_is_found_whatever_fills_the_byte_behind_its_name() -> None:
    exifs = jpeg_segment(0xE1, b"Exif\0\0ab") + jpeg_segment(0xE1, b"Exif\0\1cd") + jpeg_segment(0xE1, b"http://x")
    assert read(jpeg_with(BASELINE, exifs)).exifs == [b"Exif\0\0ab", b"Exif\0\1cd"]


@pytest.mark.parametrize("marker", [0x02, 0xBF])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_marker_of_no_known_kind_is_refused(marker: int, *, progressive: bool) -> None:
    """Before a restart decoders skip it and draw what follows, which is no segment of that length to them."""
    data = encoded(PICTURE.resize((64, 8)), "JPEG", progressive=progressive, restart_marker_blocks=1)
    restart = data.rindex(b"\xff\xd0")
    with pytest.raises(UndecodableImage) as raised:
        decode(data[:restart] + bytes([0xFF, marker]) + data[restart:], 32)
    assert raised.value.detail == "MisleadingJpeg: a marker of no known kind"
