"""Says what of an image is on one of the operator's lists."""

from dataclasses import dataclass
from enum import StrEnum

from modest.errors import PublicError


class OnListHit(StrEnum):
    """The ways to answer about an image that is on a list."""

    VERDICT = "verdict"
    """As about one that was judged, and found to be nsfw beyond doubt."""
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ListHit:
    """One entry of a list that fits an image, or the host that it comes from."""

    list: str
    """The list's name, such as `block`."""
    match: str
    """The kind of the entry: `sha256`, `pdq` or `host`."""
    distance: int
    """In how many bits the image's hash differs from the listed one: 0 unless hashes need not be equal."""


class PolicyViolation(PublicError):
    """The image or its host is on the operator's block list; `detail` names it by its SHA-256."""

    def __init__(self, hit: ListHit, sha256: str) -> None:
        """sha256: of the image, or of the host's name."""
        of_host = hit.match == "host"
        what = "The URL's host" if of_host else "The image"
        super().__init__(
            f"{what} is on this service's block list, so the image was not judged. Send another image.",
            detail=f"sha256 {sha256}",
        )
        self.hit = hit
        self.digest = None if of_host else sha256
        """The SHA-256 of the image's bytes. None if they were not fetched."""


def refuse(hit: ListHit | None, sha256: str) -> None:
    """Raises PolicyViolation if there is a hit."""
    if hit is not None:
        raise PolicyViolation(hit, sha256)
