"""What people read of an evaluation at a terminal."""

import pytest

from moderate.verdict import Cuts, Policy
from modest_cli.evaluation.figures import Specimen, evaluate
from modest_cli.evaluation.labelled import Truth
from modest_cli.evaluation.scoring import Scored, Setting
from modest_cli.evaluation.sentences import Wanted
from modest_cli.evaluation.tables import print_evaluation

SETTINGS = [Setting("one", policy) for policy in Policy]


def printed(capsys: pytest.CaptureFixture[str], *groups: str, errors: int = 0) -> list[str]:
    specimens = [
        Specimen(f"{group}\n\x1b[31m.png", group, Truth.SAFE, group, Scored((0.7, 0.8, 0.9))) for group in groups
    ]
    evaluation = evaluate(specimens, SETTINGS, Cuts(), errors=errors)
    print_evaluation(evaluation, Wanted(recall=0.95, false_positives=0.01), Policy.STRICT)
    lines = capsys.readouterr().out.splitlines()
    return [" ".join(line.split()) for line in lines]


def test_each_policy_has_a_row_for_each_verdict_and_the_chosen_one_has_thresholds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = printed(capsys, "safe")
    assert lines[:6] == [
        "Safe pictures: 1 judged.",
        "nsfw pictures: 0 judged.",
        "",
        "one",
        "policy flagged from recall false positives precision",
        "lenient nsfw - 100% (20.7-100) -",
    ]
    assert "0.9 - 100% (20.7-100) -" in lines
    assert "strict, by threshold" in lines
    assert not any(".png" in line for line in lines)


def test_groups_are_shown_if_they_say_more_than_the_labels(capsys: pytest.CaptureFixture[str]) -> None:
    assert "safe/people 1 100% (20.7-100) 0% (0-79.3)" in printed(capsys, "safe", "safe/people")
    assert "strict judged nsfw questionable" not in printed(capsys, "safe")


def test_no_name_of_a_mistake_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert "0.9000 safe\\n\\x1b[31m.png" in printed(capsys, "safe", errors=1)
