"""`modest block-hash`: the lines for the operator's block list that stop an image."""

from pathlib import Path
from typing import Annotated

import typer

from modest.errors import PublicError
from modest_cli.errors import OperatorError, told

# That of the default model; another's moves the hash by a bit or two.
_SIZE = 224


def block_hash(
    files: Annotated[list[Path], typer.Argument(help="The images to stop.", show_default=False)],
) -> None:
    """Print the lines that stop images: append them to the block list."""
    with told():
        for file in files:
            for line in _entries(file):
                print(f"{line}  # {file.name}")  # noqa: T201 - to be appended to a file


def _entries(file: Path) -> list[str]:
    # As for `modest classify`: no other command should wait for them to load.
    from moderate.blocking.block_list import entries_for  # noqa: PLC0415
    from moderate.images.decode import decode  # noqa: PLC0415

    try:
        data = file.read_bytes()
        return entries_for(data, decode(data, _SIZE).views)
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}") from None
    except PublicError as error:
        raise OperatorError(f"{file}: {error.message}") from None
