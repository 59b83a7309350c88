"""Prints an evaluation as tables for people."""

from collections.abc import Iterable, Iterator, Sequence

from moderate.verdict import Policy
from modest_cli.evaluation import sentences
from modest_cli.evaluation.curves import Detection
from modest_cli.evaluation.figures import Evaluation, Group, Mistake, Result
from modest_cli.evaluation.sentences import Wanted, with_interval
from modest_cli.output import print_line, print_table

THRESHOLDS = tuple(tenth / 10 for tenth in range(1, 10))
MEASURES = ("recall", "false positives", "precision")


def print_evaluation(evaluation: Evaluation, wanted: Wanted, policy: Policy) -> None:
    """policy: the one whose thresholds, groups and mistakes are printed."""
    _print_lines(sentences.pictures(evaluation))
    for models in dict.fromkeys(result.setting.models for result in evaluation.results):
        results = [result for result in evaluation.results if result.setting.models == models]
        _print_lines(["", models])
        print_table(("policy", "flagged from", *MEASURES), _by_policy(results))
        for result in results:
            if result.setting.policy is policy:
                _print_details(evaluation, result, wanted)
    if evaluation.unjudged:
        print_line("")
        print_table(("refused", "file"), ((each.refused.message, each.path) for each in evaluation.unjudged))
    _print_lines(["", *sentences.sizes(wanted), *sentences.CAUTIONS])


def measures(detection: Detection) -> Sequence[str]:
    return [with_interval(share) for share in (detection.recall, detection.false_positives, detection.precision)]


def _by_policy(results: Sequence[Result]) -> Iterator[Sequence[str]]:
    for result in results:
        for verdict, detection in result.verdicts.items():
            yield result.setting.policy, verdict, *measures(detection)


def _print_details(evaluation: Evaluation, result: Result, wanted: Wanted) -> None:
    policy = result.setting.policy
    _print_lines(["", f"{policy}, by threshold"])
    thresholds = ((f"{threshold:g}", *measures(result.sample.at(threshold))) for threshold in THRESHOLDS)
    print_table(("threshold", *MEASURES), thresholds)
    _print_lines(sentences.thresholds_wanted(result, wanted))
    _print_lines(["", f"{policy}, verdict nsfw"])
    _print_lines([*sentences.claims(result, wanted), *sentences.refusals(evaluation, result)])
    if are_of_interest(result.groups):
        print_line("")
        print_table((policy, "judged", "nsfw", "questionable"), map(group_cells, result.groups))
    _print_mistakes("safe, but flagged", result.flagged)
    _print_mistakes("nsfw, but missed", result.missed)


def are_of_interest(groups: Sequence[Group]) -> bool:
    """Returns whether they say more than the labels safe and nsfw do."""
    return not {group.name for group in groups} <= {"safe", "nsfw"}


def group_cells(group: Group) -> tuple[str, str, str, str]:
    return group.name, f"{group.judged:,}", with_interval(group.nsfw), with_interval(group.questionable)


def _print_mistakes(heading: str, mistakes: Sequence[Mistake]) -> None:
    if mistakes:
        print_line("")
        print_table(("score", heading), ((f"{each.score:.4f}", each.path) for each in mistakes))


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print_line(line)
