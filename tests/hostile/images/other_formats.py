"""Files of other formats, and of none, whose structure is odd."""

import struct

from PIL import Image
from tests.helpers.avif import box, full_box
from tests.helpers.crafted import (
    bmp,
    jpeg_segment,
    jpeg_with,
)
from tests.helpers.heic import ALPHA, Item, coded, configuration, extent, flat, grid, grid_of, heic, item, stream
from tests.helpers.support import encoded
from tests.hostile.images.catalogue import add, given, hostile
from tests.hostile.images.making import (
    GOOD,
    PROFILE,
    jpeg_of_scans,
    jpeg_that_says,
    photo,
    webp_header,
)

from moderate.images.limits import (
    TooManyPixels,
    UndecodableImage,
    UnsupportedFormat,
)


@hostile(TooManyPixels)
def bmp_header_of_60000_x_60000() -> bytes:
    return bmp(b"", (60_000, 60_000), 24)


@hostile(UnsupportedFormat, heavy=True)
def bmp_of_4_million_runs() -> bytes:
    return bmp(b"\1\1" * 4_000_000, (100, 100), 8, palette=bytes(1024), colours=256, compression=1)


@hostile(TooManyPixels)
def jpeg_that_says_65500_x_65500() -> bytes:
    return jpeg_that_says(65500, 65500)


@hostile(None, heavy=True)
def jpeg_that_says_6000_x_6000() -> bytes:
    """Every viewer shows what there is of it, and grey for the rest."""
    return jpeg_that_says(6000, 6000)


@hostile(UndecodableImage)
def jpeg_of_1000_scans() -> bytes:
    return jpeg_of_scans(1000)


@hostile(UndecodableImage)
def jpeg_of_10000_scans() -> bytes:
    return jpeg_of_scans(10_000)


@hostile(TooManyPixels)
def jpeg_of_99_scans_above_its_cap() -> bytes:
    return jpeg_of_scans(98, (2134, 2133))


@hostile(None, heavy=True)
def jpeg_of_99_scans_at_its_cap() -> bytes:
    return jpeg_of_scans(98, (2080, 2080))


@hostile(None, heavy=True)
def jpeg_of_18_scans_at_its_cap() -> bytes:
    return jpeg_of_scans(17, (5000, 4800))


@hostile(TooManyPixels)
def jpeg_of_50_megapixels_one_colour_at_a_time() -> bytes:
    """It looks like a baseline JPEG, and is held whole in memory like a progressive one."""
    whole = jpeg_that_says(7000, 7000)
    scan = whole.index(b"\xff\xda")
    return whole[:scan] + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + whole[scan + 14 :]


@hostile(UndecodableImage, heavy=True)
def jpeg_of_2400000_empty_segments() -> bytes:
    return jpeg_with(GOOD, b"\xff\xe0\0\2" * 2_400_000)


@hostile(UndecodableImage, heavy=True)
def jpeg_of_150_exifs_that_turn_it_5400_times() -> bytes:
    entries = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0) * 5400
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 5400) + entries
    return jpeg_with(GOOD, jpeg_segment(0xE1, exif) * 150)


@hostile(UndecodableImage, heavy=True)
def webp_of_1200000_empty_chunks() -> bytes:
    whole = encoded(photo(), "WEBP", icc_profile=PROFILE[:100]) + b"JUNK\0\0\0\0" * 1_200_000
    return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]


AVIF_TYPE = box(b"ftyp", b"avif", bytes(4), b"avifmif1miaf")


@hostile(UndecodableImage, heavy=True)
def avif_of_1200000_empty_boxes() -> bytes:
    return AVIF_TYPE + box(b"free") * 1_200_000


def avif_of_an_item(places: bytes, uses: bytes) -> bytes:
    properties = box(b"iprp", box(b"ipco", box(b"free")), full_box(b"ipma", uses))
    return AVIF_TYPE + full_box(b"meta", full_box(b"pitm", b"\0\1"), box(b"iloc", places), properties)


@hostile(UndecodableImage)
def avif_of_items_in_millions_of_empty_parts() -> bytes:
    places = b"\1\0\0\0" + b"\0\0\0\x96" + struct.pack(">HHHH", 2, 0, 0, 65_535) * 150
    return avif_of_an_item(places, bytes(4))


@hostile(UndecodableImage, heavy=True)
def avif_of_items_with_ten_million_properties() -> bytes:
    uses = struct.pack(">I", 39_000) + (b"\0\1\xff" + b"\1" * 255) * 39_000
    return avif_of_an_item(b"", uses)


@hostile(UndecodableImage)
def avif_of_an_item_that_repeats_the_file_1000_times() -> bytes:
    places = b"\1\0\0\0" + b"\0\0\0\1" + struct.pack(">HHHH", 1, 0, 0, 1000)
    return avif_of_an_item(places, bytes(4)) + box(b"mdat", bytes(5_000_000))


