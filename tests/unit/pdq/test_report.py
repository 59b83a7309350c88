"""What `make pdq` says of its measurements."""

from pathlib import Path

from tests.pdq.measuring import Hashes, Measured, distance
from tests.pdq.report import Alike, hashed_well, nearest, table
from tests.pdq.variants import VARIANTS

from moderate.blocking.pdq import PdqHash


def hashed(number: int, quality: int = 100) -> PdqHash:
    return PdqHash(number.to_bytes(32, "big"), quality)


def hashes(ours: PdqHash, theirs: PdqHash | None = None) -> Hashes:
    return Hashes(ours, theirs or ours, is_same=True)


def measured(name: str, number: int, *, quality: int = 100, variant: Hashes | None = None) -> Measured:
    original = hashes(hashed(number, quality))
    return Measured(Path(name), original, dict.fromkeys(VARIANTS, variant or original))


def test_each_variant_has_a_row_with_the_shares_and_distances_of_those_that_are_compared() -> None:
    three = [
        measured("a", 0, variant=hashes(hashed((1 << 31) - 1))),
        measured("b", 0, variant=hashes(hashed((1 << 32) - 1), hashed(0))),
        measured("c", 0, variant=hashes(hashed(7, quality=49))),
    ]
    head, _, *rows = table(three)
    assert head.endswith("| largest | within 31 | of Meta's hashes |")
    assert rows == [f"| {name} | 2 | 31.5 | 32 | 32 | 50.0 % | 100.0 % |" for name in VARIANTS]


def test_pictures_that_count_as_the_same_are_named_and_the_nearest_others_counted() -> None:
    found = nearest([measured("a", 0), measured("b", 0b111), measured("c", (1 << 40) - 1)])
    assert found.alike == [Alike("a", "b", 3)]
    assert (found.beyond, found.pairs) == (37, 3)


def test_pictures_with_little_contour_are_not_compared() -> None:
    good, bad = measured("a", 0, quality=50), measured("b", 0, quality=49)
    assert hashed_well([good, bad]) == [good]
    assert distance(good.original.ours, bad.original.ours) == 0
