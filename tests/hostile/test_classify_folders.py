"""`modest classify` on hostile folders and arguments: it ends, accounts for every file once, and obeys no name.

Needs root, for devices, and gives up root's right to read what it may not.
"""

import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.helpers.support import ROOT, mosaic
from tests.helpers.waiting import HANGS_SECONDS
from tests.hostile.folders import PIECES, Churn, Fate, HostileFolder

MODEST = Path(sys.executable).with_name("modest")
IMAGE = mosaic("of-both-models/score-0.45.png")
AS_ANYBODY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
FILES = 10_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


def classify(*arguments: str | bytes | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Checks what holds whatever it is given."""
    command: list[str | bytes | Path] = [*AS_ANYBODY, MODEST, "classify", *arguments]
    run = subprocess.run(
        command, cwd=cwd, capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=HANGS_SECONDS
    )
    result = subprocess.CompletedProcess(command, run.returncode, run.stdout.decode(), run.stderr.decode())
    assert result.returncode in (0, 1, 2), result.stderr
    assert "Traceback" not in result.stderr
    for text in (result.stdout, result.stderr):
        assert all(char.isprintable() or char in "\n\u3000" for char in text)
    return result


def sums(result: subprocess.CompletedProcess[str]) -> dict[str, int]:
    counts = re.findall(r"(Judged|Not judged|Other files, not images): ([\d,]+)", result.stderr)
    return Counter({name: int(count.replace(",", "")) for name, count in counts})


@pytest.mark.parametrize("seed", range(12))
def test_every_file_is_accounted_for_once(folder: Path, seed: int) -> None:
    fates = HostileFolder(folder, IMAGE, seed).fates
    expected = Counter(fates.values())
    result = classify("--json", folder)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    found = {line["path"]: Fate.JUDGED if line["verdict"] else Fate.REFUSED for line in lines}
    assert len(found) == len(lines)
    assert found == {path: fate for path, fate in fates.items() if fate in (Fate.JUDGED, Fate.REFUSED)}
    assert sums(result) == Counter(
        {
            "Judged": expected[Fate.JUDGED],
            "Not judged": expected[Fate.REFUSED],
            "Other files, not images": expected[Fate.OTHER],
        }
    )
    assert result.returncode == (2 if expected[Fate.REFUSED] or not lines else 0)
    table = classify(folder)
    assert (len(table.stdout.splitlines()), table.returncode) == (len(lines) + bool(lines), result.returncode)
    print(f"\nseed {seed}: {dict(expected)}")


@pytest.mark.parametrize("seed", range(3))
def test_files_that_change_meanwhile_hide_none_of_those_that_do_not(folder: Path, seed: int) -> None:
    for number in range(60):
        (folder / f"stable {number}.png").write_bytes(IMAGE)
    with Churn(folder, IMAGE, seed):
        result = classify("--json", folder)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    paths = [line["path"] for line in lines]
    assert len(paths) == len(set(paths))
    assert {line["verdict"] for line in lines if "stable" in line["path"]} == {"questionable"}
    assert sum("stable" in path for path in paths) == 60
    assert sums(result)["Judged"] + sums(result)["Not judged"] == len(lines)


def test_ten_thousand_files_are_accounted_for(folder: Path) -> None:
    for number in range(FILES):
        content = IMAGE if number % 200 == 0 else b"text"
        (folder / f"{number}.{'png' if number % 10 == 0 else 'txt'}").write_bytes(content)
    result = classify("--json", folder)
    assert (result.returncode, len(result.stdout.splitlines())) == (2, FILES // 10)
    assert [*sums(result).values()] == [FILES // 200, FILES // 10 - FILES // 200, FILES - FILES // 10]


NAMED = [
    *("", "-", "--", "-x", ".", "..", "/dev/zero", "/dev/tty", "/dev/random", "/dev/stdin", "/proc/self/mem"),
    *("/proc/kmsg", "/proc/self/fd/0", "/sys/kernel/debug/tracing/trace_pipe", "https://example.com/a.jpg", "data:,x"),
    *(
        "s3://bucket/a.jpg",
        "a" * 5000,
        "a/" * 2048,
        "/" * 4000 + "x",
        "~",
        "*",
        "folder/",
        "folder/../folder",
        "--policy",
        "lax",
    ),
    *("--json", "--json=1", "--model", "/dev/zero", "/etc/passwd", "--policy=\x1b[31m", "--\x1b[31m"),
]


@pytest.mark.parametrize("seed", range(25))
def test_any_arguments_are_judged_or_refused_in_words(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    HostileFolder(folder, IMAGE, seed)
    names = [*map(os.fsencode, NAMED), *PIECES, *(os.fsencode(path.name) for path in folder.iterdir())]
    # Not the folder above, which may hold whatever other tests left.
    arguments = [name for name in chance.choices(names, k=chance.randrange(1, 6)) if name != b".."]
    result = classify(*arguments, cwd=folder)
    assert result.returncode == 0 or result.stderr
