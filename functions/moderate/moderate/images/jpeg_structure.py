"""Finds out what must be known of a JPEG before its pixels are touched."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from moderate.images.limits import counted

# A marker inside entropy-coded data: not a stuffed 00, a restart (D0 to D7) or a fill byte.
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])", re.DOTALL)
_START, _END = 0xD8, 0xD9
_STANDALONE = frozenset({0x01, _START, _END})
# Where there is none.
_BREAK = 0
# A marker and a length.
_BEFORE_BODY = 4
_START_OF_SCAN = 0xDA
# The headers of frames whose data is coded arithmetically: 0xCC holds a table.
_ARITHMETIC = frozenset({0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_PROGRESSIVE = 0xC2
# What no picture has. Where libjpeg waits for a restart it skips one of these, and else it gives up.
_UNKNOWN = range(0x02, 0xC0)
_FRAMES = frozenset({0xC0, 0xC1, _PROGRESSIVE})
# Where the first component's sampling factors stand in such a header; the next follow every third byte.
_SAMPLING = 7
_STEPS = 0xDB
# Above which bits of its first byte a table of steps says that they take 16, and how long one of 8 bits is.
_OF_16_BITS, _STEPS_BYTES = 4, 65
# A block has so many rows.
_BLOCK = 8
_EXIF, _EXIF_NAME = 0xE1, b"Exif\0"
_PROFILE, PROFILE_NAME = 0xE2, b"ICC_PROFILE\0"
# Behind the name of a part stand its number and how many there are.
_NUMBERS = 2


@dataclass(frozen=True, slots=True)
class Frame:
    """Holds what the header of the pixels says about their rows."""

    place: int
    """Where it states the height."""
    height: int
    block_rows: int
    """How many rows of pixels come together."""
    smoothed_rows: int
    """How many more rows it takes to smooth the colours of those before; none unless it is done from row to row."""

    @property
    def last_rows(self) -> int:
        return (self.height - 1) % self.block_rows + 1

    @property
    def left_out(self) -> int:
        """How many rows browsers leave out that wait for more."""
        return self.last_rows + self.smoothed_rows


@dataclass(frozen=True, slots=True)
class Structure:
    arithmetic: bool
    """Most browsers do not show it, and it takes many times longer to decode."""
    progressive: bool
    scans: list[bytes]
    """The header of each."""
    last_scan: int
    """Where the last of them begins."""
    exifs: list[bytes]
    """EXIF segments. If there are several, viewers differ on which they believe."""
    profile: bytes
    """The ICC profile, put together from its parts before the first scan; empty unless all are there."""
    profile_is_sound: bool
    """Every viewer puts it together: all of its parts are there, once each, and agree on how many they are."""
    short_parts: list[int]
    """Where the names of parts of profiles stand that are too short for a number."""
    has_end: bool
    """Without its end, browsers leave out the last row of blocks."""
    stop: int
    """Where the end, or a segment that is cut off, begins."""
    frame: Frame | None
    has_wide_steps: bool
    """Some of those between the levels of its frequencies take 16 bits, as in no picture that is worth seeing."""
    has_unknown_marker: bool
    """Decoders do not take what follows one for its length, and so read on elsewhere than here."""

    @property
    def first_components(self) -> int:
        """How many colour components the first scan has. If the picture has more, it is held whole until all came."""
        return self.scans[0][0] if self.scans else 0


def read(data: bytes) -> Structure:
    """Walks the markers of the first picture in `data`, up to where its structure ends: no decoder reads further."""
    scans: list[bytes] = []
    exifs: list[bytes] = []
    parts: list[bytes] = []
    short_parts: list[int] = []
    frame: Frame | None = None
    arithmetic = progressive = has_wide_steps = has_unknown_marker = False
    marker, start, last_scan = _BREAK, 0, 0
    for marker, start, body in counted(_segments(data)):
        arithmetic |= marker in _ARITHMETIC
        has_unknown_marker |= marker in _UNKNOWN
        progressive |= marker == _PROGRESSIVE
        has_wide_steps |= marker == _STEPS and _are_wide(body)
        if marker == _START_OF_SCAN:
            scans.append(body)
            last_scan = start
        elif marker in _FRAMES:
            frame = frame or _frame(start, body)
        elif not scans and marker == _EXIF and body.startswith(_EXIF_NAME):
            exifs.append(body)
        elif not scans and marker == _PROFILE and body.startswith(PROFILE_NAME):
            parts.append(body[len(PROFILE_NAME) :])
            if len(body) < len(PROFILE_NAME) + _NUMBERS:
                short_parts.append(start + _BEFORE_BODY)
    profile, is_sound = _profile(parts)
    return Structure(
        arithmetic,
        progressive,
        scans,
        last_scan,
        exifs,
        profile,
        is_sound,
        short_parts,
        marker == _END,
        start,
        frame,
        has_wide_steps,
        has_unknown_marker,
    )


def _segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yields each marker, where it stands and what it holds; at last the end, or where the picture breaks off.

    Segments are skipped by their length, so bytes inside a profile or a thumbnail that merely look like a
    marker do not count.
    """
    position, has_pixels = 0, False
    while match := _MARKER.search(data, position):
        marker, start, position = match[1][0], match.start(), match.end()
        if marker in _STANDALONE:
            if marker == _END:
                yield marker, start, b""
                return
            if marker == _START and has_pixels:
                yield _BREAK, start, b""
                return
            yield marker, start, b""
            continue
        length = max(2, int.from_bytes(data[position : position + 2]))
        if position + length > len(data):
            yield (marker if marker in _UNKNOWN else _BREAK), start, b""
            return
        has_pixels |= marker == _START_OF_SCAN
        yield marker, start, data[position + 2 : position + length]
        position += length
    yield _BREAK, len(data), b""


def _are_wide(tables: bytes) -> bool:
    position = 0
    while position < len(tables):
        if tables[position] >> _OF_16_BITS:
            return True
        position += _STEPS_BYTES
    return False


def _frame(start: int, body: bytes) -> Frame | None:
    height = int.from_bytes(body[1:3])
    factors = [divmod(sampling, 0x10) for sampling in body[_SAMPLING::3]]
    if not height or not any(down for _, down in factors):
        return None
    across, down = map(max, *factors, (0, 0))
    # libjpeg smooths halved colours alone, and repeats those of more pixels.
    is_smoothed = any(2 * own[1] == down and across in (own[0], 2 * own[0]) for own in factors)
    return Frame(start + _BEFORE_BODY + 1, height, _BLOCK * down, down if is_smoothed else 0)


def _profile(parts: Sequence[bytes]) -> tuple[bytes, bool]:
    """Returns the profile of these parts, empty unless all are there, and whether every viewer puts it together.

    parts: a number, how many there are, and content. Chromium passes over empty ones, and Firefox counts them.
    """
    filled = [part for part in parts if len(part) > _NUMBERS]
    if not filled:
        return b"", False
    expected = filled[0][1]
    by_number: dict[int, bytes] = {}
    for part in (*filled, *(part for part in parts if len(part) == _NUMBERS)):
        by_number.setdefault(part[0], part[_NUMBERS:])
    wanted = range(1, expected + 1)
    if not all(number in by_number for number in wanted):
        return b"", False
    is_sound = len(parts) == len(filled) == expected and all(part[1] == expected for part in parts)
    return b"".join(by_number[number] for number in wanted), is_sound
