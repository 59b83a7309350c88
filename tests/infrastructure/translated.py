"""template.yaml as CloudFormation would come to see it, worked out offline.

`python -m tests.infrastructure.translated` prints it, for checkov.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boto3 import Session
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse
from tests.support import ROOT

Template = dict[str, Any]

REGION = "eu-central-1"
PSEUDO_PARAMETERS = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "modest",
    "AWS::URLSuffix": "amazonaws.com",
}
_NO_VALUE = object()


def load() -> Template:
    template = yaml_parse((ROOT / "template.yaml").read_text())
    # The translator changes what it is given; through JSON, no part of it is there twice under two names.
    return dict(json.loads(json.dumps(template)))


def translate(template: Template, **parameters: str) -> Template:
    """SAM's resources become CloudFormation's; Ref, Fn::If and the like stay."""
    source = json.loads(json.dumps(template))
    for resource in source["Resources"].values():
        _stand_in_for_what_is_built(resource)
    translator = Translator({}, Parser(), boto_session=Session(region_name=REGION))
    return dict(translator.translate(source, {**PSEUDO_PARAMETERS, **parameters}))


def deployed(template: Template, **parameters: str) -> Template:
    """What a stack with these parameters holds: parameters, mappings and conditions are worked out."""
    translated = translate(template, **parameters)
    defaults = {name: facts["Default"] for name, facts in translated["Parameters"].items() if "Default" in facts}
    intrinsics = _Intrinsics(translated, {**PSEUDO_PARAMETERS, **defaults, **parameters})
    return {
        section: {
            name: intrinsics.value(entry)
            for name, entry in translated[section].items()
            if "Condition" not in entry or intrinsics.holds(entry["Condition"])
        }
        for section in ("Resources", "Outputs")
    }


def of_type(template: Template, kind: str) -> dict[str, Template]:
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def only(template: Template, kind: str) -> Template:
    (resource,) = of_type(template, kind).values()
    return dict(resource["Properties"])


def _stand_in_for_what_is_built(resource: Template) -> None:
    match resource["Type"]:
        case "AWS::Serverless::Function" if resource["Properties"].get("PackageType") == "Image":
            resource["Properties"].setdefault("ImageUri", "123456789012.dkr.ecr.eu-central-1.amazonaws.com/modest:1")
        case "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://built/function.zip"
        case "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = "s3://built/layer.zip"


@dataclass(frozen=True)
class _Intrinsics:
    """Works out what CloudFormation would before it makes anything. What names a resource stays as it is."""

    template: Template
    values: Mapping[str, Any]

    def holds(self, condition: Any) -> bool:
        match condition:
            case {"Fn::Not": [inner]}:
                return not self.holds(inner)
            case {"Fn::And": inners}:
                return all(map(self.holds, inners))
            case {"Fn::Equals": [left, right]}:
                return str(self.value(left)) == str(self.value(right))
            case {"Condition": name} | name:
                return self.holds(self.template["Conditions"][name])

    def value(self, node: Any) -> Any:  # noqa: PLR0911 - one line an intrinsic
        match node:
            case {"Ref": "AWS::NoValue"}:
                return _NO_VALUE
            case {"Ref": name} if name in self.values:
                return self.values[name]
            case {"Fn::If": [condition, when, otherwise]}:
                return self.value(when if self.holds(condition) else otherwise)
            case {"Fn::FindInMap": [mapping, key, entry]}:
                return self.template["Mappings"][mapping][key][entry]
            case {"Fn::Sub": [text, own]}:
                return _substitute(text, {**self.values, **self.value(own)})
            case {"Fn::Sub": text}:
                return _substitute(text, self.values)
            case dict():
                entries = {key: self.value(value) for key, value in node.items()}
                return {key: value for key, value in entries.items() if value is not _NO_VALUE}
            case list():
                return [value for value in map(self.value, node) if value is not _NO_VALUE]
        return node


def _substitute(text: str, values: Mapping[str, Any]) -> str:
    return re.sub(r"\$\{([^}]+)\}", lambda found: str(values.get(found[1], found[0])), text)


def main() -> None:
    stack = translate(load())
    # An Api's Metadata, and with it what checkov is to skip, does not come along to its Stage.
    stack["Resources"]["ApiprodStage"]["Metadata"] = stack["Resources"]["Api"]["Metadata"]
    print(json.dumps(stack, indent=2))


if __name__ == "__main__":
    main()
