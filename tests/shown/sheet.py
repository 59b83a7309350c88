"""Contact sheets: pages on which a browser shows many pictures, and what is cut out of their screenshots."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

PAGES = {"white": 255, "grey": 128, "black": 0}
_MARK = 4
_WIDTH = 2304

_TEMPLATE = """<!doctype html><meta charset="utf-8">
<style>
* {{ margin: 0; padding: 0 }}
body {{ width: {width}px }}
div {{ float: left; position: relative; width: {cell}px; height: {high}px; overflow: hidden }}
div:nth-child(3n+1) {{ background: #fff }} div:nth-child(3n+2) {{ background: #808080 }}
div:nth-child(3n) {{ background: #000 }}
img {{ display: block }}
i {{ position: absolute; top: {cell}px; height: {mark}px; width: {mark}px }}
</style>
{cells}
<script>
// Below each picture: whether it is shown, and its width and height, as colours.
addEventListener('load', () => {{
  for (const cell of document.querySelectorAll('div')) {{
    const image = cell.firstChild, {{ naturalWidth: width, naturalHeight: height }} = image;
    if (!width || !height) image.hidden = true;
    if (width > {cell} || height > {cell}) image.style.cssText = 'width:{cell}px;height:{cell}px';
    [width && height ? '#0f0' : '#f00', ...[width, height].map(side => `rgb(${{side >> 8}},${{side & 255}},0)`)]
      .forEach((colour, place) => {{
        const mark = document.createElement('i');
        mark.style.cssText = `left:${{place * {mark}}}px;background:${{colour}}`;
        cell.append(mark);
      }});
  }}
}});
</script>
"""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page with each picture on white, on grey and on black."""

    paths: Sequence[Path]
    cell: int

    @property
    def columns(self) -> int:
        return max(1, _WIDTH // self.cell // 3) * 3

    @property
    def width(self) -> int:
        return self.columns * self.cell

    @property
    def height(self) -> int:
        return -(-3 * len(self.paths) // self.columns) * (self.cell + _MARK)

    def html(self) -> str:
        # Without `alt`, Firefox draws an icon for a picture that turns out to be broken once its size is known.
        cells = [f'<div><img decoding="sync" alt="" src="{path.name}"></div>' for path in self.paths for _ in PAGES]
        return _TEMPLATE.format(
            width=self.width, cell=self.cell, high=self.cell + _MARK, mark=_MARK, cells="".join(cells)
        )

    def cut(self, screenshot: Image.Image) -> list[dict[str, Image.Image]]:
        """What is shown of each picture, by the colour of the page; nothing where a browser shows none."""
        if screenshot.size != (self.width, self.height):
            raise ValueError(f"a screenshot of {screenshot.size}, not {(self.width, self.height)}")
        found = []
        for index in range(len(self.paths)):
            pictures = {
                page: shown for place, page in enumerate(PAGES) if (shown := self._shown(screenshot, 3 * index + place))
            }
            blank = all(picture.getextrema() == ((PAGES[page],) * 2,) * 3 for page, picture in pictures.items())
            found.append({} if blank else pictures)
        return found

    def _shown(self, screenshot: Image.Image, place: int) -> Image.Image | None:
        left, top = place % self.columns * self.cell, place // self.columns * (self.cell + _MARK)
        marks = [
            screenshot.getpixel((left + number * _MARK + _MARK // 2, top + self.cell + _MARK // 2))
            for number in range(3)
        ]
        status, *sides = marks
        if status == (255, 0, 0):
            return None
        if status != (0, 255, 0):
            raise ValueError(f"a mark of {status}")
        width, height = (high * 256 + low for high, low, _ in sides)  # type: ignore[misc]
        if max(width, height) > self.cell:
            width = height = self.cell
        return screenshot.crop((left, top, left + width, top + height))
