"""Finds where an AVIF holds more than one picture and viewers differ on which of them they show."""

import struct
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from moderate.images.av1 import headers
from moderate.images.boxes import Box, Data, Items, boxes, inside, inside_if_any, tracks
from moderate.images.colours.avif_boxes import ALPHA_BY_ALL, is_alpha, name_of_use, stream_of
from moderate.images.limits import BrokenRule

_AFTER_VERSION = 4
_MAJOR_BRANDS = (b"avif", b"avis")
_OF_ALPHA, _TILES = b"auxl", b"dimg"


class AmbiguousAvif(BrokenRule):
    """Viewers differ on which picture, layer or alpha channel of the file they show."""


def refuse_choices(data: Data) -> None:
    """Raises AmbiguousAvif; or what `boxes` raises."""
    _refuse_smaller_tracks(data)
    meta = inside_if_any(data, b"meta")[_AFTER_VERSION:]
    if not meta:
        return
    if tracks(data) and bytes(data[8:12]) not in _MAJOR_BRANDS:
        # Chromium shows the animation, and Firefox the still.
        raise AmbiguousAvif("an animation beside a still, and a major brand of neither")
    items = Items(data)
    properties = items.properties()
    if any(kind == b"a1lx" and any(content) for held in properties.values() for kind, content in held):
        # Chromium shows the last, and Firefox the first.
        raise AmbiguousAvif("a picture in layers")
    _refuse_choice_of_alpha(items, properties, meta)


def _refuse_smaller_tracks(data: Data) -> None:
    for track in tracks(data):
        table = inside(track, b"mdia", b"minf", b"stbl")
        stated = {tuple(side >> 16 for side in struct.unpack(">II", bytes(inside(track, b"tkhd")[-8:])))}
        if stated != {header.size for header in islice(headers(stream_of(data, table)), 1)}:
            # Chromium makes it as small as its track, and Firefox does not.
            raise AmbiguousAvif("a track of another size than its frames")


def _refuse_choice_of_alpha(items: Items, properties: Mapping[int, Sequence[Box]], meta: Data) -> None:
    alphas = [item for item, held in properties.items() if is_alpha(held)]
    references = _references(items, meta)
    targets: list[int] = []
    for item in alphas:
        found = [(kind, numbers) for kind, numbers in references[item] if kind != _TILES]
        if not any(kind == _OF_ALPHA for kind, _ in found):
            continue
        if len(found) > 1 or len(found[0][1]) != 1:
            raise AmbiguousAvif("an alpha channel that belongs to several pictures")
        if name_of_use(properties[item]) != ALPHA_BY_ALL:
            raise AmbiguousAvif("an alpha channel by a name that not all viewers know")
        targets += found[0][1]
    if len(set(targets)) < len(targets):
        raise AmbiguousAvif("two alpha channels of one picture")
    streams = [items.content(part) for item in alphas for part in (item, *items.referred(_TILES, item))]
    if any(not header.colours.whole_range for stream in streams for header in headers(stream)):
        # Firefox takes its levels as they are.
        raise AmbiguousAvif("an alpha channel of 16 to 235")


def _references(items: Items, meta: Data) -> Mapping[int, Sequence[tuple[bytes, Sequence[int]]]]:
    """Returns what each item refers to, and in which way."""
    found: defaultdict[int, list[tuple[bytes, Sequence[int]]]] = defaultdict(list)
    for kind in dict.fromkeys(_kinds(meta)):
        for owner, numbers in items.references(kind):
            found[owner].append((kind, numbers))
    return found


def _kinds(meta: Data) -> Iterator[bytes]:
    return (kind for kind, _ in boxes(inside_if_any(meta, b"iref")[_AFTER_VERSION:]))
