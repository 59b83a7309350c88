"""`modest block-hash`: prints the block list entries that match an image."""

from pathlib import Path
from typing import Annotated

import typer

from modest.errors import PublicError
from modest_cli.errors import OperatorError, exit_on_error
from modest_cli.output import escape, print_text

# The input size of the default model. Another size changes the hash by a bit or two.
_SIZE = 224


def block_hash(
    files: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="The images to block.", show_default=False)],
) -> None:
    """Print block list entries for images. Append them to the block list to refuse these images."""
    with exit_on_error():
        for file in files:
            for line in _make_entries(file):
                # Escaped, because a name of two lines would be an entry of its own.
                print_text(f"{line}  # {escape(file.name)}\n")


def _make_entries(file: Path) -> list[str]:
    # These modules load slowly, so only this command imports them.
    from moderate.blocking.block_list import entries_for  # noqa: PLC0415
    from moderate.images.decode import decode  # noqa: PLC0415
    from modest_cli.files import read  # noqa: PLC0415

    try:
        data = read(str(file))
        return entries_for(data, decode(data, _SIZE).whole)
    except PublicError as error:
        raise OperatorError(f"{file}: {error.message}") from None
