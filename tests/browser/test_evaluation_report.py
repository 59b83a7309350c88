"""The report of an evaluation as Chromium shows and prints it."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.browser.chromium import ask_chromium

from moderate.verdict import Cuts, Policy
from modest_cli.evaluation.figures import Specimen, evaluate
from modest_cli.evaluation.labelled import Truth
from modest_cli.evaluation.report import as_page
from modest_cli.evaluation.scoring import Scored, Setting
from modest_cli.evaluation.sentences import Wanted

# Those of a phone, A4, Letter and a desktop, in CSS pixels.
WIDTHS = [360, 794, 816, 1400]
SETTINGS = [Setting(models, policy) for models in ("first", f"first, then {'x' * 60}") for policy in Policy]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Any:
    specimens = [
        Specimen(f"{'long/name/' * 30}{number}", str(number), truth, f"{truth}/{'x' * 80}", Scored((number / 300,) * 6))
        for number in range(300)
        for truth in [Truth.NSFW if number % 7 > 3 else Truth.SAFE]
    ]
    evaluation = evaluate(specimens, SETTINGS, Cuts(), errors=3)
    file: Path = tmp_path_factory.mktemp("report") / "report.html"
    wanted = Wanted(recall=0.95, false_positives=0.01)
    file.write_bytes(as_page(evaluation, wanted, Policy.BALANCED, [], day=date(2026, 11, 26)))
    return ask_chromium("invoice.mjs", {"files": [str(file)], "widths": WIDTHS})


def test_it_runs_over_no_edge_and_takes_few_sheets_of_either_paper(shown: Any) -> None:
    (found,) = shown["found"]
    assert found["wide"] == []
    assert max(found["sheets"].values()) <= 6


def test_it_fetches_nothing_and_breaks_no_rule_of_its_own_policy(shown: Any) -> None:
    assert (shown["others"], shown["messages"]) == ([], [])
