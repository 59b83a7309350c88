"""Changes HEIFs so that they say what no encoder would, each in one way or in a few."""

from collections.abc import Callable, Sequence
from random import Random

from tests.second_decoder import streams, structure
from tests.second_decoder.files import Heif

_EXTREMES = (0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
Mutation = Callable[[Heif, Random], None]
STRUCTURAL: Sequence[Mutation] = (
    structure.turned,
    structure.turned_primary,
    structure.turned_twice_by_one_box,
    structure.cropped,
    structure.cropped_with_alpha,
    structure.without_property,
    structure.property_of_another,
    structure.properties_in_another_order,
    structure.properties_listed_twice,
    structure.colours_by_number,
    structure.without_colours,
    structure.other_extent,
    structure.other_grid,
    structure.one_tile_otherwise,
    structure.into_grid,
    structure.with_alpha,
    structure.other_alpha,
    structure.other_primary,
    structure.second_primary,
    structure.other_reference,
    structure.without_reference,
    structure.hidden,
    structure.other_kind,
    structure.identical_items,
    structure.otherwise_stored,
    structure.in_two_places,
    structure.swapped_contents,
    streams.units_in_configuration,
    streams.lengths_of_another_size,
    structure.exif,
    structure.more_boxes,
)
OF_STREAMS: Sequence[Mutation] = (streams.other_configuration, streams.other_units, streams.other_bits)


def mutant(data: bytes, random: Random) -> tuple[str, bytes]:
    """Returns what was changed, and the file. Raises what reading damaged files does."""
    heif = Heif.read(data)
    done = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        change = random.choice(STRUCTURAL if random.random() < 0.75 else OF_STREAMS)
        change(heif, random)
        done.append(change.__name__)
    found = bytearray(heif.write())
    how = random.random()
    if how < 0.05:
        del found[random.randrange(len(found)) :]
        done.append("cut")
    elif how < 0.15:
        at, length = random.randrange(min(len(found), 2000)), random.choice((1, 2, 4))
        found[at : at + length] = (random.choice(_EXTREMES) & 256**length - 1).to_bytes(length)
        done.append("bytes")
    return "+".join(done), bytes(found)
