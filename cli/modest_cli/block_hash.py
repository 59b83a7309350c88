"""`modest block-hash`: prints the block list entries that match an image."""

from pathlib import Path
from typing import Annotated

import typer

from modest.errors import PublicError
from modest_cli.errors import OperatorError, exit_on_error

# The input size of the default model. Another size changes the hash by a bit or two.
_SIZE = 224


def block_hash(
    files: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="The images to block.", show_default=False)],
) -> None:
    """Print block list entries for images. Append them to the block list to refuse these images."""
    with exit_on_error():
        for file in files:
            for line in _make_entries(file):
                print(f"{line}  # {file.name}")  # noqa: T201 - rich would wrap it


def _make_entries(file: Path) -> list[str]:
    # These modules load slowly, so only this command imports them.
    from moderate.blocking.block_list import entries_for  # noqa: PLC0415
    from moderate.images.decode import decode  # noqa: PLC0415

    try:
        data = file.read_bytes()
        return entries_for(data, decode(data, _SIZE).views)
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}.") from None
    except PublicError as error:
        raise OperatorError(f"{file}: {error.message}") from None
