"""Files in Qt's binary resources (.rcc), as far as they are not compressed, which images never are."""

from collections.abc import Iterator

_MAGIC = b"qres"
_INTEGER = 4


def files_in_resources(data: bytes) -> Iterator[bytes]:
    """Yields the files in their order, without their names.

    A header of four numbers (version and the places of tree, data and names) is followed by these three parts in any
    order. The data are files, each behind its length.
    """
    if not data.startswith(_MAGIC):
        return
    tree, at, names = (_integer(data, place) for place in (8, 12, 16))
    end = min(place for place in (tree, names, len(data)) if place > at)
    while at + _INTEGER <= end:
        start = at + _INTEGER
        at = start + _integer(data, at)
        yield data[start:at]


def _integer(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + _INTEGER], "big")
