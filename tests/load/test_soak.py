"""The soak in small: `make soak` has more of everything."""

from pathlib import Path

from tests.load.soak import soak
from tests.load.traffic import SMALL


def test_1500_calls_leave_the_memory_as_it_was_and_each_gets_its_own_answer(tmp_path: Path, model_path: Path) -> None:
    soak(tmp_path, model_path, SMALL, requests=1500, warm_up=500).check()
