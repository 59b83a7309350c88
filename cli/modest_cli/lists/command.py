"""`modest lists`: shows and changes the lists that images are compared with."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from moderate.blocking.entries import Entry, Kind
from modest_cli import aws
from modest_cli.errors import OperatorError, exit_on_error
from modest_cli.files import STDIN, UnreadableFile, open_file, open_stdin
from modest_cli.lists.changes import (
    add_entries,
    clear,
    import_entries,
    kinds_named,
    parse_words,
    remove_entries,
)
from modest_cli.lists.exports import as_csv, print_all
from modest_cli.lists.images import Hashed, hash_images
from modest_cli.lists.imports import HashKind, Imported, read_entries
from modest_cli.output import AsJson, print_json, print_note, print_table

if TYPE_CHECKING:
    from moderate.blocking.places import FilePlace
    from moderate.blocking.s3_place import S3Place
    from modest_cli.lists.store import ListStore

app = typer.Typer(
    help="Show and change the lists of files, pictures and hosts that images are compared with.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

_ENTRY = "What to list: `sha256`, `pdq`, `host` or `allow sha256`, and one or more values."
_WHEN = "The service uses them within a minute of its next call."
# A list that becomes shorter than that share of it is likely a mistake.
_HALF = 2


class ExportFormat(StrEnum):
    TEXT = "text"
    CSV = "csv"


AtOption = Annotated[
    str,
    typer.Option(
        "--at",
        envvar="MODEST_LISTS",
        metavar="PLACE",
        help="A path or s3://bucket/key, as in LISTS. Default: the stack's.",
    ),
]
WordsArgument = Annotated[list[str] | None, typer.Argument(metavar="ENTRY", help=_ENTRY, show_default=False)]
FromOption = Annotated[
    list[str] | None,
    typer.Option("--from", metavar="IMAGE", help="An image file to hash. Repeat it for others. Nothing is uploaded."),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


@app.command()
def add(
    words: WordsArgument = None,
    *,
    images: FromOption = None,
    at: AtOption = "",
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Add entries, such as `host example.com`, or those of an image: `--from photo.jpg`.

    An image is listed as a file and by its pictures, which are then found in other files, too. `sha256 --from` and
    `pdq --from` list it as one of the two, `allow --from` allows the file. What is allowed is not compared with `pdq`
    entries, and is judged like any other image.
    """
    with exit_on_error():
        hashed = _named(words or [], images or [])
        added = _open(at, stack).edit(lambda entries: add_entries(entries, hashed.entries))
    _print_changes("added", added, len(hashed.entries), hashed.notes)


@app.command()
def remove(
    words: WordsArgument = None,
    *,
    images: FromOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Remove all entries of all kinds.")] = False,
    yes: YesOption = False,
    at: AtOption = "",
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Remove entries, or those of an image: `--from photo.jpg`."""
    if everything is bool(words or images):
        raise typer.BadParameter("Give entries, or --from IMAGE, or --all.")
    if everything and not yes:
        typer.confirm("Remove all entries, so that nothing is listed?", abort=True, err=True)
    with exit_on_error():
        store = _open(at, stack, replaces_broken=everything)
        if everything:
            print_note(f"Entries removed: {store.edit(clear)}")
            return
        hashed = _named(words or [], images or [])
        removed = store.edit(lambda entries: remove_entries(entries, hashed.entries))
    _print_changes("removed", removed, len(hashed.entries), [])


@app.command()
def show(
    words: WordsArgument = None,
    *,
    as_json: AsJson = False,
    at: AtOption = "",
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Show how many entries there are of each kind, or whether the given entries are there."""
    with exit_on_error():
        wanted = parse_words(words or [])
        lists = _open(at, stack).read().lists
    if wanted:
        _print_found({str(entry): entry in lists for entry in wanted}, as_json=as_json)
    elif as_json:
        print_json({"entries": lists.counts})
    else:
        print_table(("kind", "entries"), [(kind, f"{count:,}") for kind, count in lists.counts.items()])


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file of entries, or - for standard input.")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Remove all entries that the file does not have.")] = False,
    hashes: Annotated[
        HashKind | None, typer.Option(help="What the hashes are in a file that has one at the start of each line.")
    ] = None,
    yes: YesOption = False,
    at: AtOption = "",
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Add the entries of a file: one a line, as `export` prints them, or a CSV file of ThreatExchange or HMA.

    A file with a line that is not understood is refused as a whole.
    """
    with exit_on_error():
        imported = _read(file, hashes)
        store = _open(at, stack, replaces_broken=replace)
        if replace and not yes:
            _confirm_loss(sum(store.read().lists.counts.values()), len(imported))
        total = store.edit(lambda entries: import_entries(entries, imported.entries, replace=replace))
    for reason, count in imported.left_out.items():
        print_note(f"Left out, because no list here takes it: {count:,} lines of {reason}")
    print_note(f"Entries read: {len(imported):,}. Entries in the lists: {total:,}. {_WHEN}")


@app.command()
def export(
    *,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="text for `modest lists import`, csv for ThreatExchange's tools.")
    ] = ExportFormat.TEXT,
    at: AtOption = "",
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Print all entries. In CSV, which has no way to say it, those that are allowed are left out."""
    with exit_on_error():
        lists = _open(at, stack).read().lists
    if form is ExportFormat.TEXT:
        print_all(f"{entry}\n" for entry in lists.entries())
        return
    print_all(as_csv(lists.entries()))
    if allowed := lists.counts[Kind.ALLOWED]:
        print_note(f"Left out, because they are allowed: {allowed:,}")


