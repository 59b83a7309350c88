"""Builds image files by hand, if an encoder would not write what a test needs."""

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tests.helpers.support import encoded

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, COLOUR, PALETTE, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6
_CHANNELS = {GREY: 1, COLOUR: 3, PALETTE: 1, GREY_ALPHA: 2, COLOUR_ALPHA: 4}

Pixels = NDArray[Any]


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_header(width: int, height: int, depth: int = 8, colour: int = GREY) -> bytes:
    return PNG_SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def png_pixels(levels: Pixels, depth: int = 8) -> bytes:
    """Returns what IDAT holds for `levels`: rows, or rows of pixels of several channels."""
    rows = levels.reshape(levels.shape[0], -1)
    if depth == 16:
        packed = rows.astype(">u2").view(np.uint8)
    elif depth == 8:
        packed = rows.astype(np.uint8)
    else:
        bits = np.unpackbits(rows.astype(np.uint8)[:, :, np.newaxis], axis=2)[:, :, 8 - depth :]
        packed = np.packbits(bits.reshape(rows.shape[0], -1), axis=1)
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in packed), 1)


def png(levels: Pixels, depth: int = 8, colour: int = GREY, before: bytes = b"", after: bytes = b"") -> bytes:
    """before, after: chunks to put before and after the pixels."""
    height, width = levels.shape[:2]
    pixels = chunk(b"IDAT", png_pixels(levels, depth))
    return png_header(width, height, depth, colour) + before + pixels + after + chunk(b"IEND")


@dataclass(frozen=True)
class Control:
    """Holds an fcTL chunk, except for what follows from the picture."""

    at: tuple[int, int] = (0, 0)
    delay_ms: int = 100
    disposal: int = 0
    over: bool = False


def apng(
    frames: Sequence[tuple[Pixels, Control]], colour: int = GREY, default: Pixels | None = None, before: bytes = b""
) -> bytes:
    """default: an image that is not part of the animation."""
    # Long animations show the same pictures again and again.
    pictures = {id(levels): levels for levels, _ in frames}
    pixels = {picture: png_pixels(levels) for picture, levels in pictures.items()}
    height, width = (frames[0][0] if default is None else default).shape[:2]
    out = bytearray(png_header(width, height, 8, colour))
    out += chunk(b"acTL", struct.pack(">II", len(frames), 0)) + before
    if default is not None:
        out += chunk(b"IDAT", png_pixels(default))
    sequence = 0
    for index, (levels, control) in enumerate(frames):
        size, delay = levels.shape[1::-1], (control.delay_ms, 1000)
        out += chunk(
            b"fcTL", struct.pack(">IIIIIHHBB", sequence, *size, *control.at, *delay, control.disposal, control.over)
        )
        sequence += 1
        if index == 0 and default is None:
            out += chunk(b"IDAT", pixels[id(levels)])
        else:
            out += chunk(b"fdAT", struct.pack(">I", sequence) + pixels[id(levels)])
            sequence += 1
    return bytes(out + chunk(b"IEND"))


@dataclass(frozen=True)
class GifFrame:
    levels: Pixels
    at: tuple[int, int] = (0, 0)
    disposal: int = 0
    transparent: int | None = None
    delay_cs: int = 10
    controlled: bool = True
    """Whether a graphic control extension comes before it."""


GREYS = bytes(level for level in range(256) for _ in range(3))


def gif(frames: Iterable[GifFrame], screen: tuple[int, int], palette: bytes = GREYS, background: int = 0) -> bytes:
    return gif_head(screen, palette, background) + b"".join(gif_frame(frame) for frame in frames) + b";"


def gif_head(screen: tuple[int, int], palette: bytes = GREYS, background: int = 0) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", *screen, 0xF7, background, 0) + palette


