"""Turns failures that an operator can act on into one-line messages."""

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

from modest.accounts.errors import RegistryError
from modest.refusals import LedgerUnavailable
from modest_cli.exit_codes import REFUSED
from modest_cli.output import print_note

_CREDENTIAL_ERRORS = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}
)


class OperatorError(Exception):
    """Raised if a command cannot do what it was asked; the message says why and what to do."""


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Prints an error that an operator can act on as one line on stderr, and exits with code 1."""
    try:
        yield
    except (OperatorError, RegistryError, LedgerUnavailable, BotoCoreError, ClientError, ResponseParserError) as error:
        print_note(f"modest: {explain(error)}")
        raise typer.Exit(REFUSED) from None


def explain(error: Exception) -> str:  # noqa: PLR0911 - one return per case
    """Returns a sentence about an error that an operator can act on."""
    match error:
        case NoCredentialsError() | PartialCredentialsError():
            return "No AWS credentials were found. Run `aws configure`, or set AWS_PROFILE."
        case NoRegionError():
            return "No AWS region is set. Set AWS_DEFAULT_REGION to the region that Modest is deployed in."
        case EndpointConnectionError():
            return f"{error}. If AWS_ENDPOINT_URL points to the local gateway, check that `make run` is running."
        case ResponseParserError():
            return (
                "The endpoint that answered is not AWS. Set AWS_ENDPOINT_URL to the URL that `make run` prints for it, "
                "which is not the URL of the API."
            )
        case LedgerUnavailable():
            return f"The ledger's table did not answer ({error.detail}). Nothing was lost. Run the same command again."
        case ClientError():
            return _client_error_message(error)
        case _:
            return str(error)


def _client_error_message(error: ClientError) -> str:
    code = str(error.response["Error"]["Code"])
    if code in _CREDENTIAL_ERRORS:
        return (
            f"AWS rejected the credentials ({code}). Sign in again. "
            "For the local gateway, use the line that `make run` prints."
        )
    if code.startswith("AccessDenied"):
        return f"The AWS credentials do not allow {error.operation_name}. Use a role that does."
    return f"AWS refused {error.operation_name}: {error.response['Error'].get('Message', code)}"
