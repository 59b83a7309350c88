"""The proof that looks for files which are shown otherwise than they are judged: it sees what browsers show."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.helpers.crafted import GifFrame, gif
from tests.helpers.support import ROOT, encoded
from tests.shown.browsers import File, Shown, shown, shown_by_chromium
from tests.shown.distance import farthest
from tests.shown.files import made, plan
from tests.shown.judge import SIZE, Judged, judged

BROWSERS = ("chromium", "firefox")
HALF_CLEAR = Image.new("RGBA", (40, 33), (200, 100, 0, 128))
DARK, LIGHT = (np.full((8, 8), level, np.uint8) for level in (10, 250))
FILES = {
    "clear.png": encoded(HALF_CLEAR, "PNG"),
    "large.png": encoded(Image.new("RGB", (100, 70), (1, 2, 3)), "PNG"),
    "frames.gif": gif([GifFrame(DARK), GifFrame(LIGHT)], (8, 8)),
    "broken.png": b"\x89PNG\r\n\x1a\n nothing",
    "empty.png": encoded(Image.new("RGBA", (40, 40)), "PNG"),
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Shown]]:
    folder = tmp_path_factory.mktemp("sheets")
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    return shown(folder, [File(folder / name, 128 if name == "large.png" else 64) for name in FILES])


@pytest.mark.parametrize("browser", BROWSERS)
@pytest.mark.parametrize(("page", "level"), [("white", 255), ("grey", 128), ("black", 0)])
def test_a_picture_is_seen_on_each_page(pictures: dict[str, list[Shown]], browser: str, page: str, level: int) -> None:
    (found,) = (
        seen.picture for seen in pictures["clear.png"] if (seen.browser, seen.page, seen.frame) == (browser, page, None)
    )
    assert found.size == HALF_CLEAR.size
    wanted = np.array([200, 100, 0]) * 128 / 255 + level * 127 / 255
    assert np.abs(np.asarray(found) - wanted).max() < 2


@pytest.mark.parametrize("browser", BROWSERS)
def test_every_frame_of_an_animation_is_seen(pictures: dict[str, list[Shown]], browser: str) -> None:
    frames = [seen for seen in pictures["frames.gif"] if seen.browser == browser and seen.page == "white"]
    levels = {seen.frame: seen.picture.getpixel((4, 4)) for seen in frames if seen.frame is not None}
    assert levels == {0: (10, 10, 10), 1: (250, 250, 250)}


def test_a_picture_that_may_not_be_squeezed_is_shown_at_its_own_size(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    path.write_bytes(encoded(Image.new("RGB", (900, 20), (1, 2, 3)), "PNG"))
    for squeezed, size in ((True, (768, 768)), (False, (900, 20))):
        found = shown_by_chromium(tmp_path, [File(path, 64, squeezed=squeezed)])
        assert {seen.picture.size for seen in found["wide.png"]} == {size}


def test_what_no_browser_shows_is_not_seen(pictures: dict[str, list[Shown]]) -> None:
    assert pictures["broken.png"] == pictures["empty.png"] == []


def test_a_picture_that_nobody_judges_is_found(pictures: dict[str, list[Shown]]) -> None:
    first, second = (np.full((SIZE, SIZE, 3), level, np.uint8) for level in (10, 250))
    seen = [
        (frame, first if frame.picture.getpixel((4, 4)) == (10, 10, 10) else second) for frame in pictures["frames.gif"]
    ]
    everything, most = farthest(seen, Judged([first, second])), farthest(seen, Judged([first]))
    assert everything is not None
    assert not everything.too_far
    assert most is not None
    assert most.too_far
    assert most.shown.frame in (1, None)


@pytest.mark.parametrize("judged", [Judged((), "UndecodableImage"), Judged([DARK], complete=False)])
def test_what_is_never_called_safe_needs_no_likeness(pictures: dict[str, list[Shown]], judged: Judged) -> None:
    assert farthest([(seen, LIGHT) for seen in pictures["frames.gif"]], judged) is None


def test_the_judge_is_asked_of_every_file_though_one_ends_it(tmp_path: Path) -> None:
    package = tmp_path / "functions" / "moderate" / "moderate"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "images.py").write_text(
        "import os\ndef decode(data, size):\n    os.abort() if data == b'!' else 1 / 0\n"
    )
    paths = [tmp_path / name for name in "abc"]
    for path, data in zip(paths, (b"?", b"!", b"?"), strict=True):
        path.write_bytes(data)
    assert [answer.refused for answer in judged(tmp_path, paths)] == ["ZeroDivisionError", "died", "ZeroDivisionError"]


def test_the_judge_is_this_checkout(tmp_path: Path) -> None:
    (tmp_path / "clear.png").write_bytes(FILES["clear.png"])
    (answer,) = judged(ROOT, [tmp_path / "clear.png"])
    assert answer.complete
    assert [view.shape for view in answer.views] == [(SIZE, SIZE, 3)] * len(answer.views)
    assert {view[0, 0, 2] for view in answer.views} >= {0, 127}


def test_a_seed_stands_for_the_same_files_for_ever() -> None:
    plans = [plan("a seed", number) for number in range(40)]
    assert [made(plan) for plan in plans] == [made(plan) for plan in plans]
    assert {plan.kind.name for plan in plans} == {"JPEG", "PNG", "APNG", "GIF", "WebP", "AVIF", "BMP"}
