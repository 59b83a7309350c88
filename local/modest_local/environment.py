"""Writes the files that give a shell what it needs to call the service and to manage it."""

from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from modest_local.private_files import write_private


def write_environments(folder: Path, *, url: str, key: str, aws: Mapping[str, str]) -> None:
    """Writes client.env and operator.env. There are two, so that a shell that only calls the service still reaches AWS.

    aws: the variables that lead boto3 to the emulated AWS.
    """
    write_private(folder / "client.env", _exports({"MODEST_URL": url, "MODEST_KEY": key}))
    write_private(folder / "operator.env", "unset AWS_PROFILE AWS_SESSION_TOKEN\n" + _exports(aws))


def _exports(variables: Mapping[str, str]) -> str:
    return "".join(f"export {name}={quote(value)}\n" for name, value in variables.items())
