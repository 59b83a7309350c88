"""The report is one file that needs no other, and in which no name is markup."""

import re
from datetime import date

import pytest

from moderate.verdict import Cuts, Policy
from modest_cli.evaluation.figures import Evaluation, Specimen, evaluate
from modest_cli.evaluation.labelled import Truth
from modest_cli.evaluation.plots import SIDE, plots
from modest_cli.evaluation.report import as_page
from modest_cli.evaluation.scoring import Scored, Setting
from modest_cli.evaluation.sentences import Wanted

NAME = "<script>alert(1)</script>\u202e\udcff.png"
SETTINGS = [Setting(models, policy) for models in ("one", "one, then <i>other</i>") for policy in Policy]


def evaluated(nsfw: tuple[float, ...], safe: tuple[float, ...]) -> Evaluation:
    specimens = [
        Specimen(NAME, f"{truth}{number}", truth, truth, Scored((score,) * len(SETTINGS)))
        for truth, scores in ((Truth.NSFW, nsfw), (Truth.SAFE, safe))
        for number, score in enumerate(scores)
    ]
    return evaluate(specimens, SETTINGS, Cuts(), errors=2)


def page(evaluation: Evaluation) -> str:
    wanted = Wanted(recall=0.95, false_positives=0.01)
    return as_page(evaluation, wanted, Policy.BALANCED, [f"Note on {NAME}."], day=date(2026, 11, 26)).decode()


def test_a_report_fetches_nothing_and_runs_nothing() -> None:
    text = page(evaluated((0.9, 0.1), (0.7, 0.0)))
    assert not re.search(r"<(script|link|img|iframe)|https?:|url\(|\bon\w+=", text)
    assert "default-src 'none'" in text


def test_no_name_is_markup_or_turns_the_text_around_it() -> None:
    text = page(evaluated((0.9, 0.1), (0.7, 0.0)))
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;\\u202e\\udcff.png") == 5
    assert "<i>" not in text


def test_curves_are_drawn_from_corner_to_corner_with_a_mark_for_each_verdict() -> None:
    roc, precision = plots(evaluated((0.9, 0.65), (0.7, 0.1)).results[:1])
    # Caught: 0.9; flagged: 0.7; caught: 0.65; flagged: 0.1.
    assert roc.lines[0].path == "M0.0 240.0L0.0 120.0L120.0 120.0L120.0 0.0L240.0 0.0"
    assert precision.lines[0].path.startswith("M0.0 0.0L120.0 0.0L120.0 120.0L120.0 80.0L240.0 80.0")
    assert roc.lines[0].marks == [(SIDE / 2, 0), (SIDE / 2, 0)]


@pytest.mark.parametrize(("nsfw", "safe"), [((), ()), ((0.5,), ()), ((), (0.5,))])
def test_without_pictures_of_both_kinds_there_is_a_sentence_in_place_of_curves(
    nsfw: tuple[float, ...], safe: tuple[float, ...]
) -> None:
    text = page(evaluated(nsfw, safe))
    assert text.count("Without pictures of both kinds there are no curves.") == 3