TILE = flat(side=512)
SMALL = flat()
# A part of a stream that holds no pixels.
MESSAGE = bytes([39 << 1, 1])


@hostile(UndecodableImage)
def heic_of_10000_tiles() -> bytes:
    whole = grid((6400, 6400), 100, [2] * 10_000)
    return heic([whole, item(SMALL)])


@hostile(TooManyPixels)
def heic_of_2000_tiles_of_512_x_512() -> bytes:
    return grid_of(TILE, 40, 50)


@hostile(UndecodableImage)
def heic_that_says_40000_x_40000() -> bytes:
    return heic([grid((40_000, 40_000), 79, [2] * 79 * 79), item(TILE)])


@hostile(UndecodableImage)
def heic_that_says_other_sizes_than_its_stream() -> bytes:
    return heic([Item(b"hvc1", stream(SMALL), [extent(60_000, 60_000), configuration(*SMALL.parameters)])])


@hostile(UnsupportedFormat)
def heic_of_grids_that_refer_to_each_other() -> bytes:
    return heic([grid((64, 64), 1, [2]), grid((64, 64), 1, [1])])


@hostile(UnsupportedFormat)
def heic_of_a_grid_of_itself() -> bytes:
    return heic([grid((64, 64), 1, [1])])


@hostile(None)
def heic_of_greys_that_says_15_bits() -> bytes:
    grey = coded(Image.new("L", (64, 64)))
    return heic([Item(b"hvc1", stream(grey), [extent(64, 64), configuration(*grey.parameters, chroma=0, bits=15)])])


@hostile(UndecodableImage)
def heic_that_is_its_own_alpha() -> bytes:
    return heic([item(SMALL, ALPHA, references=[(b"auxl", [1])])])


@hostile(UndecodableImage, heavy=True)
def heic_of_1500_items_that_share_5_megabytes() -> bytes:
    large = Item(b"hvc1", stream(SMALL) + bytes(5_000_000), item(SMALL).properties)
    start = len(heic([large])) - len(large.content)
    shared = Item(b"hvc1", b"", large.properties, offset=start, length=len(large.content))
    return heic([grid((64 * 50, 64 * 30), 50, range(3, 1503)), large, *[shared] * 1500])


@hostile(UndecodableImage, heavy=True)
def heic_of_1500_configurations() -> bytes:
    named = [configuration(*SMALL.parameters, MESSAGE + number.to_bytes(2)) for number in range(1500)]
    tiles = [Item(b"hvc1", stream(SMALL), [extent(64, 64), each]) for each in named]
    return heic([grid((64 * 50, 64 * 30), 50, range(2, 1502)), *tiles])


@hostile(UndecodableImage, heavy=True)
def heic_of_a_configuration_of_9_megabytes() -> bytes:
    longest = box(b"hvcC", configuration(*SMALL.parameters)[8:] + bytes(9_000_000))
    tiles = [Item(b"hvc1", stream(SMALL), [extent(64, 64), longest])] * 1500
    return heic([grid((64 * 50, 64 * 30), 50, range(2, 1502)), *tiles])


@hostile(None, heavy=True)
def heic_that_refers_to_items_5_million_times() -> bytes:
    return heic([item(SMALL, references=[(b"dimg", [1] * 65_535)] * 75)])


@hostile(UndecodableImage, heavy=True)
def heic_of_1200000_empty_parts_of_a_stream() -> bytes:
    return heic([Item(b"hvc1", b"\0\0\0\2\x46\1" * 1_200_000, item(SMALL).properties)])


@hostile(TooManyPixels)
def webp_header_of_6300_x_6300() -> bytes:
    return webp_header(6300, 6300)


@hostile(TooManyPixels)
def webp_header_of_16383_x_16383() -> bytes:
    return webp_header(16383, 16383)


@hostile(TooManyPixels)
def webp_canvas_of_16_million_squared() -> bytes:
    body = b"VP8X" + struct.pack("<IB3x", 10, 0) + b"\xff" * 6
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


@hostile(UnsupportedFormat)
def tiff_that_points_to_itself() -> bytes:
    return b"II*\0\x08\0\0\0" + b"\0\0" + b"\x08\0\0\0"


for name, content in {
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
    "PDF": b"%PDF-1.7\n",
    "FITS": b"SIMPLE  =                    T",
    "ICO": b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\0\0\0\0\x16\0\0\0",
    "HTML": b"<!doctype html><title>Not found</title>",
    "TIFF": encoded(photo(), "TIFF"),
    "nothing at all": b"",
}.items():
    add(name, given(content), UnsupportedFormat)
