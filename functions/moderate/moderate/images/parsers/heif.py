"""Decodes HEIC: stills of HEVC in HEIF.

libheif never sees a client's file: it is given each coded picture in a file of its own, with one item in it. What is
decoded, and how often, is therefore known before, and no tile that fails is passed over in silence.
"""

import struct

from PIL import Image, ImageChops

from moderate.images import heif_file
from moderate.images.boxes import brands_of, written
from moderate.images.colours.levels import SPREAD, with_levels
from moderate.images.colours.renderings import renderings
from moderate.images.heif_file import CodedPicture, Plane, UnusableHeif
from moderate.images.limits import DEEP_HEIC, HEIC, PROFILED_HEIC, area
from moderate.images.pictures import Picture, draw_still
from moderate.images.shrinking import full_colour
from moderate.images.views import Presentations

_BRANDS_OF_AVIF = {b"avif", b"avis"}
_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1"}
# How many times longer a picture takes, by pixels decoded, if it may be transparent.
_TRANSPARENCY = 1.25
_WHOLE_RANGE = b"nclx" + struct.pack(">HHHB", 1, 13, 6, 0x80)


def is_heif(data: bytes) -> bool:
    """Whether a file has a brand of HEIF, and none of AVIF, whose files have those of HEIF too."""
    found = brands_of(data)
    return not _BRANDS.isdisjoint(found) and _BRANDS_OF_AVIF.isdisjoint(found)


def decode(data: bytes, size: int, images: int) -> Picture:  # noqa: ARG001 - a still takes no share of a call's time
    still = heif_file.read(memoryview(data))
    times = max(1, still.pixels / area(still.colours.size)) * (_TRANSPARENCY if still.alpha else 1)
    (HEIC if still.is_plain else DEEP_HEIC).for_bytes(still.bytes).shared(times).check(still.colours.size)
    drawn = renderings(still.said.descriptions())
    if still.is_grey_of_part_range:
        # libheif leaves such greys as they are, and others spread them.
        drawn += [with_levels(SPREAD, rendering) for rendering in drawn]
    presentations = Presentations((still.orientation,), drawn)
    image = _decoded(still.colours, still.numbers)
    if still.alpha:
        image.putalpha(_alpha(still.alpha, image.size))
    shown = image.crop(still.cropped) if still.cropped else image
    return draw_still(shown, size, presentations, PROFILED_HEIC.for_bytes(still.bytes).shared(times))


def _alpha(plane: Plane, size: tuple[int, int]) -> Image.Image:
    """Returns an alpha channel as libheif and others take it: the levels of its greys, whatever range they state."""
    image = full_colour(_decoded(plane, _WHOLE_RANGE))
    if image.mode == "RGB":
        red, green, blue = image.split()
        if any(ImageChops.difference(green, other).getbbox() for other in (red, blue)):
            raise UnusableHeif("an alpha channel with colours")
        image = green
    return image if image.size == size else image.resize(size, Image.Resampling.NEAREST)


def _decoded(plane: Plane, numbers: bytes) -> Image.Image:
    """Returns what a plane shows. numbers: a box of colours, by which the streams are decoded."""
    whole: Image.Image | None = None
    for place, tile in enumerate(plane.tiles):
        row, column = divmod(place, plane.columns)
        image = _libheif_shows(_file_of(tile, numbers))
        if image.size != tile.layout.size:
            raise UnusableHeif("a stream of another size than it says")
        if image.size == plane.size:
            return image
        whole = whole or Image.new(image.mode, plane.size)
        whole.paste(image, (column * image.width, row * image.height))
    if not whole:
        raise UnusableHeif("no tiles")
    return whole


def _libheif_shows(data: bytes) -> Image.Image:
    # The service, which imports this module and decodes nothing, starts without libheif.
    import pi_heif  # noqa: PLC0415

    # One image is decoded on one core; the batch is what runs side by side.
    pi_heif.options.DECODE_THREADS = 1
    image: Image.Image = pi_heif.open_heif(data).to_pillow()
    return image


def _file_of(tile: CodedPicture, numbers: bytes) -> bytes:
    properties = [
        written(b"ispe", bytes(4), struct.pack(">II", *tile.layout.size)),
        written(b"hvcC", tile.configuration),
        *([written(b"colr", numbers)] if numbers else []),
    ]
    uses = bytes([len(properties), *range(1, len(properties) + 1)])
    head = written(b"ftyp", b"heic", bytes(4), b"mif1heic")

    def meta(offset: int) -> bytes:
        return written(
            b"meta",
            bytes(4),
            written(b"hdlr", bytes(8), b"pict", bytes(13)),
            written(b"pitm", bytes(4), b"\0\1"),
            written(b"iloc", bytes(4), b"\x44\0\0\1", struct.pack(">HHHII", 1, 0, 1, offset, len(tile.stream))),
            written(b"iinf", bytes(4), b"\0\1", written(b"infe", b"\2\0\0\0\0\1\0\0hvc1\0")),
            written(b"iprp", written(b"ipco", *properties), written(b"ipma", bytes(4), struct.pack(">IH", 1, 1), uses)),
        )

    return head + meta(len(head) + len(meta(0)) + 8) + written(b"mdat", tile.stream)
