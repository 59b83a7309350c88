"""A file from which viewers choose different pictures is refused."""

import struct

import pytest
from PIL import Image
from tests.helpers.crafted import animated
from tests.helpers.support import encoded

from moderate.images.av1 import Bits, go_to_colours
from moderate.images.avif_choices import AmbiguousAvif, refuse_choices

PICTURES = [Image.new("RGB", (32, 32), (40 * shade, 0, 0)) for shade in range(3)]
ANIMATION = animated(PICTURES, "AVIF", [40] * 3)
STILL = encoded(PICTURES[1], "AVIF")
EXIF = Image.Exif()
EXIF[0x010E] = "a description"
CLEAR = encoded(Image.new("RGBA", (32, 32), (40, 0, 0, 128)), "AVIF", exif=EXIF)
ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
# A temporal delimiter, and the start of a sequence header.
HEADER_BEGINS = b"\x12\0\x0a"


def of_part_range(data: bytes) -> bytes:
    """Returns `data` with an AV1 stream of grey that says that its levels are 16 to 235."""
    changed = bytearray(data)
    at = -1
    while (at := data.find(HEADER_BEGINS, at + 1)) >= 0:
        start = at + len(HEADER_BEGINS) + 1
        bits = Bits(data[start:])
        layout, _ = go_to_colours(bits)
        if layout.monochrome:
            bits.read(24 * bits.read(1))
            byte, bit = divmod(bits.position, 8)
            changed[start + byte] &= ~(0x80 >> bit)
    return bytes(changed)


def of_smaller_track(data: bytes) -> bytes:
    """Returns `data` whose track says that its frames have one pixel."""
    end = data.index(b"tkhd") - 4
    end += int.from_bytes(data[end : end + 4])
    return data[: end - 8] + struct.pack(">II", 1 << 16, 1 << 16) + data[end:]


def belonging_twice(data: bytes) -> bytes:
    """Returns `data` whose alpha channel also describes the picture, in place of its EXIF."""
    alpha, description = data.index(b"auxl") + 4, data.index(b"cdsc") + 4
    return data[:description] + data[alpha : alpha + 2] + data[description + 2 :]


@pytest.mark.parametrize("data", [ANIMATION, ANIMATION.replace(b"ftypavis", b"ftypavif", 1), STILL, CLEAR])
def test_what_all_viewers_show_alike_is_judged(data: bytes) -> None:
    refuse_choices(data)


AMBIGUOUS = {
    "a major brand": ANIMATION.replace(b"ftypavis", b"ftypmsf1", 1),
    "in layers": STILL.replace(b"pixi", b"a1lx", 1),
    "another size": of_smaller_track(ANIMATION),
    "several pictures": belonging_twice(CLEAR),
    "not all viewers know": CLEAR.replace(ALPHA, b"urn:mpeg:hevc:2015:auxid:1".ljust(len(ALPHA), b"\0")),
    "16 to 235": of_part_range(CLEAR),
}


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_what_viewers_choose_differently_is_refused(fault: str) -> None:
    with pytest.raises(AmbiguousAvif, match=fault):
        refuse_choices(AMBIGUOUS[fault])
