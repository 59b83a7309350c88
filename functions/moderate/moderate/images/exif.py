"""Finds out how EXIF turns a picture."""

import struct

UPRIGHT = 1
_TURNS = range(2, 9)
_NAME = b"Exif\0\0"
_ORDERS = {b"II": "<", b"MM": ">"}
_MAGIC = 42
_ENTRY = 12
_ORIENTATION, _SHORT = 0x0112, 3


def orientations_in(exif: bytes) -> tuple[int, ...]:
    """Returns the orientations, by EXIF's numbers, in which viewers may show a picture with this block.

    All viewers follow a single orientation of the type that the standard asks for. Of another type, or of several, some
    follow one and others none. Pillow's getexif() would follow XMP and text chunks too, which no browser does.
    """
    is_named = exif.startswith(_NAME[:-1])
    # Chromium asks for the first of the two zeros that the name ends in, Firefox for both.
    agreed = exif.startswith(_NAME) or not is_named
    tiff = exif[len(_NAME) :] if is_named else exif
    try:
        order = _ORDERS[tiff[:2]]
        magic, start = struct.unpack_from(f"{order}HI", tiff, 2)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
    except (KeyError, struct.error):
        return (UPRIGHT,)
    directory = tiff[start + 2 : start + 2 + count * _ENTRY]
    entries = struct.iter_unpack(f"{order}HHI4s", directory[: len(directory) // _ENTRY * _ENTRY])
    found = [entry[1:] for entry in entries if entry[0] == _ORIENTATION]
    readings = [turn for *_, value in found for turn in struct.unpack_from(f"{order}H", value)]
    agreed = agreed and magic == _MAGIC and len(directory) == count * _ENTRY
    if agreed and [entry[:2] for entry in found] == [(_SHORT, 1)]:
        return tuple(turn if turn in _TURNS else UPRIGHT for turn in readings)
    for *_, value in found:
        readings += [value[0], *struct.unpack(f"{order}I", value)]
    return tuple(dict.fromkeys((UPRIGHT, *(turn for turn in readings if turn in _TURNS))))
