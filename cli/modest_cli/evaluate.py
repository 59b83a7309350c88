"""`modest evaluate`: measures the models on pictures whose labels are known."""

from pathlib import Path
from typing import Annotated

import typer

from moderate.verdict import Cuts, Policy
from modest_cli.arguments import FalsePositivesOption, NsfwFromOption, QuestionableFromOption, RecallOption
from modest_cli.classify import BUILT_MODEL
from modest_cli.errors import exit_on_error
from modest_cli.evaluation.labelled import Truth
from modest_cli.output import AsJson

_CUTS = Cuts()


def evaluate(
    pictures: Annotated[
        str,
        typer.Argument(
            metavar="PICTURES",
            help="A folder with safe/ and nsfw/, or with drawing/, hentai/, neutral/, porn/ and sexy/. Or a CSV file "
            "with the columns path and label. The folders in these, or a column group, are also counted apart.",
            show_default=False,
        ),
    ],
    *,
    model: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            envvar="MODEL_PATH",
            help="A .onnx file to use. Several are compared. Default: the one that `make model` builds.",
            show_default=False,
        ),
    ] = None,
    second_opinion: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            envvar="SECOND_OPINION",
            help="The model that is asked about doubtful images, whose file is beside that of the first; or none. "
            "Several are compared. Default: none and mobilenet_v2_mid.",
            show_default=False,
        ),
    ] = None,
    policy: Annotated[
        Policy, typer.Option(help="The policy whose thresholds, groups and mistakes are printed.")
    ] = Policy.BALANCED,
    sexy: Annotated[Truth, typer.Option(help="What pictures with the label sexy count as.")] = Truth.APART,
    recall: RecallOption = 0.95,
    false_positives: FalsePositivesOption = 0.01,
    questionable_from: QuestionableFromOption = _CUTS.questionable,
    nsfw_from: NsfwFromOption = _CUTS.nsfw,
    errors: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="How many of the worst mistakes of each kind, and of what was refused, to name."
        ),
    ] = 0,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keep scores in this file while they are made, and go on from there if the command is repeated. It "
            "holds the SHA-256 of the pictures and no names.",
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write an HTML file with all figures and plots.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how many nsfw pictures are caught, and how many safe ones are flagged.

    Every picture is judged as the service would judge it alone in a call, with each model and under each policy.
    """
    if questionable_from > nsfw_from:
        raise typer.BadParameter("A score must be questionable before it is nsfw: --questionable-from is too high.")
    with exit_on_error():
        # These modules load slowly, so only this command imports them.
        from modest_cli.evaluation.run import Compared, Presented, run  # noqa: PLC0415
        from modest_cli.evaluation.sentences import Wanted  # noqa: PLC0415

        compared = Compared(
            pictures=pictures,
            models=model or [BUILT_MODEL],
            second_opinions=second_opinion or ["none", "mobilenet_v2_mid"],
            cuts=Cuts(questionable_from, nsfw_from),
            sexy=sexy,
            resume=resume,
        )
        presented = Presented(policy, Wanted(recall, false_positives), errors, as_json=as_json, report=report)
        raise typer.Exit(run(compared, presented))
