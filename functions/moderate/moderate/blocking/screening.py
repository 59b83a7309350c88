"""Decodes an image unless it is listed, before and after lists that change at that moment."""

from collections.abc import Iterator
from typing import Protocol

from moderate.blocking.hits import refuse
from moderate.blocking.pdq import PdqHash, hash_of_points
from moderate.blocking.reloading import CurrentLists
from moderate.images.decoded import Picture
from moderate.scheduling.work import Work


class Decode(Protocol):
    def __call__(self, data: bytes, size: int, work: Work, *, room: int, points: bool) -> Picture:
        """Stops early, by raising anything, if the work is over. Raises NeedsRoom, PublicError.

        points: whether to take the points of which hashes are made.
        """


def decode_here(
    data: bytes,
    size: int,
    work: Work,
    *,
    room: int,  # noqa: ARG001 - it takes what it needs
    points: bool,
) -> Picture:
    """Decodes in this process, which no call can interrupt."""
    # The service decodes in other processes, and starts without this.
    from moderate.images.decode import decode  # noqa: PLC0415

    return decode(data, size, work.images, points=points)


class Screening:
    def __init__(self, decode: Decode, lists: CurrentLists) -> None:
        self._decode = decode
        self._lists = lists

    def decode(self, data: bytes, digest: str, size: int, work: Work, room: int) -> Picture:
        """digest: the SHA-256 of the data. Raises PolicyViolation, CallOver, and whatever `Decode` raises."""
        sha256 = bytes.fromhex(digest)
        lists = self._lists.current
        # A listed file is not decoded.
        refuse(lists.find_file(sha256), digest)
        picture = self._decode(data, size, work, room=room, points=lists.has_pdq)
        changed = self._lists.settled()
        if changed is not lists:
            refuse(changed.find_file(sha256), digest)
            if changed.has_pdq and not lists.has_pdq:
                picture = self._decode(data, size, work, room=room, points=True)
        refuse(changed.find_pictures(_hashes(picture, work), sha256), digest)
        return picture


def _hashes(picture: Picture, work: Work) -> Iterator[PdqHash]:
    """Yields the hash of each view, which is then looked for. Raises CallOver once the call is over."""
    for points in picture.points:
        work.check()
        yield hash_of_points(points)
