"""Mends how ministack applies SAM's transformation."""

from contextvars import ContextVar
from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers
from samtranslator.translator import transform

_values: ContextVar[dict[str, str]] = ContextVar("values", default={})  # noqa: B039 - nobody changes it


def hand_on_parameters() -> None:
    """SAM needs the parameters' values, such as the hash that names a new version. ministack hands on none."""
    apply, translate = engine._apply_transforms, transform.transform

    def apply_with_values(template: Any, given: Any = None, previous: Any = None) -> Any:
        declared = template.get("Parameters", {})
        defaults = {name: facts["Default"] for name, facts in declared.items() if "Default" in facts}
        own = {parameter["Key"]: parameter["Value"] for parameter in given or [] if "Value" in parameter}
        token = _values.set(defaults | own)
        try:
            return apply(template, given, previous)
        finally:
            _values.reset(token)

    def translate_with_values(template: Any, _none: Any, policies: Any) -> Any:
        return translate(template, dict(_values.get()), policies)

    transform.transform = translate_with_values
    for module in (engine, changesets, handlers):
        module._apply_transforms = apply_with_values
