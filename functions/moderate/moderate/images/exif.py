"""Finds out how EXIF turns a picture."""

import struct
from collections.abc import Sequence
from itertools import chain

UPRIGHT = 1
_TURNS = range(2, 9)
_NAME = b"Exif\0\0"
_ORDERS = {b"II": "<", b"MM": ">"}
_MAGIC = 42
_ENTRY = 12
_ORIENTATION, _SHORT = 0x0112, 3
# Leads to a directory with more about the exposure, which browsers search for an orientation too.
_MORE = 0x8769
_MOST_DIRECTORIES = 4

_Entry = tuple[int, int, bytes]
"""Its type, how many values it has, and its last four bytes."""


def orientations_in(exif: bytes) -> tuple[int, ...]:
    """Returns the orientations, by EXIF's numbers, in which viewers may show a picture with this block.

    All viewers follow a single orientation of the type that the standard asks for. Of another type, of several, or of
    one that stands in a further directory, some follow one and others none. Pillow's getexif() would follow XMP and
    text chunks too, which no browser does.
    """
    is_named = exif.startswith(_NAME[:-1])
    # Chromium asks for the first of the two zeros that the name ends in, Firefox for both.
    agreed = exif.startswith(_NAME) or not is_named
    tiff = exif[len(_NAME) :] if is_named else exif
    try:
        order = _ORDERS[tiff[:2]]
        magic, start = struct.unpack_from(f"{order}HI", tiff, 2)
    except (KeyError, struct.error):
        return (UPRIGHT,)
    directories, are_whole = _directories(tiff, order, start)
    if len(directories) > _MOST_DIRECTORIES:
        return (UPRIGHT, *_TURNS)
    values = [value for _, _, value in chain.from_iterable(directories)]
    readings = [turn for value in values for turn in struct.unpack_from(f"{order}H", value)]
    in_first = [entry[:2] for each in directories[:1] for entry in each]
    if agreed and magic == _MAGIC and are_whole and in_first == [(_SHORT, 1)] and len(values) == 1:
        return tuple(turn if turn in _TURNS else UPRIGHT for turn in readings)
    for value in values:
        readings += [value[0], *struct.unpack(f"{order}I", value)]
    return tuple(dict.fromkeys((UPRIGHT, *(turn for turn in readings if turn in _TURNS))))


def _directories(tiff: bytes, order: str, start: int) -> tuple[Sequence[Sequence[_Entry]], bool]:
    """Returns the orientations in the first directory and in each that it leads to, and whether none is cut off.

    There is at most one more than are read.
    """
    found: list[list[_Entry]] = []
    are_whole, places, known = True, [start], {start}
    for place in places:
        if len(found) > _MOST_DIRECTORIES:
            break
        if place + 2 > len(tiff):
            are_whole = False
            continue
        (count,) = struct.unpack_from(f"{order}H", tiff, place)
        directory = tiff[place + 2 : place + 2 + count * _ENTRY]
        are_whole &= len(directory) == count * _ENTRY
        found.append([])
        for tag, *entry in struct.iter_unpack(f"{order}HHI4s", directory[: len(directory) // _ENTRY * _ENTRY]):
            kind, length, value = entry
            if tag == _ORIENTATION:
                found[-1].append((kind, length, value))
            elif tag == _MORE:
                more = [each for each in _numbers(order, kind, value) if each not in known]
                places += more
                known.update(more)
    return found, are_whole


def _numbers(order: str, kind: int, value: bytes) -> tuple[int, ...]:
    """Returns what browsers may take an entry's value for."""
    (long,) = struct.unpack(f"{order}I", value)
    return (long, *struct.unpack_from(f"{order}H", value)) if kind == _SHORT else (long,)
