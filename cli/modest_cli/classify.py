"""`modest classify`: classifies local images as the service would."""

from pathlib import Path
from typing import Annotated

import typer

from moderate.verdict import Policy

_BUILT_MODEL = Path(__file__).resolve().parents[2] / ".build" / "model" / "mobilenet_v2.onnx"


def classify(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH", help="Images, and folders to search for images.", show_default=False),
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line instead of a table.")] = False,
    policy: Annotated[Policy, typer.Option(help="How much suggestive content counts.")] = Policy.BALANCED,
    model: Annotated[
        Path,
        typer.Option(
            envvar="MODEL_PATH",
            help="The .onnx file to use. Default: the one that `make model` builds.",
            show_default=False,
        ),
    ] = _BUILT_MODEL,
) -> None:
    """Classify local images.

    The exit code is 1 if any image is nsfw, and 2 if any image could not be classified.
    """
    # These modules load slowly, so only this command imports them.
    from modest_cli.judging import judge_files  # noqa: PLC0415

    raise typer.Exit(judge_files(paths, as_json=as_json, policy=policy, model=model))
