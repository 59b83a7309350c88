"""Makes the picture of a BMP from its rows, by a palette or by masks."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops

from moderate.images.limits import BreaksOff

_HIGHEST = 255
_BYTE_BITS = 8
_COLOURS = 256
# In Pillow: a mode of one channel for each byte of a pixel.
_BYTES = {16: "LA", 32: "RGBA"}


@dataclass(frozen=True, slots=True)
class Rows:
    """Pixels as they are stored: each row is padded to 32 bits."""

    size: tuple[int, int]
    bits: int
    bottom_up: bool
    data: bytes

    def by_palette(self, palette: bytes) -> Image.Image:
        """palette: red, green and blue of each colour. What is beyond it is black. Raises BreaksOff."""
        image = self._read("P", "P" if self.bits == _BYTE_BITS else f"P;{self.bits}")
        image.putpalette(palette.ljust(3 * _COLOURS, b"\0"))
        return image

    def by_bytes(self) -> Image.Image:
        """Takes each pixel for bytes of blue, green and red. Raises BreaksOff."""
        return self._read("RGB", "BGR")

    def by_masks(self, colours: Sequence[int], alpha: int) -> Image.Image:
        """Takes each pixel for a number with bits for each channel. Raises BreaksOff.

        alpha: 0 if there is none.
        """
        masks = (*colours, alpha) if alpha else colours
        return Image.merge("RGBA" if alpha else "RGB", self._channels(masks))

    def _channels(self, masks: Sequence[int]) -> list[Image.Image]:
        """Keeps none of the pixels as they are stored, which the merged picture would double."""
        mode = _BYTES[self.bits]
        parts = self._read(mode, mode).split()
        return [_channel(parts, mask) for mask in masks]

    def _read(self, mode: str, raw_mode: str) -> Image.Image:
        row_bytes = (self.size[0] * self.bits + 31) // 32 * 4
        if len(self.data) < row_bytes * self.size[1]:
            raise BreaksOff("pixels are missing")
        return Image.frombytes(mode, self.size, self.data, "raw", raw_mode, row_bytes, -1 if self.bottom_up else 1)


def _channel(parts: Sequence[Image.Image], mask: int) -> Image.Image:
    """Returns the levels that a mask selects, of 255; black if it selects none."""
    shift = (mask & -mask).bit_length() - 1
    levels = Image.new("L", parts[0].size)
    for place, part in enumerate(parts):
        inside = mask >> _BYTE_BITS * place & _HIGHEST
        if inside:
            most = mask >> shift
            weights = [((level & inside) << _BYTE_BITS * place >> shift) * _HIGHEST for level in range(_HIGHEST + 1)]
            levels = ImageChops.add(levels, part.point([round(weight / most) for weight in weights]))
    return levels
