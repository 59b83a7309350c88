"""What goes wrong between the operator's command and AWS, told so that something can be done about it."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError
from rich.console import Console

from modest.accounts.errors import RegistryError
from modest.refusals import LedgerUnavailable

FAILED = 1

_REFUSED_CREDENTIALS = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}
)


class OperatorError(Exception):
    """What was asked for cannot be done; the message says why and what to do."""


@contextmanager
def told() -> Iterator[None]:
    """Whatever an operator can act on becomes one line on stderr and exit code 1."""
    try:
        yield
    except (OperatorError, RegistryError, LedgerUnavailable, BotoCoreError, ClientError, ResponseParserError) as error:
        Console(stderr=True, soft_wrap=True).print(f"modest: {_message(error)}", markup=False, highlight=False)
        raise typer.Exit(FAILED) from None


def _message(error: Exception) -> str:  # noqa: PLR0911 - one line a case
    match error:
        case NoCredentialsError() | PartialCredentialsError():
            return "There are no AWS credentials. Run `aws configure`, or set AWS_PROFILE."
        case NoRegionError():
            return "No AWS region is set. Set AWS_DEFAULT_REGION to the one that Modest is deployed in."
        case EndpointConnectionError():
            return f"{error}. If AWS_ENDPOINT_URL names the local gateway: is `make run` running?"
        case ResponseParserError():
            return (
                "What answered is not AWS. AWS_ENDPOINT_URL must be the one that `make run` prints, a port of its own."
            )
        case LedgerUnavailable():
            return f"The ledger's table did not answer ({error.detail}). Nothing was lost; run the same command again."
        case ClientError():
            return _refusal(error)
        case _:
            return str(error)


def _refusal(error: ClientError) -> str:
    code = str(error.response["Error"]["Code"])
    if code in _REFUSED_CREDENTIALS:
        return f"AWS does not accept the credentials ({code}). Sign in again."
    if code.startswith("AccessDenied"):
        return f"The AWS credentials do not allow {error.operation_name}."
    return f"AWS refused {error.operation_name}: {error.response['Error'].get('Message', code)}"
