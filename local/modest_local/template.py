"""template.yaml as CloudFormation would come to see it, worked out offline."""

import json
import logging
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from boto3 import Session
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

Template = dict[str, Any]

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"
STACK_NAME = "modest"
PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT_ID,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK_NAME,
    "AWS::URLSuffix": "amazonaws.com",
}
_NO_VALUE = object()


def load(path: Path) -> Template:
    # The translator changes what it is given; through JSON, no part of it is there twice under two names.
    return dict(json.loads(json.dumps(yaml_parse(path.read_text()))))


def translate(template: Template, **parameters: str) -> Template:
    """SAM's resources become CloudFormation's; Ref, Fn::If and the like stay."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    source = json.loads(json.dumps(template))
    for resource in source["Resources"].values():
        _stand_in_for_what_is_built(resource)
    translator = Translator({}, Parser(), boto_session=Session(region_name=REGION))
    return dict(translator.translate(source, {**PSEUDO_PARAMETERS, **parameters}))


def deployed(translated: Template, names: Mapping[str, str] | None = None, /, **parameters: str) -> Template:
    """What a stack holds: parameters, mappings and conditions are worked out.

    names: logical id -> what the resource is called where it is; one that is missing keeps its logical id.
        Without any, what names a resource stays as it is.
    """
    called = {} if names is None else {name: name for name in translated["Resources"]} | dict(names)
    defaults = {name: facts["Default"] for name, facts in translated["Parameters"].items() if "Default" in facts}
    values = {**called, **PSEUDO_PARAMETERS, **defaults, **parameters}
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
    """The properties of every resource of a kind, by logical id."""
    return {name: facts["Properties"] for name, facts in template["Resources"].items() if facts["Type"] == kind}


def _stand_in_for_what_is_built(resource: Template) -> None:
    match resource["Type"]:
        case "AWS::Serverless::Function" if resource["Properties"].get("PackageType") == "Image":
            image = f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/modest:1"
            resource["Properties"].setdefault("ImageUri", image)
        case "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://built/function.zip"
        case "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = "s3://built/layer.zip"


def _work_out(node: Any, *, template: Template, values: Mapping[str, Any]) -> Any:  # noqa: C901, PLR0911, PLR0912
    work_out = partial(_work_out, template=template, values=values)
    match node:
        case {"Ref": "AWS::NoValue"}:
            return _NO_VALUE
        case {"Ref": name} if name in values:
            return values[name]
        case {"Fn::GetAtt": [name, attribute]} if name in values:
            return f"{values[name]}.{attribute}"
        case {"Condition": str(name)} if len(node) == 1:
            return work_out(template["Conditions"][name])
        case {"Fn::Not": [condition]}:
            return not work_out(condition)
        case {"Fn::And": conditions}:
            return all(work_out(condition) for condition in conditions)
        case {"Fn::Or": conditions}:
            return any(work_out(condition) for condition in conditions)
        case {"Fn::Equals": [left, right]}:
            return str(work_out(left)) == str(work_out(right))
        case {"Fn::If": [name, when, otherwise]}:
            return work_out(when if work_out({"Condition": name}) else otherwise)
        case {"Fn::FindInMap": [mapping, *path]}:
            return template["Mappings"][mapping][work_out(path[0])][work_out(path[1])]
        case {"Fn::Join": [separator, parts]}:
            return separator.join(str(part) for part in work_out(parts))
        case {"Fn::Split": [separator, text]}:
            return work_out(text).split(separator)
        case {"Fn::Select": [index, parts]}:
            return work_out(parts)[int(index)]
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
    def value(found: re.Match[str]) -> str:
        name, dot, attribute = found[1].partition(".")
        return f"{values[name]}{dot}{attribute}" if name in values else found[0]

    return re.sub(r"\$\{([^}!]+)\}", value, text)
