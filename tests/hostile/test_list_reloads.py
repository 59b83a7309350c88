"""Lists that are read again 200 times under load: nothing leaks, nobody waits long, and nobody sees half of a list."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.helpers.support import ROOT

from moderate.blocking.reloading import WAIT_SECONDS

# What it takes the system to go on with a thread whose time is over, while others work.
_LATE_SECONDS = 0.3
_MOST_KEPT = 30_000_000


@pytest.mark.parametrize("kind", ["file", "s3"])
def test_200_reloads_under_load_leak_nothing_and_show_nobody_half_of_a_list(kind: str, tmp_path: Path) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    command = [sys.executable, "-m", "tests.hostile.list_reloads", str(tmp_path), kind, "20"]
    run = subprocess.run(command, cwd=ROOT, env={**os.environ, **keys}, stdout=subprocess.PIPE, check=True)
    found = json.loads(run.stdout)
    print(found)
    assert (found["untaken"], found["faults"]) == (0, 0)
    for phase in found["phases"]:
        assert (set(phase["statuses"]), phase["halves"]) == ({"200"}, 0)
        assert phase["longest_wait"] < WAIT_SECONDS + _LATE_SECONDS
    # By then there was a list of a million entries, and every kind of damage.
    before, after = found["phases"]
    assert after["bytes"] - before["bytes"] < _MOST_KEPT
    assert after["files"] <= before["files"]
    assert after["threads"] <= before["threads"]
