"""Accepts resources of services that ministack does not have."""

from typing import Any

from ministack.services.cloudformation import provisioners

_KINDS = ("AWS::Budgets::Budget", "AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup")


def accept_what_has_no_engine() -> None:
    """A stack with a budget or a gradual deployment would fail. Here these resources exist and do nothing."""
    for kind in _KINDS:
        provisioners._RESOURCE_HANDLERS[kind] = {"create": _create, "update": _update, "delete": _delete}


def _create(logical_id: str, _properties: Any, stack: str) -> tuple[str, dict[str, str]]:
    return f"{stack}-{logical_id}", {}


def _update(physical_id: str, _old: Any, _new: Any, _stack: str) -> tuple[str, dict[str, str]]:
    return physical_id, {}


def _delete(_physical_id: str, _properties: Any) -> None:
    pass
