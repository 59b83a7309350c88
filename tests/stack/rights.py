"""The rights that the roles of a stack grant, and the same stack without one of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

Document = dict[str, Any]


@dataclass(frozen=True)
class Right:
    """One action of one statement of a role."""

    role: str
    policy: str
    statement: int
    action: str


def rights_of(role: str) -> Iterator[Right]:
    for policy in boto3.client("iam").list_role_policies(RoleName=role)["PolicyNames"]:
        for number, statement in enumerate(_read(role, policy)["Statement"]):
            yield from (Right(role, policy, number, action) for action in _actions(statement))


@contextmanager
def without(right: Right) -> Iterator[None]:
    """Takes the right from the role, without a deployment, and gives it back."""
    document = _read(right.role, right.policy)
    statements = list(document["Statement"])
    left = [action for action in _actions(statements[right.statement]) if action != right.action]
    statements[right.statement : right.statement + 1] = (
        [{**statements[right.statement], "Action": left}] if left else []
    )
    _write(right, {**document, "Statement": statements})
    try:
        yield
    finally:
        _write(right, document)


def _read(role: str, policy: str) -> Document:
    return dict(boto3.client("iam").get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"])


def _write(right: Right, document: Document) -> None:
    boto3.client("iam").put_role_policy(
        RoleName=right.role, PolicyName=right.policy, PolicyDocument=json.dumps(document)
    )


def _actions(statement: Document) -> list[str]:
    return [statement["Action"]] if isinstance(statement["Action"], str) else list(statement["Action"])
