"""Says what of an image is on one of the operator's lists."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ListHit:
    """One entry of a list that fits an image, or the host that it comes from."""

    list: str
    """The list's name, such as `block`."""
    match: str
    """The kind of the entry: `sha256`, `pdq` or `host`."""
    distance: int
    """In how many bits the image's hash differs from the listed one: 0 unless hashes need not be equal."""
