"""What Chromium and Firefox show of files."""

import json
import math
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tests.browser.chromium import ask_chromium
from tests.shown.firefox import Firefox
from tests.shown.sheet import PAGES, Sheet

MAX_FRAMES = 400
_ATTEMPTS = 3
_CELLS = (64, 128, 256, 384, 768)
# Chromium takes no screenshot that is wider than 16,384 pixels.
_LARGEST_CELL = 5000
_ON_A_SHEET = {64: 360, 128: 120, 256: 40, 384: 12, 768: 3}
_FRAMES = Path(__file__).with_name("frames.js")
_TYPES = {".png": "image/png", ".gif": "image/gif", ".webp": "image/webp", ".avif": "image/avif"}
"""The formats that may be animated."""
_SENDING = """<img src="/held" hidden><script src="frames.js"></script><script>
(async (files, most) => {
  for (const [name, type] of Object.entries(files)) {
    const { sizes, levels } = await framesOf(await (await fetch(name)).arrayBuffer(), type, most);
    await fetch(name, { method: 'POST', headers: { 'x-sizes': JSON.stringify(sizes) }, body: levels });
  }
})(...%s).finally(() => fetch('/held', { method: 'POST' }));
</script>
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture that a browser shows."""

    browser: str
    page: str
    frame: int | None
    picture: Image.Image


@dataclass(frozen=True, slots=True)
class File:
    path: Path
    side: int
    """Of the picture that it was made from. Its header may say more."""
    frames: int = MAX_FRAMES
    """How many Chromium is asked for."""
    squeezed: bool = True
    """Whether a browser may squeeze it if it is larger than all usual cells."""

    @property
    def cell(self) -> int:
        """The side of the smallest cell that shows it whole; of the largest, into which a browser squeezes it."""
        # One that Pillow does not open may be larger than its origin too. Decoders raise whatever they like.
        side = 2 * self.side
        with suppress(Exception), Image.open(self.path) as image:
            side = max(self.side, *image.size)
        largest = _CELLS[-1] if self.squeezed else min(side, _LARGEST_CELL)
        return min((cell for cell in _CELLS if side <= cell), default=largest)


_Found = Mapping[str, list[Shown]]


def shown(folder: Path, files: Sequence[File]) -> dict[str, list[Shown]]:
    """Every picture that either browser shows, by the name of the file. Works in `folder`, where the files lie."""
    sheets = _sheets(files)
    with ThreadPoolExecutor(2) as both:
        chromium = both.submit(_again, lambda: _by_chromium(folder, sheets, files))
        firefox = both.submit(_again, lambda: _by_firefox(folder, sheets))
        found: dict[str, list[Shown]] = defaultdict(list)
        for more in (chromium.result(), firefox.result()):
            for name, pictures in more.items():
                found[name] += pictures
    return found


def shown_by_chromium(folder: Path, files: Sequence[File]) -> _Found:
    """What `shown` returns of one browser."""
    return _again(lambda: _by_chromium(folder, _sheets(files), files))


def _again(asked: Callable[[], _Found]) -> _Found:
    """What a browser answers, though it ends before: in the third attempt at the latest."""
    for _ in range(_ATTEMPTS - 1):
        with suppress(AssertionError, subprocess.SubprocessError):
            return asked()
    return asked()


def _sheets(files: Sequence[File]) -> list[Sheet]:
    by_cell: dict[int, list[Path]] = defaultdict(list)
    for file in files:
        by_cell[file.cell].append(file.path)
    return [
        Sheet(paths[at : at + _ON_A_SHEET.get(cell, 1)], cell)
        for cell, paths in by_cell.items()
        for at in range(0, len(paths), _ON_A_SHEET.get(cell, 1))
    ]


def _by_chromium(folder: Path, sheets: Sequence[Sheet], files: Sequence[File]) -> _Found:
    for number, sheet in enumerate(sheets):
        (folder / f"sheet-{number}.html").write_text(sheet.html())
    given = {
        "sheets": [
            {
                "html": str(folder / f"sheet-{number}.html"),
                "screenshot": str(folder / f"chromium-{number}.png"),
                "width": sheet.width,
                "height": sheet.height,
            }
            for number, sheet in enumerate(sheets)
        ],
        "animations": [
            {
                "name": file.path.name,
                "path": str(file.path),
                "type": _TYPES[file.path.suffix],
                "raw": f"{file.path}.raw",
                "most": file.frames,
            }
            for file in files
            if file.path.suffix in _TYPES
        ],
        "frames": str(_FRAMES),
    }
    decoded = ask_chromium("sheets.mjs", given)
    found = _cut(folder, sheets, "chromium")
    for name, sizes in decoded.items():
        found[name] += _frames("chromium", sizes, (folder / f"{name}.raw").read_bytes())
    return found


def _frames(browser: str, sizes: Sequence[tuple[int, int]], data: bytes) -> list[Shown]:
    at, found = 0, []
    for index, size in enumerate(sizes):
        length = 4 * math.prod(size)
        levels = np.frombuffer(data[at : at + length], np.uint8).reshape(size[1], size[0], 4).astype(float)
        at += length
        opaque = levels[:, :, 3:] / 255
        for page, level in PAGES.items():
            on_page = np.round(levels[:, :, :3] * opaque + level * (1 - opaque)).astype(np.uint8)
            found.append(Shown(browser, page, index, Image.fromarray(on_page)))
    return found


def _by_firefox(folder: Path, sheets: Sequence[Sheet]) -> _Found:
    shutil.copy(_FRAMES, folder)
    with Firefox(folder) as firefox:
        for number, sheet in enumerate(sheets):
            animations = {path.name: _TYPES[path.suffix] for path in sheet.paths if path.suffix in _TYPES}
            page = folder / f"firefox-{number}.html"
            page.write_text(sheet.html() + _SENDING % json.dumps([animations, MAX_FRAMES]))
            firefox.screenshot(page.name, (sheet.width, sheet.height), folder / f"firefox-{number}.png")
    found = _cut(folder, sheets, "firefox")
    for name, (sizes, levels) in firefox.posted.items():
        found[name] += _frames("firefox", sizes, levels)
    return found


def _cut(folder: Path, sheets: Sequence[Sheet], browser: str) -> dict[str, list[Shown]]:
    found: dict[str, list[Shown]] = defaultdict(list)
    for number, sheet in enumerate(sheets):
        with Image.open(folder / f"{browser}-{number}.png") as screenshot:
            for path, pictures in zip(sheet.paths, sheet.cut(screenshot.convert("RGB")), strict=True):
                found[path.name] += [Shown(browser, page, None, picture) for page, picture in pictures.items()]
    return found