def gif_frame(frame: GifFrame) -> bytes:
    height, width = frame.levels.shape
    flags = frame.disposal << 2 | (frame.transparent is not None)
    control = b"!\xf9\x04" + struct.pack("<BHBB", flags, frame.delay_cs, frame.transparent or 0, 0)
    position = b"," + struct.pack("<HHHHB", *frame.at, width, height, 0)
    return (control if frame.controlled else b"") + position + gif_pixels(frame.levels)


def gif_pixels(levels: Pixels) -> bytes:
    """Returns uncompressed pixels: the table is cleared before it would need longer codes."""
    codes: list[int] = []
    for at, level in enumerate(levels.ravel().tolist()):
        if at % 250 == 0:
            codes.append(256)
        codes.append(level)
    bits = np.array([*codes, 257])[:, np.newaxis] >> np.arange(9) & 1
    packed = np.packbits(bits.ravel().astype(np.uint8), bitorder="little").tobytes()
    return b"\x08" + b"".join(blocks(packed)) + b"\0"


def blocks(data: bytes, length: int = 255) -> Iterable[bytes]:
    """Yields `data` in GIF's sub-blocks."""
    for at in range(0, len(data), length):
        part = data[at : at + length]
        yield bytes([len(part)]) + part


def bmp(
    pixels: bytes,
    size: tuple[int, int],
    bits: int,
    *,
    palette: bytes = b"",
    colours: int = 0,
    compression: int = 0,
    masks: bytes = b"",
) -> bytes:
    """pixels: rows padded to 4 bytes, bottom row first. masks make it a BITMAPV4HEADER."""
    header = 108 if masks else 40
    start = 14 + header + len(palette)
    fields = struct.pack("<IiiHHIIiiII", header, *size, 1, bits, compression, len(pixels), 0, 0, colours, 0)
    rest = (masks + bytes(108))[: header - 40]
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + fields + rest + palette + pixels


def bmp_with_profile(picture: Image.Image, profile: bytes) -> bytes:
    pixels = picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM).convert("RGB").tobytes("raw", "BGR")
    header = struct.pack("<IiiHHII", 124, *picture.size, 1, 24, 0, len(pixels)) + bytes(32)
    header += b"DEBM" + bytes(48) + struct.pack("<IIII", 4, 124 + len(pixels), len(profile), 0)
    return b"BM" + struct.pack("<III", 138 + len(pixels) + len(profile), 0, 138) + header + pixels + profile


def animated(pictures: Sequence[Image.Image], image_format: str, durations_ms: Sequence[int]) -> bytes:
    """Encodes an animation. Encoders merge frames that are alike, so `pictures` must differ.

    An AVIF is of levels from 16 to 235, because viewers draw others in two ways.
    """
    options: dict[str, Any] = {"lossless": True, "method": 0, "quality": 0} if image_format == "WEBP" else {}
    options |= {"speed": 10, "quality": 90, "range": "limited"} if image_format == "AVIF" else {}
    return encoded(
        pictures[0],
        image_format,
        save_all=True,
        append_images=pictures[1:],
        duration=list(durations_ms),
        loop=0,
        **options,
    )


def film(count: int, size: int = 16) -> list[Image.Image]:
    """Returns pictures none of which stands for another."""
    levels = np.random.default_rng(0).integers(0, 256, (count, 4, 4), np.uint8)
    return [Image.fromarray(each.repeat(size // 4, 0).repeat(size // 4, 1)) for each in levels]


def jpeg_with(data: bytes, segment: bytes) -> bytes:
    """Returns `data` with a marker segment after its first two bytes."""
    return data[:2] + segment + data[2:]


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg_beyond_range(picture: Image.Image, factor: int) -> bytes:
    """Returns a JPEG whose coefficients are `factor` times too large: most pixels are clamped when it is shown."""
    data = bytearray(encoded(picture, "JPEG", quality=90, subsampling=0))
    start = data.index(b"\xff\xdb")
    (length,) = struct.unpack_from(">H", data, start + 2)
    for at in range(start + 5, start + 2 + length):
        if (at - start - 4) % 65:
            data[at] = min(255, factor * data[at])
    return bytes(data)
