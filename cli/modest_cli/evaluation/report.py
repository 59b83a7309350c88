"""Writes an evaluation as one HTML file that needs no other, to read and to print."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from moderate.verdict import Policy
from moderate.version import VERSION
from modest_cli.evaluation import sentences
from modest_cli.evaluation.figures import Evaluation, Result
from modest_cli.evaluation.plots import SIDE, TICKS, place, plots
from modest_cli.evaluation.sentences import Wanted
from modest_cli.evaluation.tables import MEASURES, THRESHOLDS, are_of_interest, group_cells, measures
from modest_cli.output import escape


def as_page(evaluation: Evaluation, wanted: Wanted, policy: Policy, notes: Sequence[str], *, day: date) -> bytes:
    """policy: the one whose thresholds, groups and mistakes are shown."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Names need not be text, and may hold what turns the text around them.
    environment.filters["visible"] = escape
    page = environment.get_template("report.html").render(
        version=VERSION,
        day=day,
        cuts=evaluation.cuts,
        pictures=[*sentences.pictures(evaluation), *notes],
        measures=MEASURES,
        all=_by_models(evaluation),
        policies=[{"name": name, "plots": plots(_of_policy(name, evaluation))} for name in Policy],
        detailed=policy,
        details=[_details(result, evaluation, wanted) for result in _of_policy(policy, evaluation)],
        unjudged=evaluation.unjudged,
        closing=[*sentences.sizes(wanted), *sentences.CAUTIONS],
        side=SIDE,
        ticks=[(tick, *place((tick, tick))) for tick in TICKS],
    )
    return page.encode()


def _by_models(evaluation: Evaluation) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for result in evaluation.results:
        rows.setdefault(result.setting.models, []).append(_row(result))
    return rows


def _row(result: Result) -> dict[str, Any]:
    return {
        "policy": result.setting.policy,
        "verdicts": [(verdict, measures(detection)) for verdict, detection in result.verdicts.items()],
        "areas": [_area(result.area_under_roc), _area(result.average_precision)],
    }


def _area(area: float | None) -> str:
    return "-" if area is None else f"{area:.4f}"


def _of_policy(policy: Policy, evaluation: Evaluation) -> list[Result]:
    return [result for result in evaluation.results if result.setting.policy is policy]


def _details(result: Result, evaluation: Evaluation, wanted: Wanted) -> dict[str, Any]:
    return {
        "models": result.setting.models,
        "thresholds": [(f"{threshold:g}", measures(result.sample.at(threshold))) for threshold in THRESHOLDS],
        "lines": [
            *sentences.thresholds_wanted(result, wanted),
            *sentences.claims(result, wanted),
            *sentences.refusals(evaluation, result),
        ],
        "groups": [group_cells(group) for group in result.groups] if are_of_interest(result.groups) else [],
        "mistakes": [("Safe, but flagged", result.flagged), ("nsfw, but missed", result.missed)],
    }
