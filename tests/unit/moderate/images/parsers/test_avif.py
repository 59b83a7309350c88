import struct

import pytest
from PIL import Image
from tests.helpers.crafted import animated
from tests.helpers.support import encoded

from moderate.images.avif_repairs import with_one_list_of_uses
from moderate.images.boxes import refer_by
from moderate.images.colours.avif_boxes import read
from moderate.images.decode import decode
from moderate.images.parsers.avif import CroppedAvif, MisleadingAvif, refuse_misleading

PICTURES = [Image.new("RGB", (32, 32), (40 * shade, 0, 0)) for shade in range(5)]
DATA = animated(PICTURES, "AVIF", [40] * 5)


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


STILL = encoded(PICTURES[1], "AVIF")


def test_what_viewers_crop_is_refused() -> None:
    refuse_misleading(STILL, read(STILL))
    with pytest.raises(CroppedAvif, match="cropped"):
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


def test_tracks_that_disagree_about_their_times_are_refused() -> None:
    frames = [Image.new("RGBA", (32, 32), (40 * shade, 0, 0, 99)) for shade in range(5)]
    data = animated(frames, "AVIF", [40] * 5)
    refuse_misleading(data, read(data))
    last = data.rindex(b"stts") + 12
    changed = data[:last] + b"\0\0\1\0" + data[last + 4 :]
    with pytest.raises(MisleadingAvif, match="frame times"):
        refuse_misleading(changed, read(changed))


def track_of(kind: bytes) -> bytes:
    return box(b"trak", box(b"mdia", box(b"hdlr", bytes(8) + kind + bytes(13))))


def with_track(data: bytes, track: bytes) -> bytes:
    """Returns an animation whose pixels lie before the box of its tracks, so that nothing moves."""
    at = data.index(b"moov") - 4
    (length,) = struct.unpack_from(">I", data, at)
    movie = box(b"moov", data[at + 8 : at + length] + track)
    pixels = data.index(b"mdat") - 4
    assert at < pixels
    moved = bytearray(data[:at] + movie + data[at + length :])
    place = -1
    while (place := moved.find(b"stco", place + 1)) >= 0:
        (offset,) = struct.unpack_from(">I", moved, place + 12)
        struct.pack_into(">I", moved, place + 12, offset + len(track))
    return bytes(moved)


def test_a_track_of_sound_is_passed_over() -> None:
    changed = with_track(DATA, track_of(b"soun"))
    refuse_misleading(changed, read(changed))
    with pytest.raises(MisleadingAvif, match="tracks"):
        refuse_misleading(with_track(DATA, track_of(b"text")), read(DATA))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_two_lists_of_properties_count_as_one(mode: str) -> None:
    """libavif refuses such a file, and Chromium shows it."""
    data = encoded(Image.new(mode, (32, 32), "teal"), "AVIF")
    at = data.index(b"ipma") - 4
    (length,) = struct.unpack_from(">I", data, at)
    assert with_one_list_of_uses(data) == data
    uses = data[at + 12 : at + length]
    first = uses[4 : 7 + uses[6]]
    (count,) = struct.unpack(">I", uses[:4])
    lists = [struct.pack(">I", 1) + first, struct.pack(">I", count - 1) + uses[4 + len(first) :]]
    split = b"".join(box(b"ipma", bytes(4) + each) for each in lists)
    added = len(split) - length
    changed = bytearray(data[:at] + split + data[at + length :])
    for kind in (b"meta", b"iprp"):
        place = data.index(kind) - 4
        struct.pack_into(">I", changed, place, struct.unpack_from(">I", data, place)[0] + added)
    # Where the items' pixels lie.
    places = data.index(b"iloc") + 12
    for item in range(count):
        offset = places + 14 * item + 6
        struct.pack_into(">I", changed, offset, struct.unpack_from(">I", data, offset)[0] + added)
    assert with_one_list_of_uses(bytes(changed)) != changed
    assert decode(bytes(changed), 32) == decode(data, 32)


def test_exif_that_libavif_cannot_read_is_passed_over() -> None:
    """Browsers read no EXIF in an AVIF."""
    exif = Image.Exif()
    exif[0x010E] = "a description"
    data = encoded(PICTURES[1], "AVIF", exif=exif)
    broken = data.replace(exif.tobytes()[6:10], b"none")
    assert broken != data
    assert decode(broken, 32) == decode(STILL, 32)
