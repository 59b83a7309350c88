"""Pictures coded by HEVC (ITU-T H.265), as HEIF files hold them: their configuration, and the stream of each.

Clause 7.3 has the syntax.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from moderate.images.heif.hevc_parameters import HEADER, Layout, UnusableHevc, picture_set
from moderate.images.heif.hevc_parameters import layout as layout_of
from moderate.images.limits import counted

Data = bytes | memoryview

_VIDEO, _SEQUENCE, _PICTURE = 32, 33, 34
_MESSAGES = (39, 40)
_PIXELS = range(32)
# Those that need no other picture.
_WHOLE_PIXELS = range(16, 22)
_CONFIGURATION, _LENGTHS = 22, 21
_LENGTH = 4
# A sequence parameter set with a scaling list of its own has about 1,200.
_LONGEST_PARAMETERS = 4096


@dataclass(frozen=True, slots=True)
class Configuration:
    """The content of a box `hvcC`."""

    layout: Layout
    units: Sequence[bytes]
    """The parameter sets, those first to which others refer."""


def read_configuration(box: Data) -> Configuration:
    """Raises UnusableHevc and IndexError."""
    units = list(counted(_units_of_configuration(box)))
    if any(len(unit) > _LONGEST_PARAMETERS for unit in units):
        raise UnusableHevc("long parameter sets")
    by_kind = {kind: [unit for unit in units if _kind(unit) == kind] for kind in (_VIDEO, _SEQUENCE, _PICTURE)}
    if len(by_kind[_SEQUENCE]) != 1:
        raise UnusableHevc("not exactly one sequence parameter set")
    if len({picture_set(unit) for unit in by_kind[_PICTURE]}) < len(by_kind[_PICTURE]):
        raise UnusableHevc("two picture parameter sets of one number")
    if any(_kind(unit) not in (*by_kind, *_MESSAGES) for unit in units):
        raise UnusableHevc("a configuration that holds more than parameters")
    if box[_LENGTHS] & 3 != _LENGTH - 1:
        # libheif takes every length for one of four bytes, and others do not.
        raise UnusableHevc("lengths of other than four bytes")
    return Configuration(layout_of(by_kind[_SEQUENCE][0]), tuple(chain.from_iterable(by_kind.values())))


def picture_in(stream: Data, configuration: Configuration) -> Sequence[bytes]:
    """Returns the parts of a stream that make its picture. Raises UnusableHevc."""
    found = []
    for unit in counted(_units(stream)):
        kind, layer = _kind(unit), (unit[0] & 1) << 5 | unit[1] >> 3
        if layer == 0 and kind in _PIXELS:
            if kind not in _WHOLE_PIXELS:
                raise UnusableHevc("a picture that needs another")
            found.append(bytes(unit))
        elif kind in (_VIDEO, _SEQUENCE, _PICTURE) and bytes(unit) not in configuration.units:
            raise UnusableHevc("parameter sets in a picture")
    # The bit after the header says that a picture begins.
    if [unit[HEADER] >> 7 for unit in found[:1]] != [1] or sum(unit[HEADER] >> 7 for unit in found) > 1:
        raise UnusableHevc("not exactly one picture")
    return found


def _kind(unit: Data) -> int:
    return unit[0] >> 1 & 0x3F


def _units(stream: Data) -> Iterator[Data]:
    position = 0
    while position < len(stream):
        start = position + _LENGTH
        position = start + int.from_bytes(stream[position:start])
        if position > len(stream):
            raise UnusableHevc("a stream that breaks off")
        if position < start + HEADER:
            raise UnusableHevc("an empty part of a stream")
        yield stream[start:position]


def _units_of_configuration(box: Data) -> Iterator[bytes]:
    position = _CONFIGURATION + 1
    for _ in range(box[_CONFIGURATION]):
        count = int.from_bytes(box[position + 1 : position + 3])
        position += 3
        for _ in range(count):
            start = position + 2
            position = start + int.from_bytes(box[position:start])
            if position > len(box) or position <= start + HEADER:
                raise UnusableHevc("a configuration that breaks off")
            yield bytes(box[start:position])
