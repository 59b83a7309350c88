"""Finds the commands in the README, in order."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_OPERATORS_COMMAND = re.compile(r"`(modest [^`]+)`")
_COMMENT = re.compile(r"\s{2,}# ")
_SERVES = re.compile(r"serves on (http://[\w.:]+)")
_PROMPT = "$ "


@dataclass(frozen=True)
class Command:
    text: str
    serves: str = ""
    """The URL that the README says it serves; it runs until it is stopped."""


def commands(markdown: str) -> Iterator[Command]:
    """Yields the lines of console blocks, and what begins with `modest` in a row of a table."""
    end = 0
    for block in _BLOCK.finditer(markdown):
        yield from _in_tables(markdown[end : block.start()])
        if block["language"] == "console":
            yield from map(_command, _typed(block["body"].splitlines()))
        end = block.end()
    yield from _in_tables(markdown[end:])


def _typed(lines: Sequence[str]) -> Sequence[str]:
    """Returns the lines behind a prompt; all of them if none has one."""
    return [line.removeprefix(_PROMPT) for line in lines if line.startswith(_PROMPT)] or lines


def _command(line: str) -> Command:
    text, *comment = _COMMENT.split(line, maxsplit=1)
    served = _SERVES.search("".join(comment))
    return Command(text, served[1] if served else "")


def _in_tables(text: str) -> Iterator[Command]:
    for line in text.splitlines():
        if line.startswith("|"):
            yield from (Command(found) for found in _OPERATORS_COMMAND.findall(line))
