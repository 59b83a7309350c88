"""GIF's compression, done in ways that decoders must follow and few encoders write."""

from collections.abc import Iterator, Sequence
from random import Random

_MOST_CODES = 4096


def compressed(levels: Sequence[int], random: Random) -> bytes:
    """`levels` of 8 bits as LZW codes: without a clear code before them, or with a full table that is kept."""
    starts_clear, keeps_table = random.random() < 0.8, random.random() < 0.5
    bits = "".join(
        f"{code:0{width}b}"[::-1] for code, width in _codes(levels, starts_clear=starts_clear, keeps_table=keeps_table)
    )
    bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
    return bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))


def _codes(levels: Sequence[int], *, starts_clear: bool, keeps_table: bool) -> Iterator[tuple[int, int]]:
    clear, end = 256, 257
    first: dict[tuple[int, ...], int] = {(level,): level for level in range(256)}
    table, width = dict(first), 9
    if starts_clear:
        yield clear, width
    text: tuple[int, ...] = ()
    for level in levels:
        longer = (*text, level)
        if longer in table:
            text = longer
            continue
        yield table[text], width
        text = (level,)
        if len(table) + 2 < _MOST_CODES:
            table[longer] = len(table) + 2
            # A decoder knows each entry one code later than it was made.
            width = min(12, (len(table) + 1).bit_length())
        elif not keeps_table:
            yield clear, width
            table, width = dict(first), 9
    yield table[text], width
    yield end, width
