"""template.yaml as CloudFormation would come to see it, worked out offline.

`python -m tests.infrastructure.translated` prints it, for checkov.
"""

import json
import re
from collections.abc import Mapping
from functools import partial
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
    values = {**PSEUDO_PARAMETERS, **defaults, **parameters}
    work_out = partial(_work_out, template=translated, values=values)
    return {
        section: {
            name: work_out(entry)
            for name, entry in translated[section].items()
            if "Condition" not in entry or work_out({"Condition": entry["Condition"]})
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


def _work_out(node: Any, *, template: Template, values: Mapping[str, Any]) -> Any:  # noqa: PLR0911
    work_out = partial(_work_out, template=template, values=values)
    match node:
        case {"Ref": "AWS::NoValue"}:
            return _NO_VALUE
        case {"Ref": name} if name in values:
            return values[name]
        case {"Condition": str(name)} if len(node) == 1:
            return work_out(template["Conditions"][name])
        case {"Fn::Not": [condition]}:
            return not work_out(condition)
        case {"Fn::And": conditions}:
            return all(work_out(condition) for condition in conditions)
        case {"Fn::Equals": [left, right]}:
            return str(work_out(left)) == str(work_out(right))
        case {"Fn::If": [name, when, otherwise]}:
            return work_out(when if work_out({"Condition": name}) else otherwise)
        case {"Fn::FindInMap": [mapping, *path]}:
            return template["Mappings"][mapping][path[0]][path[1]]
        case {"Fn::Sub": [text, own]}:
            return _substitute(text, {**values, **work_out(own)})
        case {"Fn::Sub": str(text)}:
            return _substitute(text, values)
        case dict():
            entries = {key: work_out(value) for key, value in node.items()}
            return {key: value for key, value in entries.items() if value is not _NO_VALUE}
        case list():
            return [value for value in map(work_out, node) if value is not _NO_VALUE]
        case _:
            return node


def _substitute(text: str, values: Mapping[str, Any]) -> str:
    """Names of resources stay as they are."""
    return re.sub(r"\$\{([^}]+)\}", lambda found: str(values.get(found[1], found[0])), text)


if __name__ == "__main__":
    print(json.dumps(translate(load()), indent=2))
