"""Defines what each command exits with. README.md holds the same table."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command exits with."""

    DONE = 0
    FOUND = 1
    NOT_ALL_JUDGED = 2
    FAULT = 70
    """EX_SOFTWARE of sysexits.h."""
    INTERRUPTED = 130
    """What shells show for a process that ended by SIGINT."""
    READER_GONE = 141
    """What shells show for a process that ended by SIGPIPE."""


REFUSED = ExitCode.FOUND

MEANINGS = {
    ExitCode.DONE: (
        "All was done. `classify`: every image was judged, and none is nsfw. `evaluate`: every picture was judged."
    ),
    ExitCode.FOUND: (
        "`classify`: an image is nsfw, and every image was judged. `doctor`: a problem remains. `audit`: the books do "
        "not add up. Other commands could not do what they were asked; the last line says why."
    ),
    ExitCode.NOT_ALL_JUDGED: (
        "The command is written wrongly. `classify` and `evaluate`: something was not judged, and is listed or "
        "counted; or there was no image."
    ),
    ExitCode.FAULT: "There is a fault in Modest; a traceback shows where.",
    ExitCode.INTERRUPTED: "Control-C was pressed. `classify` and `evaluate` print what was judged until then.",
    ExitCode.READER_GONE: "The program that read the output ended first, as `head` does.",
}
HELP = "Exit codes:\n\n" + "\n\n".join(f"{code}: {meaning}" for code, meaning in MEANINGS.items())
