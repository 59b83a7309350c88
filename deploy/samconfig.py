"""Prints the configuration for SAM: samconfig.toml, completed with the default of every parameter that it does not set.

Without this, SAM would keep the stack's last value of a parameter that is not listed, and a parameter on its command
line would replace all those of the file. With every parameter in the file, removing a line from samconfig.toml resets
that parameter to its default in template.yaml.

    python -m deploy.samconfig Model=... Release=...            prints the whole file as YAML
    python -m deploy.samconfig Model=... --show prod BaseImage  prints values of one environment, one per line
"""

import argparse
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from modest_local.template import load

_ROOT = Path(__file__).resolve().parents[1]
_SET_BY_MAKE = {"Model", "Release"}

_REPLACED = {
    "BlockDistance": "BlockDistance is gone: PDQ hashes, which match within 31 of 256 bits, replace it. Remove it.",
    "BlockList": "BlockList is gone: lists are kept in the stack's own bucket, and change without a deployment. Set "
    '`Lists = "true"` instead, and take your file over with `modest lists import FILE`.',
}

Config = dict[str, Any]


class InvalidConfig(Exception):
    """Raised if samconfig.toml is malformed, sets an unknown parameter, or one that make overrides."""


def fill_in(
    config: Config, defaults: Mapping[str, Any], given: Mapping[str, str], *, use_buildkit: bool = False
) -> Config:
    """Returns the configuration with a value for every parameter in every environment.

    given: the parameters that make sets, the same in all environments. use_buildkit: whether SAM builds the image with
    BuildKit, unless the configuration says. Raises InvalidConfig.
    """
    if "version" not in config:
        raise InvalidConfig("The line `version = 0.1` is missing.")
    environments = {name: tables for name, tables in config.items() if name != "version"}
    filled = {name: _fill_in_environment(name, tables, defaults, given) for name, tables in environments.items()}
    if use_buildkit:
        filled = {name: _build_with_buildkit(tables) for name, tables in filled.items()}
    return filled | {"version": config["version"]}


def _build_with_buildkit(tables: Config) -> Config:
    parameters = tables.get("build", {}).get("parameters", {})
    return {**tables, "build": {"parameters": {"use_buildkit": True, **parameters}}}


def has_buildx() -> bool:
    """Whether Docker has BuildKit. SAM would otherwise use Docker's old builder, which Docker has deprecated."""
    try:
        found = subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False)  # noqa: S607
    except FileNotFoundError:
        return False
    return found.returncode == 0


def _fill_in_environment(name: str, tables: Config, defaults: Mapping[str, Any], given: Mapping[str, str]) -> Config:
    parameters = tables.get("global", {}).get("parameters", {})
    overrides = parameters.get("parameter_overrides", {})
    if not isinstance(overrides, dict):
        raise InvalidConfig(f"{name}: parameter_overrides must be a table, one parameter a line.")
    if replaced := overrides.keys() & _REPLACED.keys():
        raise InvalidConfig(f"{name}: {' '.join(_REPLACED[each] for each in sorted(replaced))}")
    if unknown := overrides.keys() - defaults.keys():
        raise InvalidConfig(f"{name}: template.yaml has no parameter {', '.join(sorted(unknown))}.")
    if reserved := overrides.keys() & _SET_BY_MAKE:
        raise InvalidConfig(
            f"{name}: {' and '.join(sorted(reserved))} cannot be set here, because make sets it. "
            "Use `make deploy MODEL=...` instead."
        )
    values = {**defaults, **overrides, **given}
    return {**tables, "global": {"parameters": {**parameters, "parameter_overrides": values}}}


def _parse_assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return name, value


def main() -> None:
    parser = argparse.ArgumentParser(description="Completes samconfig.toml with the defaults of template.yaml.")
    parser.add_argument(
        "given", nargs="+", type=_parse_assignment, metavar="NAME=VALUE", help="a parameter for all environments"
    )
    parser.add_argument(
        "--show", nargs="+", metavar=("ENVIRONMENT", "NAME"), help="print only these parameters of one environment"
    )
    arguments = parser.parse_args()
    defaults = {name: facts["Default"] for name, facts in load(_ROOT / "template.yaml")["Parameters"].items()}
    try:
        config = fill_in(
            tomllib.loads((_ROOT / "samconfig.toml").read_text()),
            defaults,
            dict(arguments.given),
            use_buildkit=has_buildx(),
        )
    except (InvalidConfig, OSError, ValueError) as error:
        parser.exit(1, f"samconfig.toml: {error}\n")
    if arguments.show is None:
        print(yaml.safe_dump(config, sort_keys=False), end="")
        return
    environment, *names = arguments.show
    if environment == "version" or environment not in config:
        parser.exit(1, f"samconfig.toml has no environment {environment}.\n")
    values = config[environment]["global"]["parameters"]["parameter_overrides"]
    print(*(values[name] for name in names), sep="\n")


if __name__ == "__main__":
    main()
