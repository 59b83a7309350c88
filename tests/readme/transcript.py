"""Runs every command of the README in a fresh clone, as a reader would."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.photos import photo
from tests.helpers.support import MOSAICS, ROOT
from tests.readme.commands import Command, commands
from tests.readme.shell import Server, Shell, environment

_ON_THE_LAPTOP = "source .local/"
_SHOWN_LINES = 40


@dataclass(frozen=True)
class Step:
    command: Command
    exit_code: int | None
    """None of a server that answered: it was stopped later."""
    output: str


def transcribe(folder: Path) -> Iterator[Step]:
    """Clones what is committed into `folder`, which must not exist, and yields what came of each command there."""
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    _bring_photos(folder)
    environ = environment(tools=ROOT / ".build" / "sam" / "bin")
    with ExitStack() as ending:
        shell = ending.enter_context(Shell(folder, environ))
        running: Server | None = None
        laptop: Command | None = None
        for command in commands((folder / "README.md").read_text()):
            laptop = laptop or (command if command.serves else None)
            # Two servers share a port. What is typed against the laptop's needs that one, in the other shell.
            serving = laptop if command.text.startswith(_ON_THE_LAPTOP) else command if command.serves else None
            if serving and not (running and running.command == serving):
                if running:
                    running.stop()
                print(f"$ {serving.text}", flush=True)
                running = Server(serving, folder, environ, folder.with_suffix(".log"))
                ending.callback(running.stop)
                yield Step(serving, None, running.output)
            if not command.serves:
                print(f"$ {command.text}", flush=True)
                yield Step(command, *shell.run(command.text))


def _bring_photos(folder: Path) -> None:
    """Puts what the reader has beside the clone's own files: a photo, a folder of one, and labelled pictures."""
    photo("astronaut").save(folder / "photo.jpg")
    photo("chelsea").save(folder / "known.jpg")
    (folder / "bank.csv").write_text(
        f"collab,signal_type,signal_str,category,tags\nours,pdq,{1:064x},POSITIVE_CLASS,\n"
    )
    (folder / "photos").mkdir()
    shutil.copy(folder / "photo.jpg", folder / "photos" / "flower.jpg")
    for label, picture in (("safe", folder / "photo.jpg"), ("nsfw", MOSAICS / "of-both-models" / "porn.png")):
        (folder / "labelled" / label).mkdir(parents=True)
        shutil.copy(picture, folder / "labelled" / label)


def format_step(step: Step) -> str:
    lines = step.output.splitlines()
    shown = ["…", *lines[-_SHOWN_LINES:]] if len(lines) > _SHOWN_LINES else lines
    ended = "served until it was stopped" if step.exit_code is None else f"exit code {step.exit_code}"
    return "\n".join([f"$ {step.command.text}", *shown, f"[{ended}]", ""])
