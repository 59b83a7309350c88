from PIL import Image
from tests.crafted import jpeg_segment, jpeg_with
from tests.support import encoded

from moderate.jpeg import Scans, read_scans

PICTURE = Image.effect_noise((64, 48), 90).convert("RGB")
BASELINE = encoded(PICTURE, "JPEG")
PROGRESSIVE = encoded(PICTURE, "JPEG", progressive=True)
START_OF_SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"


def test_a_baseline_jpeg_has_one_scan_of_all_components() -> None:
    assert read_scans(BASELINE) == Scans(count=1, first_components=3)


def test_a_progressive_jpeg_has_ten() -> None:
    assert read_scans(PROGRESSIVE).count == 10


def test_each_scan_counts() -> None:
    assert read_scans(BASELINE[:-2] + START_OF_SCAN * 500 + b"\xff\xd9").count == 501


def test_what_looks_like_a_scan_inside_a_segment_does_not_count() -> None:
    assert read_scans(jpeg_with(BASELINE, jpeg_segment(0xE2, START_OF_SCAN * 500))).count == 1


def test_what_follows_the_first_picture_does_not_count() -> None:
    assert read_scans(BASELINE + PROGRESSIVE).count == 1


def test_fill_bytes_before_a_marker_hide_no_scan() -> None:
    assert read_scans(BASELINE[:-2] + b"\xff\xff\xff" + START_OF_SCAN + b"\xff\xd9").count == 2


def test_restart_markers_and_stuffed_bytes_are_not_scans() -> None:
    with_restarts = encoded(PICTURE, "JPEG", restart_marker_blocks=1, quality=95)
    assert with_restarts.count(b"\xff\xd0") > 1
    assert b"\xff\x00" in with_restarts
    assert read_scans(with_restarts).count == 1


def test_a_file_cut_anywhere_has_no_more_scans_than_the_whole() -> None:
    assert all(read_scans(PROGRESSIVE[:end]).count <= 10 for end in range(len(PROGRESSIVE)))
