"""Makes entries for the images in files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from moderate.blocking.entries import Entry, Kind
from modest.errors import PublicError
from modest_cli.errors import OperatorError
from modest_cli.files import read

# The input size of the default model. It does not matter for hashes.
_SIZE = 224


@dataclass(frozen=True, slots=True)
class Hashed:
    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Why there is no PDQ entry for a picture."""


def hash_images(paths: Sequence[str], kinds: Sequence[Kind]) -> Hashed:
    """Returns the entries of these kinds for images in files. Raises OperatorError."""
    hashed = Hashed()
    for path in paths:
        try:
            data = read(path)
            hashed.entries.extend(Entry(kind, sha256(data).digest()) for kind in kinds if kind is not Kind.PDQ)
            if Kind.PDQ in kinds:
                hashed.entries.extend(_hash_pictures(path, data, hashed.notes))
        except PublicError as error:
            raise OperatorError(f"{path}: {error.message}") from None
    if not hashed.entries:
        raise OperatorError(" ".join(hashed.notes))
    return hashed


def _hash_pictures(path: str, data: bytes, notes: list[str]) -> Iterator[Entry]:
    # These modules load slowly, so only this needs them.
    from moderate.blocking.pdq import MIN_QUALITY, hash_of_points  # noqa: PLC0415
    from moderate.images.decode import decode  # noqa: PLC0415

    for picture in dict.fromkeys(map(hash_of_points, decode(data, _SIZE, points=True).points)):
        if picture.quality >= MIN_QUALITY:
            yield Entry(Kind.PDQ, picture.bits)
        else:
            notes.append(
                f"{path}: a picture has no PDQ entry, because it has too little contour to tell it from others: its "
                f"hash has a quality of {picture.quality}, and {MIN_QUALITY} is the least."
            )
