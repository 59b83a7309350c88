"""Runs the `modest` command."""

import io
import sys

from modest_cli.exit_codes import ExitCode


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        # What a terminal cannot encode is escaped; a name need not even be text.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        # Imported here, because Control-C may come while the commands load, which takes a second.
        from modest_cli.main import app  # noqa: PLC0415

        app()
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except Exception:  # noqa: BLE001 - whatever it is, it must not look like a verdict
        sys.excepthook(*sys.exc_info())
        sys.exit(ExitCode.FAULT)


if __name__ == "__main__":
    main()
