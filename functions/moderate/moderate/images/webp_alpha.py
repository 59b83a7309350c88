"""Finds transparency that the lossless pixels of a WebP deny: browsers differ on whether there is any.

The header of such pixels says whether their alpha is used. libwebp decodes it all the same.
"""

from collections.abc import Iterable

from PIL import Image

from moderate.images.libraries import libwebp
from moderate.images.limits import CANVAS, BrokenRule

_LOSSLESS, _CHUNK_HEADER = b"VP8L", 8
# Behind a byte that each begins with: 14 bits each for the sides, less 1, and the one that says so.
_SIDE_BITS, _USES_ALPHA = 14, 1 << 28
_ALPHA, _OPAQUE = 3, 255
_ROWS = 64


class DeniedTransparency(BrokenRule):
    """Some viewers show the picture as opaque, others let its page through or add its light."""

    message = (
        "The WebP says that its pixels are opaque, but they are not, and viewers show it differently. Export it again."
    )


def deny(chunks: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Returns the first picture among these chunks, with its header, if it says that it is opaque; else nothing."""
    for kind, body in chunks:
        if kind == _LOSSLESS and not int.from_bytes(body[1:5], "little") & _USES_ALPHA:
            return kind + len(body).to_bytes(4, "little") + body
    return b""


def refuse_if_transparent(picture: bytes) -> None:
    """picture: what `deny` found. Raises DeniedTransparency, UndecodableWebp and TooManyPixels."""
    fields = int.from_bytes(picture[_CHUNK_HEADER + 1 : _CHUNK_HEADER + 5], "little")
    most = (1 << _SIDE_BITS) - 1
    size = (fields & most) + 1, (fields >> _SIDE_BITS & most) + 1
    CANVAS.check(size)
    check(libwebp.decode(picture, size, has_alpha=True))


def check(image: Image.Image) -> None:
    """Raises DeniedTransparency unless all of the image is opaque, whose fourth channel is the alpha that it denies."""
    for top in range(0, image.height, _ROWS):
        # In bands: a copy of the whole channel would count against what this process may take.
        band = image.crop((0, top, image.width, min(top + _ROWS, image.height)))
        if band.getchannel(_ALPHA).getextrema() != (_OPAQUE, _OPAQUE):
            raise DeniedTransparency("transparency that its pixels deny")
