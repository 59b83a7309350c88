"""AVIFs that hide pictures between their halved colours."""

from random import Random

from tests.helpers.avif_planes import written
from tests.shown.formats.avif_file import Avif, parsed
from tests.shown.formats.drafts import alpha
from tests.shown.formats.halved_colours import planes


def hidden(avif: Avif, random: Random) -> None:
    """Hide one picture, or several in an animation."""
    subsampling = random.choice(["4:2:0", "4:2:0", "4:2:2"])
    side = random.choice([32, 33, 64, 95, 128])
    size = (side, random.choice([side, side, side // 2 + 1]))
    clear = [alpha(random, size[::-1])] if random.random() < 0.2 else []
    frames = [
        [*planes(random, size, 2, 2 if subsampling == "4:2:0" else 1), *clear]
        for _ in range(random.choice([1, 1, 1, 2, 4]))
    ]
    made = parsed(
        written(
            frames,
            subsampling,
            whole_range=random.random() < 0.7,
            place_of_colours=random.randrange(3) if subsampling == "4:2:0" else 0,
            quality=random.choice([100, 100, 95, 80]),
        )
    )
    avif.top, avif.origin = made.top, made.origin
