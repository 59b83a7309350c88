"""Writes docs/sweep.md."""

from collections.abc import Iterable, Iterator, Sequence

from tests.helpers.support import ROOT
from tests.sweep.collection import MOST_OF_A_PACKAGE
from tests.sweep.corpora import Corpus
from tests.sweep.explanations import explained
from tests.sweep.outcomes import MOST_LOWER, Outcome, causes, counts

PATH = ROOT / "docs" / "sweep.md"
_INTRODUCTION = """# Real files

`make sweep` writes this page; do not edit it by hand. It fetches the packages that are listed at the end, and tries
every file in them that begins like an image of an accepted format: each content once, and of each package at most
{of_a_package}, drawn by chance. Headless Chromium shows each file on a white, a grey and a black page, and the first
frames of an animation, up to 12 megapixels. The default model scores what Chromium shows, and what is judged here. A
picture that the page squeezes, and that seems to be judged lower, is shown again at its own size.

"Breaks off" counts the refused files of which a part is missing, if Chromium shows the rest, and "refused though shown"
all other refused files that Chromium shows. "Judged lower" counts files whose score is more than {lower} lower than the
score of what Chromium shows. Chromium shows no HEIC, so those are only counted.
"""


def written(outcomes: Sequence[Outcome], corpora: Iterable[Corpus]) -> str:
    return "\n".join(
        [
            _INTRODUCTION.format(of_a_package=MOST_OF_A_PACKAGE, lower=MOST_LOWER),
            *_by_format(outcomes),
            "",
            "## Refused though Chromium shows something",
            "",
            *_explained_causes([outcome for outcome in outcomes if outcome.refused and outcome.shown is not None]),
            "",
            "## Refused, and not shown by Chromium either",
            "",
            *_causes([outcome for outcome in outcomes if outcome.refused and outcome.shown is None]),
            "",
            "## Packages",
            "",
            *_by_package(outcomes, corpora),
            "",
        ]
    )


def _by_format(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield from _head(
        "format", "tried", "shown", "judged", "refused", "breaks off", "refused though shown", "judged lower"
    )
    formats = sorted({outcome.file.format for outcome in outcomes})
    for name in [*formats, "all"]:
        found = counts([outcome for outcome in outcomes if name in (outcome.file.format, "all")])
        refused = f"{found.refused_though_shown} ({found.share_refused:.1%})"
        judged = (found.tried, found.shown, found.judged)
        yield _row(name, *judged, found.refused, found.breaks_off, refused, found.lower)


def _explained_causes(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield from _head("format", "files", "code", "in the log", "why", "for example")
    for (image_format, code, cause), files in causes(outcomes):
        why = explained(code, cause)
        yield _row(image_format, len(files), f"`{code}`", cause, why, _example(files))


def _causes(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield from _head("format", "files", "code", "in the log", "for example")
    for (image_format, code, cause), files in causes(outcomes):
        yield _row(image_format, len(files), f"`{code}`", cause, _example(files))


def _by_package(outcomes: Sequence[Outcome], corpora: Iterable[Corpus]) -> Iterator[str]:
    yield from _head("kind", "package", "version", "files", "refused though shown", "judged lower")
    for corpus in corpora:
        found = counts([outcome for outcome in outcomes if outcome.file.package == corpus.title])
        if found.tried:
            yield _row(
                corpus.manager, corpus.package, corpus.version, found.tried, found.refused_though_shown, found.lower
            )


def _example(files: Sequence[Outcome]) -> str:
    file = min(files, key=lambda outcome: (len(outcome.file.path), outcome.file.path)).file
    return f"{file.package}: `{file.path.rpartition('/')[2]}`"


def _head(*titles: str) -> Iterator[str]:
    yield _row(*titles)
    yield _row(*("---" for _ in titles))


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
