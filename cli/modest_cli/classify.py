"""`modest classify`: classifies local images as the service would."""

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from moderate.verdict import Policy
from modest_cli.output import escape

BUILT_MODEL = Path(__file__).resolve().parents[2] / ".build" / "model" / "mobilenet_v2.onnx"


_URL = re.compile(r"[a-z][a-z0-9+.-]*://|data:", re.IGNORECASE)


def _parse_path(text: str) -> str:
    if not text:
        raise typer.BadParameter("A path is empty. Write . for the folder that you are in.")
    if _URL.match(text) and not os.path.lexists(text):
        raise typer.BadParameter(
            f"{escape(text)} is a URL, and only files are read here. Write `curl {escape(text)} | modest classify -`."
        )
    return text


def classify(
    paths: Annotated[
        list[str],
        typer.Argument(
            parser=_parse_path,
            metavar="PATH",
            help="Images, and folders to search for images. Write - for an image that is piped in.",
            show_default=False,
        ),
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
    ] = BUILT_MODEL,
    second_opinion: Annotated[
        str,
        typer.Option(
            envvar="SECOND_OPINION",
            help="The model that is asked about doubtful images, whose file is beside that of the first; or none.",
        ),
    ] = "mobilenet_v2_mid",
) -> None:
    """Classify local images. A folder is searched with the folders in it, but links to other folders are not followed.

    Everything that may be a picture is listed, whether it could be judged or not.
    """
    # These modules load slowly, so only this command imports them.
    from modest_cli.judging import judge_files  # noqa: PLC0415

    raise typer.Exit(judge_files(paths, as_json=as_json, policy=policy, model=model, second_opinion=second_opinion))
