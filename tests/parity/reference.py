"""Asks the package pdqhash for hashes. It is compiled, in an environment of its own, by the targets that need it."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.helpers.support import ROOT

from moderate.blocking.pdq import PdqHash

Pixels = NDArray[np.uint8]

_PYTHON = ROOT / ".build" / "pdq" / "bin" / "python"


def theirs(pictures: Mapping[str, Pixels], folder: Path) -> dict[str, PdqHash]:
    """folder: for a file that the other process reads."""
    path = folder / "pictures.npz"
    np.savez(path, allow_pickle=False, **pictures)
    command = [str(_PYTHON), "-m", "tests.parity.reference_pdq", str(path)]
    answers = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    return {
        name: PdqHash(bytes.fromhex(bits), quality) for name, (bits, quality) in zip(pictures, answers, strict=True)
    }
