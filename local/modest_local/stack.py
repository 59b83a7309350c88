"""Emulates the one CloudFormation call that the `modest` command makes."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
_CREATED = "2026-01-01T00:00:00Z"


class Stack:
    """A stack that appears to be deployed. It answers only DescribeStacks."""

    def __init__(self, name: str, outputs: Mapping[str, str]) -> None:
        self._name = name
        self._outputs = outputs

    def wsgi(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self._answer(Request(environ).form)(environ, start_response)

    def _answer(self, form: Mapping[str, str]) -> Response:
        action, name = form.get("Action", ""), form.get("StackName", self._name)
        if action != "DescribeStacks":
            return make_error("InvalidAction", f"{action} is not emulated locally")
        if name != self._name:
            return make_error("ValidationError", f"Stack with id {name} does not exist")
        outputs = "".join(
            f"<member><OutputKey>{escape(key)}</OutputKey><OutputValue>{escape(value)}</OutputValue></member>"
            for key, value in self._outputs.items()
        )
        return _make_response(
            200,
            f'<DescribeStacksResponse xmlns="{_NAMESPACE}"><DescribeStacksResult><Stacks><member>'
            f"<StackName>{escape(name)}</StackName><StackStatus>CREATE_COMPLETE</StackStatus>"
            f"<CreationTime>{_CREATED}</CreationTime><Outputs>{outputs}</Outputs>"
            "</member></Stacks></DescribeStacksResult></DescribeStacksResponse>",
        )


def make_error(code: str, message: str, status: int = 400) -> Response:
    """Returns an error as boto3 reads it from CloudFormation."""
    return _make_response(
        status,
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{escape(message)}</Message></Error></ErrorResponse>",
    )


def _make_response(status: int, text: str) -> Response:
    return Response(text, status, content_type="text/xml")
