"""What SAM is told: samconfig.toml, filled in with every parameter of template.yaml that it leaves out.

SAM has a stack keep the last value of a parameter that is not named, and a parameter on its command line replaces all
those of its file. With all of them in the file, a line taken out of samconfig.toml goes back to the template's default.

    python -m deploy.samconfig Model=... Release=...            prints the file, as YAML
    python -m deploy.samconfig Model=... --show prod BaseImage  prints values of one environment, a line each
"""

import argparse
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from modest_local.template import load

_ROOT = Path(__file__).resolve().parents[1]
_BY_MAKE = {"Model", "Release"}

Config = dict[str, Any]


class InvalidConfig(Exception):
    """A line of samconfig.toml that would do nothing, or not what it says."""


def filled_in(config: Config, defaults: Mapping[str, Any], given: Mapping[str, str]) -> Config:
    """The same for each environment, with a value for each parameter.

    given: what make sets, whatever the environment. Raises InvalidConfig.
    """
    return {name: _environment(name, facts, defaults, given) for name, facts in config.items() if name != "version"} | {
        "version": config["version"]
    }


def _environment(name: str, facts: Config, defaults: Mapping[str, Any], given: Mapping[str, str]) -> Config:
    parameters = facts["global"]["parameters"]
    own = parameters.get("parameter_overrides", {})
    if unknown := own.keys() - defaults.keys():
        raise InvalidConfig(f"{name}: template.yaml has no parameter {', '.join(sorted(unknown))}.")
    if twice := own.keys() & _BY_MAKE:
        raise InvalidConfig(f"{name}: make sets {' and '.join(sorted(twice))}; use `make deploy MODEL=...`.")
    everything = {**defaults, **own, **given}
    return {**facts, "global": {"parameters": {**parameters, "parameter_overrides": everything}}}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("given", nargs="+", metavar="NAME=VALUE")
    parser.add_argument("--show", nargs="+", metavar=("ENVIRONMENT", "NAME"))
    arguments = parser.parse_args()
    defaults = {name: facts["Default"] for name, facts in load(_ROOT / "template.yaml")["Parameters"].items()}
    try:
        config = filled_in(
            tomllib.loads((_ROOT / "samconfig.toml").read_text()),
            defaults,
            dict(assignment.split("=", 1) for assignment in arguments.given),
        )
    except InvalidConfig as error:
        parser.exit(1, f"samconfig.toml, {error}\n")
    if arguments.show is None:
        print(yaml.safe_dump(config, sort_keys=False), end="")
        return
    environment, *names = arguments.show
    if environment not in config:
        parser.exit(1, f"samconfig.toml has no environment {environment}.\n")
    values = config[environment]["global"]["parameters"]["parameter_overrides"]
    print(*(values[name] for name in names), sep="\n")


if __name__ == "__main__":
    main()
