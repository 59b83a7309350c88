"""template.yaml as a stack has it. `python -m tests.infrastructure.translated` prints it translated, for checkov."""

import json

from tests.helpers.support import ROOT

from modest_local import template as sam

Template = sam.Template


def load() -> Template:
    return sam.load(ROOT / "template.yaml")


def deployed(template: Template, **parameters: str) -> Template:
    """What a stack with these parameters holds; what names a resource stays as it is."""
    return sam.resolve(sam.translate(template, **parameters), **parameters)


def of_type(template: Template, kind: str) -> dict[str, Template]:
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def only(template: Template, kind: str) -> Template:
    (resource,) = of_type(template, kind).values()
    return dict(resource["Properties"])


def main() -> None:
    stack = sam.translate(load())
    # An Api's Metadata, and with it what checkov is to skip, does not come along to its Stage.
    stack["Resources"]["ApiprodStage"]["Metadata"] = stack["Resources"]["Api"]["Metadata"]
    print(json.dumps(stack, indent=2))


if __name__ == "__main__":
    main()