def _open(at: str, stack: str, *, replaces_broken: bool = False) -> "ListStore":
    """Raises OperatorError."""
    # This module loads slowly, because it imports numpy.
    from modest_cli.lists.store import ListStore  # noqa: PLC0415

    if at:
        return ListStore(_place(at), replaces_broken=replaces_broken)
    deployment = aws.load_deployment(stack)
    if not deployment.lists:
        raise OperatorError(
            f"The stack {stack} has no lists. Deploy this version of Modest first, or name a place with --at."
        )
    if deployment.parameters.get("Lists") == "false":
        print_note(
            "The service does not read the lists yet. Set `Lists = true` in samconfig.toml, then run `make deploy`."
        )
    return ListStore(_place(deployment.lists), replaces_broken=replaces_broken)


def _place(text: str) -> "S3Place | FilePlace":
    """Raises OperatorError."""
    from moderate.blocking.named_places import InvalidPlace, place_of  # noqa: PLC0415
    from moderate.blocking.s3_place import S3Place  # noqa: PLC0415

    try:
        place = place_of(text)
    except InvalidPlace as error:
        raise OperatorError(f"The place of the lists must be {error}.") from None
    return S3Place(place.bucket, place.key, aws.make_s3_client) if isinstance(place, S3Place) else place


def _named(words: list[str], images: list[str]) -> Hashed:
    """Returns the entries that a command line names. Raises OperatorError."""
    if not images:
        entries = parse_words(words)
        if not entries:
            raise OperatorError("Give an entry, such as `host example.com`, or an image: --from photo.jpg")
        return Hashed(entries)
    return hash_images(images, kinds_named(words))


def _read(file: str, hashes: HashKind | None) -> Imported:
    """Raises OperatorError."""
    try:
        with open_stdin() if file == STDIN else open_file(file) as opened:
            imported = read_entries(opened, hashes)
    except UnreadableFile as error:
        raise OperatorError(f"{file}: {error.message}") from None
    if not len(imported):
        raise OperatorError(
            f"{file} has no entries, so nothing was changed. `modest lists remove --all` empties the lists."
        )
    return imported


def _confirm_loss(before: int, after: int) -> None:
    if after * _HALF < before:
        typer.confirm(f"Replace {before:,} entries by {after:,}?", abort=True, err=True)


def _print_changes(verb: str, changed: list[Entry], named: int, notes: list[str]) -> None:
    for note in notes:
        print_note(note)
    print_all(f"{entry}\n" for entry in changed)
    if rest := named - len(changed):
        print_note(f"There already: {rest:,}" if verb == "added" else f"Not there: {rest:,}")
    print_note(f"Entries {verb}: {len(changed):,}. {_WHEN}" if changed else "Nothing was changed.")


def _print_found(found: dict[str, bool], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        print_table(("entry", ""), [(entry, "listed" if there else "not listed") for entry, there in found.items()])
