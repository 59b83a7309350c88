"""Reads what is on sale and how it is deployed, from template.yaml or from a stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from modest.plans import Plan, Plans
from modest_cli.deployment import Deployment

TEMPLATE = Path(__file__).resolve().parents[3] / "template.yaml"


class _Loader(yaml.CSafeLoader):
    """Reads functions such as !Ref as None: what is read here has none."""


_Loader.add_multi_constructor("!", lambda *_: None)


@dataclass(frozen=True, slots=True)
class Service:
    plans: Plans
    stage_rate: float
    memory_mb: int
    source: str
    """Where these figures are from."""


def read_template(path: Path = TEMPLATE) -> Service:
    template = _load(path)
    plans = {
        name: Plan(name, plan["Quota"], plan["Rate"], plan["Burst"], Decimal(str(plan["PriceUsd"])))
        for name, plan in template["Mappings"]["Plans"].items()
    }
    return _make_service(plans, _defaults(template), path.name)


def read_stack(deployment: Deployment, stack: str) -> Service:
    parameters = {**_defaults(_load(TEMPLATE)), **deployment.parameters}
    return _make_service(deployment.plans, parameters, f"stack {stack}")


def _make_service(plans: Plans, parameters: Mapping[str, str], source: str) -> Service:
    return Service(plans, float(parameters["StageRate"]), int(parameters["MemorySize"]), source)


def _load(path: Path) -> dict[str, Any]:
    return dict(yaml.load(path.read_text(), _Loader))  # noqa: S506 - it is a safe loader


def _defaults(template: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(facts["Default"]) for name, facts in template["Parameters"].items() if "Default" in facts}
