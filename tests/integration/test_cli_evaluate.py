"""`modest evaluate` at the shell, on mosaics whose scores are known."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.support import MOSAICS
from tests.helpers.waiting import HANGS_SECONDS

MODEST = Path(sys.executable).with_name("modest")
BOTH = MOSAICS / "of-both-models"
# The first model alone finds porn.png nsfw; those of both models have scores of 0.99, 0.65 and 0.45 by either.
SAFE = {"neutral.png": MOSAICS / "neutral.png", "flagged\n\x1b[31m.png": MOSAICS / "porn.png"}
NSFW = {"high.png": BOTH / "porn.png", "over.png": BOTH / "score-0.65.png", "under.png": BOTH / "score-0.45.png"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for label, files in (("safe", SAFE), ("nsfw", NSFW)):
        (tmp_path / label).mkdir(parents=True)
        for name, mosaic in files.items():
            shutil.copy(mosaic, tmp_path / label / name)
    shutil.copy(NSFW["high.png"], tmp_path / "nsfw" / "copy.png")
    (tmp_path / "nsfw" / "broken.png").write_bytes(NSFW["high.png"].read_bytes()[:2000])
    return tmp_path


def modest(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [MODEST, "evaluate", *arguments]
    # Make names the models to its commands.
    environment = {name: value for name, value in os.environ.items() if name not in ("MODEL_PATH", "SECOND_OPINION")}
    return subprocess.run(command, capture_output=True, env=environment, text=True, check=False, timeout=HANGS_SECONDS)


def shares(result: dict[str, Any], verdict: str = "nsfw") -> dict[str, tuple[int, int]]:
    found = result["verdicts"][verdict]
    return {name: (found[name]["hits"], found[name]["total"]) for name in ("recall", "false_positives", "precision")}


def test_a_set_with_known_answers_gives_the_known_figures_with_and_without_a_second_opinion(folder: Path) -> None:
    run = modest(folder, "--json", "--errors", "1", "--report", folder / "report.html")
    document = json.loads(run.stdout)
    by_setting = {(result["models"], result["policy"]): result for result in document["results"]}
    assert len(by_setting) == 6
    alone = by_setting["mobilenet_v2", "balanced"]
    asked = by_setting["mobilenet_v2, then mobilenet_v2_mid", "balanced"]
    assert shares(alone) == {"recall": (2, 3), "false_positives": (1, 2), "precision": (2, 3)}
    assert shares(asked) == {"recall": (2, 3), "false_positives": (0, 2), "precision": (2, 2)}
    assert shares(asked, "questionable") == {"recall": (3, 3), "false_positives": (1, 2), "precision": (3, 4)}
    found = alone["verdicts"]["nsfw"]
    assert (found["recall"]["low"], found["recall"]["high"]) == pytest.approx((0.2077, 0.9385), abs=5e-5)
    assert found["if_refused_are_blocked"]["recall"]["value"] == 3 / 4
    assert (alone["area_under_roc"], alone["average_precision"]) == pytest.approx((1 / 2, 0.6389), abs=5e-5)
    assert asked["area_under_roc"] == pytest.approx(5 / 6)
    assert [Path(each["path"]).name for each in alone["flagged"]] == ["flagged\n\x1b[31m.png"]
    (refused,) = document["refused"]
    assert (Path(refused["path"]).name, refused["code"]) == ("broken.png", "undecodable_image")
    assert document["pictures"]["nsfw"] == {"found": 4, "judged": 3, "refused": {"undecodable_image": 1}}
    assert (document["copies"], run.returncode) == (1, 2)
    assert "66.7% (20.8-93.9)" in (folder / "report.html").read_text("utf-8")
