"""Decodes WebP, and finds what Pillow misses: transparency that the header denies, and data that it announces."""

from collections.abc import Iterable, Iterator, Sequence

from PIL import (
    Image,
    ImageChops,
    WebPImagePlugin,  # noqa: F401 - else the first WebP makes Pillow import every format it knows
)

from moderate.images import webp_alpha
from moderate.images.colours.icc import Icc
from moderate.images.colours.renderings import renderings
from moderate.images.decoded import Picture
from moderate.images.libraries import libwebp
from moderate.images.limits import CANVAS, WEBP, BreaksOff, BrokenRule, counted
from moderate.images.pictures import draw_sequence, draw_still, open_image, still, turned_or_not
from moderate.images.shrinking import AS_STORED, OPAQUE, Rendering
from moderate.images.views import BACKGROUNDS, Presentations

_BEFORE_SIZE, _FIRST_CHUNK, _CHUNK_HEADER = 8, 12, 8
_EXTENDED = b"VP8X"
_PROFILE = b"ICCP"
_ALPHA = b"ALPH"
_PICTURES = (b"VP8 ", b"VP8L")
_FLAGS = 20
_IS_ANIMATED = 0x02
_HAS_ALPHA = 0x10
_HAS_PROFILE = 0x20
_FRAME_HEADER = 16
_LOSSLESS_FLAGS = 4
# Drawn without its alpha, and on two pages.
_SHARES_OF_DENIED = 3
_BYTES_OF_DENIED = 15


class MisleadingWebp(BrokenRule):
    """Its header denies transparency that is in it, and viewers differ on whether there is any."""

    message = (
        "The WebP's header says that it is opaque, but it is not, and viewers show it differently. Export it again."
    )


class _Still:
    frames = 1

    def __init__(self, data: bytes, image: Image.Image) -> None:
        """image: the same file, opened. It says how large the picture is, and whether it may be transparent."""
        self._data = without_other_chunks(data)
        self.size = image.size
        self.has_alpha = image.has_transparency_data

    def decode(self, _frame: int) -> Sequence[Image.Image]:
        image = libwebp.decode(self._data, self.size, has_alpha=self.has_alpha)
        if webp_alpha.deny(_chunks(self._data, 0)):
            webp_alpha.check(image)
        return [image]


class _Frames:
    """Decodes one frame after the other."""

    def __init__(self, data: bytes, image: Image.Image) -> None:
        self._image = image
        self._denying = [
            webp_alpha.deny(_chunks(body, _FRAME_HEADER)) for kind, body in counted(_chunks(data)) if kind == b"ANMF"
        ]
        self.size = image.size
        self.frames: int = getattr(image, "n_frames", 1)
        self.has_alpha = image.has_transparency_data

    def decode(self, frame: int) -> Sequence[Image.Image]:
        if frame < len(self._denying) and self._denying[frame]:
            webp_alpha.refuse_if_transparent(self._denying[frame])
        self._image.seek(frame)
        self._image.load()
        return [self._image]


def decode(data: bytes, size: int, images: int) -> Picture:
    caps = WEBP.for_file(data, images)
    whole = no_larger_than_it_is(data)
    # Before libwebp lists its chunks, which takes 32 bytes for each of what may be a million.
    found = profiles(whole)
    try:
        with open_image(with_alpha(whole), "WEBP") as image:
            if _denies_transparency(whole):
                CANVAS.shared(_SHARES_OF_DENIED, more_bytes=_BYTES_OF_DENIED).check(image.size)
                image.load()
                return _draw_denied(image, size, renderings(found))
            presentations = Presentations(turned_or_not(image.info.get("exif", b"")), renderings(found))
            if _is_animated(whole):
                return draw_sequence(_Frames(whole, image), size, caps, [presentations])
            picture = _Still(whole, image)
        # With it go two canvases of Pillow's, whose pages would count against what this process may take.
        del image
        return draw_sequence(picture, size, caps, [presentations])
    except OSError:
        if any(len(body) < length for _, body, length in counted(_sized_chunks(whole))):
            raise BreaksOff("a chunk ends after the file") from None
        raise


def no_larger_than_it_is(data: bytes) -> bytes:
    """Returns `data` without the claim that there is more of it, which Firefox passes over."""
    there = len(data) - _BEFORE_SIZE
    if int.from_bytes(data[4:_BEFORE_SIZE], "little") <= there:
        return data
    return data[:4] + there.to_bytes(4, "little") + data[_BEFORE_SIZE:]


