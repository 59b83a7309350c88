import struct

import pytest
from PIL import Image
from tests.helpers.crafted import animated, decoded_times
from tests.helpers.support import encoded

from moderate.images.boxes import DamagedBoxes, refer_by
from moderate.images.colours.avif_boxes import read
from moderate.images.parsers.avif import MisleadingAvif, display_times, refuse_misleading

TIMES = [40, 500, 20, 7000, 100]
PICTURES = [Image.new("RGB", (32, 32), (40 * shade, 0, 0)) for shade in range(5)]
DATA = animated(PICTURES, "AVIF", TIMES)


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def movie(runs: list[tuple[int, int]], *, units_a_second: int = 1000) -> bytes:
    """runs: how many frames are shown for how many units each."""
    table = box(b"stts", struct.pack(">II", 0, len(runs)) + b"".join(struct.pack(">II", *run) for run in runs))
    header = box(b"mdhd", struct.pack(">IIIII", 0, 0, 0, units_a_second, 0))
    return box(b"moov", box(b"trak", box(b"mdia", header + box(b"minf", box(b"stbl", table)))))


def test_the_times_are_those_that_the_decoder_finds() -> None:
    assert list(display_times(DATA)) == decoded_times(DATA) == TIMES


def test_frames_that_are_shown_alike_are_counted_in_runs() -> None:
    assert list(display_times(movie([(2, 50), (1, 9000)]))) == [50, 50, 9000]


def test_times_are_told_in_units_of_the_track() -> None:
    assert list(display_times(movie([(1, 90_000)], units_a_second=30_000))) == [3000]


def test_boxes_before_the_right_one_are_passed_over_however_long() -> None:
    long_box = struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", 24) + bytes(8)
    assert list(display_times(box(b"free", b"stts") + long_box + movie([(1, 50)]))) == [50]


@pytest.mark.parametrize("end", range(0, 84, 7))
def test_an_incomplete_file_ends_in_an_error(end: int) -> None:
    with pytest.raises((ValueError, struct.error, IndexError)):
        list(display_times(movie([(1, 50)])[:end]))


def test_a_box_that_ends_before_it_begins_is_no_endless_loop() -> None:
    with pytest.raises(DamagedBoxes, match="before it begins"):
        list(display_times(struct.pack(">I", 4) + b"free" + movie([(1, 50)])))


STILL = encoded(PICTURES[1], "AVIF")


def test_what_viewers_crop_is_refused() -> None:
    refuse_misleading(STILL, read(STILL))
    with pytest.raises(MisleadingAvif, match="cropped"):
        refuse_misleading(STILL.replace(b"pixi", b"clap", 1), read(STILL))


@pytest.mark.parametrize("kind", [b"vide", b"soun", b"auxv"])
def test_tracks_of_other_kinds_are_refused(kind: bytes) -> None:
    refuse_misleading(DATA, read(DATA))
    at = DATA.rindex(b"hdlr") + 12
    changed = DATA[:at] + kind + DATA[at + 4 :]
    with pytest.raises(MisleadingAvif, match="tracks"):
        refuse_misleading(changed, read(changed))


def test_boxes_that_contradict_the_stream_are_refused() -> None:
    """Some viewers believe the one, some the other."""
    at = STILL.index(b"av1C") + 6
    monochrome = STILL[:at] + bytes([STILL[at] | 0x10]) + STILL[at + 1 :]
    with pytest.raises(MisleadingAvif, match="contradict"):
        refuse_misleading(monochrome, read(monochrome))


def test_a_picture_that_is_turned_without_its_alpha_is_refused() -> None:
    """Viewers turn both, or each as is said of it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.new("RGBA", (32, 32), (40, 0, 0, 128)), "AVIF", exif=exif)
    refuse_misleading(data, read(data))
    last_of_alpha = data.index(b"mdat") - 5
    changed = data[:last_of_alpha] + b"\1" + data[last_of_alpha + 1 :]
    with pytest.raises(MisleadingAvif, match="turned without"):
        refuse_misleading(changed, read(changed))


def test_colours_that_are_multiplied_by_their_alpha_are_refused() -> None:
    clear = Image.new("RGBA", (32, 32), (40, 0, 0, 128))
    data = encoded(clear, "AVIF").replace(b"auxl", b"prem", 1)
    with pytest.raises(MisleadingAvif, match="multiplied"):
        refuse_misleading(data, read(data))
    track = box(b"moov", box(b"trak", box(b"tref", box(b"prem", bytes(4)))))
    assert refer_by(b"prem", track)
    assert not refer_by(b"prem", track.replace(b"prem", b"auxl"))


def test_no_more_frames_are_counted_than_matter() -> None:
    endless = movie([(2**32 - 1, 50)])[8:]
    assert len(list(display_times(box(b"moov", endless * 2)))) == 10_000


def test_tracks_that_disagree_about_their_times_are_refused() -> None:
    one, other = (movie([(2, units)])[8:] for units in (50, 9000))
    assert list(display_times(box(b"moov", one + one))) == [50, 50]
    with pytest.raises(MisleadingAvif, match="frame times"):
        list(display_times(box(b"moov", one + other)))
