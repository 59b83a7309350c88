"""Measures how often each built model flags safe pictures, and writes that into the model card.

It exits with 1 if the card said something else. `make evidence` fetches the pictures.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from moderate.inference.second_model import NONE
from moderate.verdict import Cuts, Policy
from modest_cli.evaluation.figures import Evaluation, Result, evaluate
from modest_cli.evaluation.labelled import Truth
from modest_cli.evaluation.proportions import CONFIDENCE, at_most
from modest_cli.evaluation.run import Compared, measure
from modest_cli.evaluation.scoring import Setting
from modest_cli.evaluation.sentences import percent
from modest_cli.exit_codes import ExitCode

ROOT = Path(__file__).parents[1]
CARD = ROOT / "model" / "README.md"
BUILT = ROOT / ".build" / "model"
FIRST, SECOND = "mobilenet_v2", "mobilenet_v2_mid"
DEPLOYED = f"{FIRST}, then {SECOND}"
ALL = "all"
COLUMNS = ("people", "drawn", "paintings", "photos", ALL)

_TABLES = re.compile("(?<=<!-- evidence -->\n).*?(?=<!-- /evidence -->)", re.DOTALL)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder whose folder safe/ has a folder for each kind of pictures")
    parser.add_argument("--resume", type=Path, help="keep scores in this file, as `modest evaluate` does")
    given = parser.parse_args()
    measured = measure(
        Compared(
            pictures=str(given.folder),
            models=[BUILT / f"{model}.onnx" for model in (FIRST, SECOND)],
            second_opinions=(NONE, SECOND),
            resume=given.resume,
        )
    )
    if measured.exit_code is ExitCode.INTERRUPTED:
        return measured.exit_code
    evaluation = evaluate(measured.specimens, measured.settings, Cuts())
    card = CARD.read_text()
    written = _TABLES.sub(lambda _: describe(evaluation), card)
    CARD.write_text(written)
    if written != card:
        print(f"{CARD.relative_to(ROOT)} said something else. Now it says what was measured: commit it.")
    return int(written != card)


def describe(evaluation: Evaluation) -> str:
    """Returns the tables of the card, and how many pictures are in none of them."""
    kind = evaluation.kinds[Truth.SAFE]
    refused = ", ".join(f"{number} with `{code}`" for code, number in sorted(kind.refused.items()))
    return "\n".join(
        (
            *_by_group(evaluation.results),
            "",
            *_by_policy(evaluation.results),
            "",
            f"Refused, and in no column: {refused or 'none'}.",
            "",
        )
    )


def _by_group(results: Sequence[Result]) -> Iterator[str]:
    balanced = [result for result in results if result.setting.policy is Policy.BALANCED]
    totals = {group.name.removeprefix("safe/"): group.judged for group in balanced[0].groups}
    totals[ALL] = sum(totals.values())
    yield from _head("nsfw + questionable, `balanced`", *(f"{name} ({totals[name]:,})" for name in COLUMNS))
    for result in balanced:
        counts = _counts(result)
        yield _row(_title(result.setting.models), *(_cell(*counts[name], totals[name]) for name in COLUMNS))
        if result.setting.models == DEPLOYED:
            bounds = (percent(at_most(counts[name][0], totals[name])) for name in COLUMNS)
            yield _row(f"the same, nsfw: at most, with {CONFIDENCE:.0%} confidence", *bounds)


def _by_policy(results: Sequence[Result]) -> Iterator[str]:
    counts = {result.setting: _counts(result)[ALL] for result in results}
    yield from _head("nsfw + questionable, all", *(f"`{policy}`" for policy in Policy))
    for models in dict.fromkeys(setting.models for setting in counts):
        found = (counts[Setting(models, policy)] for policy in Policy)
        yield _row(_title(models), *(f"{nsfw} + {questionable}" for nsfw, questionable in found))


def _counts(result: Result) -> dict[str, tuple[int, int]]:
    counts = {group.name.removeprefix("safe/"): (group.nsfw.hits, group.questionable.hits) for group in result.groups}
    nsfw, questionable = (sum(numbers) for numbers in zip(*counts.values(), strict=True))
    return counts | {ALL: (nsfw, questionable)}


def _title(models: str) -> str:
    title = ", then ".join(f"`{name}`" for name in models.split(", then "))
    return f"**{title}**" if models == DEPLOYED else title


def _cell(nsfw: int, questionable: int, total: int) -> str:
    return f"{nsfw} + {questionable} ({percent((nsfw + questionable) / total)})"


def _head(*titles: str) -> Iterator[str]:
    yield _row(*titles)
    yield _row(*("---" for _ in titles))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
