"""What a checkout judges of files: a refusal, or the pictures that its model would be given."""

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = 32
_WORKER = Path(__file__).with_name("judge_worker.py")
_DIED = "died"

View = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Judged:
    views: Sequence[View]
    refused: str = ""
    """The name of the error."""
    rule: str = ""
    """What is wrong with the file, if the error says it."""
    message: str = ""
    """What a client would read."""
    complete: bool = True
    """False where frames were left out, for which no answer is `safe`."""


def state(checkout: Path, *asking: Path) -> str:
    """Returns a different text for each state of what is judged, and of the modules or folders of those who ask."""
    digest = hashlib.sha256()
    for folder in (checkout / "functions/moderate", checkout / "layers/modest", *asking):
        for path in sorted(folder.rglob("*.py")) or [folder]:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def judged(checkout: Path, paths: Sequence[Path], size: int = SIZE) -> list[Judged]:
    """Whatever ends a decoder is a refusal; the files after it go to a new one."""
    found: list[Judged] = []
    while len(found) < len(paths):
        rest = paths[len(found) :]
        done = subprocess.run(
            [sys.executable, "-P", str(_WORKER), str(size)],
            env=os.environ | {"PYTHONPATH": f"{checkout}/functions/moderate:{checkout}/layers/modest"},
            input="".join(f"{path}\n" for path in rest),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        found += [_read(line, size) for line in done.stdout.splitlines()]
        if len(found) < len(paths):
            if done.returncode > 0:
                raise RuntimeError(f"the decoder of {checkout} does not run")
            found.append(Judged((), _DIED))
    return found


def _read(line: str, size: int) -> Judged:
    answer = json.loads(line)
    if "refused" in answer:
        return Judged((), answer["refused"], answer["rule"], answer["message"])
    views = [np.frombuffer(base64.b64decode(view), np.uint8).reshape(size, size, 3) for view in answer["views"]]
    return Judged(views, complete=answer["complete"])


def reduced(checkout: Path, folder: Path, pictures: Sequence[Image.Image], size: int = SIZE) -> list[View]:
    """What would be judged of each of these, had it been sent as it is: both sides are then reduced in one way."""
    unique = {(picture.size, picture.tobytes()): picture for picture in pictures}
    paths = [folder / f"seen-{number}.png" for number in range(len(unique))]
    for path, picture in zip(paths, unique.values(), strict=True):
        picture.save(path, compress_level=1)
    answers = dict(zip(unique, judged(checkout, paths, size), strict=True))
    return [answers[picture.size, picture.tobytes()].views[0] for picture in pictures]
