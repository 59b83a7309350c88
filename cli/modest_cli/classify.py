"""`modest classify`: the images of a folder, judged as the service would."""

from pathlib import Path
from typing import Annotated

import typer

from moderate.verdict import Policy

_BUILT_MODEL = Path(__file__).resolve().parents[2] / ".build" / "model" / "mobilenet_v2.onnx"


def classify(
    paths: Annotated[list[Path], typer.Argument(help="Images, and folders to look through.", show_default=False)],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of a table.")] = False,
    policy: Annotated[Policy, typer.Option(help="How much suggestive content counts.")] = Policy.BALANCED,
    model: Annotated[
        Path, typer.Option(envvar="MODEL_PATH", help="The .onnx file that `make model` built.", show_default=False)
    ] = _BUILT_MODEL,
) -> None:
    """Judge images. Exit code 1 where one is nsfw, 2 where one could not be judged."""
    # The service's libraries take a second to load, which no other command should wait for.
    from modest_cli.judging import judge_files  # noqa: PLC0415

    raise typer.Exit(judge_files(paths, as_json=as_json, policy=policy, model=model))
