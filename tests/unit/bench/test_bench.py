"""The arithmetic of the benchmarks, and that what they recorded is what the page says."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench import facts, imports, page
from bench.cost import usd_a_million_images, worst_keyless_month
from bench.operations import multiply_accumulates
from bench.photos import SIZES, photos
from bench.sampling import Timing, difference, interleave, ratio, summary
from PIL import Image

from modest_cli.capacity.measured import PRICES

RESULTS = sorted(facts.RESULTS.glob("*.json"))


def timings(*seconds: float) -> list[Timing]:
    return [Timing(wall=value, cpu=value / 2) for value in seconds]


def test_a_ratio_is_taken_round_by_round() -> None:
    """So that a moment in which everything was slow changes nothing."""
    samples = {"ours": timings(1, 1, 100), "theirs": timings(3, 3, 300)}
    assert ratio(samples, "theirs", "ours") == {"wall": 3, "cpu": 3}


def test_a_difference_is_taken_round_by_round() -> None:
    samples = {"path": timings(1.002, 5.002, 1.002), "pipeline": timings(1, 5, 1)}
    assert difference(samples, "path", "pipeline") == {"wall_ms": 2, "cpu_ms": 1}


def test_a_summary_is_in_milliseconds() -> None:
    found = summary(timings(0.001, 0.002, 0.003, 0.004, 0.005))
    assert (found["median_ms"], found["fastest_ms"], found["cpu_ms"]) == (3, 1, 1.5)


def test_contestants_take_turns_and_the_first_round_is_dropped() -> None:
    order: list[str] = []

    def contestant(name: str) -> Timing:
        order.append(name)
        return Timing(1, 1)

    samples = interleave({"a": lambda _: contestant("a"), "b": lambda _: contestant("b")}, rounds=2)
    assert [len(found) for found in samples.values()] == [2, 2]
    assert "".join(order) in {"baabba", "abbaab"}


def test_import_times_are_added_up_by_package_without_the_composition_root() -> None:
    text = (
        "import time: self [us] | cumulative | imported package\n"
        "import time:      1500 |       1500 |   numpy._core\n"
        "import time:       500 |       2000 | numpy\n"
        "import time:      3000 |       3000 | json\n"
        "import time:     90000 |      95000 | moderate.main\n"
    )
    assert imports.milliseconds_by_package(text) == {"the standard library": 3, "numpy": 2}
    assert imports.modules(text) == 4


def test_ten_images_a_call_share_what_is_paid_for_each_call() -> None:
    prices = tomllib.loads(PRICES.read_text())
    one, ten = (
        usd_a_million_images(prices, images=n, memory=1024, milliseconds=n * 20, start_ms=500, log_bytes=500)
        for n in (1, 10)
    )
    assert one["API Gateway"] == pytest.approx(3.5)
    # 20 ms of 1 GB, a million times, at the price of a GB-second.
    assert one["Lambda: time"] == pytest.approx(ten["Lambda: time"]) == pytest.approx(0.333334)
    assert ten["API Gateway"] == pytest.approx(0.35)


def test_every_price_says_where_it_is_from() -> None:
    prices = tomllib.loads(PRICES.read_text())
    assert all(price["source"] and price["date"] for price in prices["aws"].values())
    assert all(each["source"] for each in prices["hosted"])


def test_a_model_s_work_is_counted(model_path: Path) -> None:
    """MobileNetV2 is published with 300 million multiply-accumulates; three dense layers come on top."""
    assert 0.29e9 < multiply_accumulates(model_path) < 0.33e9


def test_a_photo_has_the_size_it_says_and_is_made_the_same_each_time(tmp_path: Path) -> None:
    first, again = (photos(tmp_path / name, "0.05", "PNG", 2) for name in ("a", "b"))
    assert [path.name for path in first] == [path.name for path in again]
    assert first[0].read_bytes() == again[0].read_bytes() != first[1].read_bytes()
    with Image.open(first[0]) as photo:
        assert photo.size == SIZES["0.05"]
        assert np.asarray(photo).std() > 10


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_a_recorded_result_names_its_machine_by_kind_alone(path: Path) -> None:
    measured = json.loads(path.read_text())["measured"]
    assert {"at", "commit", "cpu", "cores", "load_before", "load_after", "versions"} <= set(measured)
    assert not any(word in path.read_text() for word in ("://", '"/', "localhost"))


def test_the_page_is_the_one_that_the_results_make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "PAGE", tmp_path / "benchmarks.md")
    page.write("make bench")
    assert (tmp_path / "benchmarks.md").read_text() == (facts.ROOT / "docs" / "benchmarks.md").read_text()
    assert sorted(path.name for path in (tmp_path / "benchmarks").iterdir()) == ["cost.png", "start.png", "verdict.png"]


def test_the_readme_has_the_cost_that_was_measured() -> None:
    costs = facts.recorded("cost")["by_memory_mb"]["1769"]
    one, ten = ([round(usd, 2) for usd in readme_s_rows(costs[images])] for images in ("1 a call", "10 a call"))
    rows = re.findall(
        r"^\| .+ \| \*{0,2}([\d.]+)\*{0,2} \| \*{0,2}([\d.]+)\*{0,2} \|$", readme_section("What it costs"), re.MULTILINE
    )
    assert [(float(first), float(second)) for first, second in rows] == list(zip(one, ten, strict=True))


def test_the_readme_has_the_worst_month_of_the_routes_without_a_key() -> None:
    usd = sum(usd for _, usd in worst_keyless_month(tomllib.loads(PRICES.read_text())).values())
    assert f"| {usd:.2f} in all | |" in readme_section("What it costs")


def readme_s_rows(cost: dict[str, Any]) -> list[float]:
    usd = cost["usd_a_million_images"]
    of_lambda = sum(amount for name, amount in usd.items() if name.startswith("Lambda"))
    others = usd["Logs"] + usd["X-Ray"] + usd["Transfer"]
    return [usd["API Gateway"], usd["DynamoDB"], of_lambda, others, cost["total_usd"]]


def readme_section(heading: str) -> str:
    return (facts.ROOT / "README.md").read_text().partition(f"### {heading}\n")[2].partition("\n#")[0]
