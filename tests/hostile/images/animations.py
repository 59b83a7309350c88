"""Animations that are long, large, or dear to look at."""

import zlib
from functools import partial
from itertools import cycle, islice
from typing import Any

import numpy as np
from tests.helpers.crafted import (
    GREY_ALPHA,
    Control,
    GifFrame,
    apng,
    chunk,
    film,
    gif,
    gif_frame,
    gif_head,
)
from tests.helpers.support import encoded
from tests.hostile.images.catalogue import add, hostile
from tests.hostile.images.making import (
    DOT,
    EXIF,
    TABLE,
    photo,
)

from moderate.images.limits import (
    MAX_VIEWS_OF_CALL,
    TooManyFrames,
    TooManyPixels,
)


def animation(
    image_format: str,
    mode: str,
    frames: int,
    patch: int,
    size: tuple[int, int] = (1000, 1000),
    *,
    pictures: int = 40,
    **options: Any,
) -> bytes:
    """pictures: how many it has before it shows them again, so that time ends before the views do."""
    first, *rest = (photo(mode, size, patch=patch, seed=frame % pictures) for frame in range(frames))
    return encoded(first, image_format, save_all=True, append_images=rest, duration=40, **options)


def animation_at_cap(name: str, *frames: Any, **options: Any) -> None:
    make = partial(animation, name.split(maxsplit=1)[0], *frames, **options)
    add(f"animated {name} at its cap", make, None, heavy=True)


# Few frames that take many bytes, or many that take few.
animation_at_cap("GIF", "P", 60, 50, disposal=3)
animation_at_cap("GIF of large frames", "P", 48, 14, disposal=3)
animation_at_cap("PNG", "RGBA", 28, 50, blend=1, compress_level=1)
animation_at_cap("PNG that is hard to unpack", "RGBA", 29, 1000, blend=1, compress_level=6)
animation_at_cap("PNG that is hard to unpack and replaces", "RGBA", 57, 1000, blend=0, compress_level=6)
animation_at_cap("PNG that replaces", "RGBA", 45, 60, blend=0, compress_level=1)
animation_at_cap("WEBP", "RGBA", 72, 50, method=0, quality=40)
animation_at_cap("WEBP of large frames", "RGBA", 48, 22, method=0, quality=40)
animation_at_cap("AVIF", "RGBA", 42, 60, speed=10, quality=40, subsampling="4:4:4")
animation_at_cap("AVIF of large frames", "RGBA", 12, 7, speed=10, quality=50, subsampling="4:4:4")
animation_at_cap("WEBP through a table", "RGBA", 16, 9, (800, 800), method=0, quality=40, icc_profile=TABLE)
animation_at_cap("AVIF through a table", "RGBA", 16, 9, (440, 440), speed=10, quality=40, icc_profile=TABLE)
animation_at_cap("PNG through a table", "RGBA", 16, 9, (830, 830), blend=0, compress_level=1, icc_profile=TABLE)
animation_at_cap(
    "PNG of blended frames through a table", "RGBA", 6, 9, (830, 830), blend=1, compress_level=1, icc_profile=TABLE
)
add("animated GIF of 84 MP", partial(animation, "GIF", "P", 84, 26, disposal=3), TooManyFrames, heavy=True)
add("animated WebP of 9 MB", partial(animation, "WEBP", "RGB", 80, 17, method=0, quality=30), TooManyFrames, heavy=True)
add(
    "animated AVIF of 9 MB",
    partial(animation, "AVIF", "RGBA", 30, 8, speed=10, quality=50, subsampling="4:4:4"),
    TooManyFrames,
    heavy=True,
)
add(
    "AVIF of 9 MB",
    lambda: encoded(photo("RGBA", (4000, 4000)), "AVIF", speed=10, quality=60, subsampling="4:4:4"),
    TooManyPixels,
    heavy=True,
)


@hostile(None, heavy=True)
def gif_that_browsers_read_differently_at_its_cap() -> bytes:
    """Half of its palette is missing, so it is drawn twice."""
    whole = animation("GIF", "P", 20, 50, disposal=3)
    return whole[:10] + bytes([whole[10] - 1]) + whole[11 : 13 + 384] + whole[13 + 768 :]


@hostile(None, heavy=True)
def gif_of_a_few_dots_on_a_canvas_at_its_cap() -> bytes:
    """Every other dot is where the canvas ends: an area around two of them would be all of it."""
    return gif([GifFrame(DOT, at, disposal=2) for at in [(0, 0), (3869, 3869)] * 3], (3870, 3870))


# What follows is quickly drawn, and looking at it takes the time.
FAR_APART = [(0, 0), (2399, 2399)] * 1000


@hostile(None, heavy=True)
def gif_of_2000_dots_on_a_large_canvas() -> bytes:
    return gif([GifFrame(DOT, at, disposal=2) for at in FAR_APART], (2400, 2400))


@hostile(None, heavy=True)
def gif_of_2000_pictures() -> bytes:
    return gif([GifFrame(np.asarray(each)) for each in film(2000)], (16, 16))


@hostile(None, heavy=True)
def gif_that_goes_to_and_fro_among_as_many_pictures_as_are_judged() -> bytes:
    return gif([GifFrame(np.asarray(each)) for each in film(MAX_VIEWS_OF_CALL)] * 12, (16, 16))


@hostile(None, heavy=True)
def apng_of_2000_frames_of_which_each_is_two_levels_from_the_last() -> bytes:
    return apng([(np.full((16, 16), abs(2 * (index % 250) - 250)), Control()) for index in range(2000)])


def narrow_film(frames: int) -> bytes:
    """Each frame is one pixel wide and as high as may be, and changes all of it."""
    levels = np.full((65_535, 1), 1, np.uint8)
    film = [gif_frame(GifFrame(levels * level, transparent=0)) for level in (50, 150, 250)]
    return gif_head((1, 65_535)) + b"".join(islice(cycle(film), frames)) + b";"


add("GIF of 100 frames of 1 x 65,535", partial(narrow_film, 100), None, heavy=True)


def see_through(side: int, frames: int, *, before: bytes = b"") -> bytes:
    """Goes to and fro among pictures that look different on each page."""
    pictures = [np.dstack([np.asarray(each), np.asarray(each)[::-1]]) for each in film(40, side)]
    return apng([(pictures[frame % 40], Control()) for frame in range(frames)], GREY_ALPHA, before=before)


THROUGH_TABLE = chunk(b"iCCP", b"x\0\0" + zlib.compress(TABLE))
TURNED = chunk(b"eXIf", EXIF[6].tobytes()[6:])
for side, frames in ((16, 2000), (64, 2000), (224, 800), (672, 120), (1340, 30)):
    add(f"APNG of {frames} see-through frames of {side} x {side}", partial(see_through, side, frames), None, heavy=True)
for side, frames in ((16, 2000), (224, 300)):
    add(
        f"APNG of {frames} see-through frames of {side} x {side}, turned and through a table",
        partial(see_through, side, frames, before=THROUGH_TABLE + TURNED),
        None,
        heavy=True,
    )