def _draw_denied(image: Image.Image, size: int, drawn: Sequence[Rendering]) -> Picture:
    """Draws a still that is not as opaque as its header says, as browsers do: without its alpha.

    Chromium adds the page's light to the colours of one that is stored without loss. Raises MisleadingWebp.
    """
    presentations = Presentations(turned_or_not(image.info.get("exif", b"")), drawn)
    colours = image.convert("RGB")
    found = dict.fromkeys(draw_still(colours, size, presentations).views)
    if image.mode == "RGBA":
        if list(drawn) != [AS_STORED]:
            raise MisleadingWebp("transparency that its header denies, and other colours")
        missing = ImageChops.invert(image.getchannel("A"))
        for level, *_ in BACKGROUNDS:
            light = missing.point([round(share * level / OPAQUE) for share in range(OPAQUE + 1)])
            shown = ImageChops.add(colours, Image.merge("RGB", [light] * 3))
            found |= dict.fromkeys(draw_still(shown, size, presentations).views)
    return still(found)


def profiles(data: bytes) -> list[Icc]:
    """Returns each profile. Browsers take the first, behind a header that says there is one; others may not.

    Chromium takes none for an animation.
    """
    found = [(place, body) for place, (kind, body) in enumerate(counted(_chunks(data))) if kind == _PROFILE]
    alone = len(found) == 1 and found[0][0] == 1 and data[_FLAGS] & (_HAS_PROFILE | _IS_ANIMATED) == _HAS_PROFILE
    return [Icc(body, alone=alone) for _, body in found]


def with_alpha(data: bytes) -> bytes:
    """Returns `data`, marked as transparent if it is animated. Raises MisleadingWebp.

    An animation's canvas is transparent wherever no frame covers it, even if all frames are opaque and the
    file says so.
    """
    if not _is_opaque_by_header(data) or not _is_animated(data):
        return data
    if _is_transparent(counted(_with_those_of_frames(data))):
        # Firefox draws its frames with their alpha.
        raise MisleadingWebp("transparency that its header denies")
    return data[:_FLAGS] + bytes([data[_FLAGS] | _HAS_ALPHA]) + data[_FLAGS + 1 :]


def without_other_chunks(data: bytes) -> bytes:
    """Returns the chunks of a still's picture. In a whole file, libwebp reads on behind a picture that breaks off."""
    position, start = _FIRST_CHUNK, None
    for kind, body in counted(_chunks(data)):
        end = position + _CHUNK_HEADER + len(body) + len(body) % 2
        if kind in _PICTURES:
            return data[position if start is None else start : end]
        start = position if kind == _ALPHA else None
        position = end
    raise BrokenRule("no picture")


def _is_animated(data: bytes) -> bool:
    return _is_extended(data) and bool(data[_FLAGS] & _IS_ANIMATED)


def _is_opaque_by_header(data: bytes) -> bool:
    return _is_extended(data) and not data[_FLAGS] & _HAS_ALPHA


def _is_extended(data: bytes) -> bool:
    return data[_FIRST_CHUNK : _FIRST_CHUNK + 4] == _EXTENDED


def _denies_transparency(data: bytes) -> bool:
    """Whether this is a still with more transparency than its header says."""
    return _is_opaque_by_header(data) and not _is_animated(data) and _is_transparent(counted(_chunks(data)))


def _is_transparent(chunks: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(
        kind == _ALPHA or (kind == b"VP8L" and bool(body[_LOSSLESS_FLAGS] & _HAS_ALPHA)) for kind, body in chunks
    )


def _with_those_of_frames(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    for kind, body in _chunks(data):
        yield kind, body
        if kind == b"ANMF":
            yield from _chunks(body, _FRAME_HEADER)


def _chunks(data: bytes, position: int = _FIRST_CHUNK) -> Iterator[tuple[bytes, bytes]]:
    return ((kind, body) for kind, body, _ in _sized_chunks(data, position))


def _sized_chunks(data: bytes, position: int = _FIRST_CHUNK) -> Iterator[tuple[bytes, bytes, int]]:
    """Yields each kind and body, and how long that should be."""
    while position + _CHUNK_HEADER <= len(data):
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        start = position + _CHUNK_HEADER
        yield data[position : position + 4], data[start : start + size], size
        position = start + size + size % 2
