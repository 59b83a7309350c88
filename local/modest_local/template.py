"""Translates and resolves template.yaml offline, as SAM and CloudFormation would."""

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
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT_ID}:stack/{STACK_NAME}/51af3dc0-da77-11e4",
    "AWS::StackName": STACK_NAME,
    "AWS::URLSuffix": "amazonaws.com",
}
_NO_VALUE = object()


def load(path: Path) -> Template:
    # The translator modifies its input. A copy through JSON ensures that no two parts of it share an object.
    return dict(json.loads(json.dumps(yaml_parse(path.read_text()))))


def translate(template: Template, **parameters: str) -> Template:
    """Converts SAM resources to CloudFormation resources. Intrinsic functions such as Ref and Fn::If stay."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    source = json.loads(json.dumps(template))
    for resource in source["Resources"].values():
        _set_build_placeholders(resource)
    translator = Translator({}, Parser(), boto_session=Session(region_name=REGION))
    return dict(translator.translate(source, {**PSEUDO_PARAMETERS, **parameters}))


def resolve(translated: Template, names: Mapping[str, str] | None = None, /, **parameters: str) -> Template:
    """Returns the resources and outputs of a stack, with parameters, mappings and conditions resolved.

    names: maps logical ids to the names of the deployed resources. A resource that is missing keeps its logical id as
        its name. Without names, references to resources are not resolved.
    """
    resource_names = {} if names is None else {name: name for name in translated["Resources"]} | dict(names)
    defaults = {name: facts["Default"] for name, facts in translated["Parameters"].items() if "Default" in facts}
    values = {**resource_names, **PSEUDO_PARAMETERS, **defaults, **parameters}
    evaluate = partial(_resolve, template=translated, values=values)
    return {
        section: {
            name: evaluate(entry)
            for name, entry in translated[section].items()
            if "Condition" not in entry or evaluate({"Condition": entry["Condition"]})
        }
        for section in ("Resources", "Outputs")
    }


def find_properties(template: Template, kind: str) -> dict[str, Template]:
    """Returns the properties of every resource of a type, by logical id."""
    return {name: facts["Properties"] for name, facts in template["Resources"].items() if facts["Type"] == kind}


def _set_build_placeholders(resource: Template) -> None:
    match resource["Type"]:
        case "AWS::Serverless::Function" if resource["Properties"].get("PackageType") == "Image":
            image = f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/modest:1"
            resource["Properties"].setdefault("ImageUri", image)
        case "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://built/function.zip"
        case "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = "s3://built/layer.zip"


def _resolve(node: Any, *, template: Template, values: Mapping[str, Any]) -> Any:  # noqa: C901, PLR0911, PLR0912
    evaluate = partial(_resolve, template=template, values=values)
    match node:
        case {"Ref": "AWS::NoValue"}:
            return _NO_VALUE
        case {"Ref": name} if name in values:
            return values[name]
        case {"Fn::GetAtt": [name, attribute]} if name in values:
            return f"{values[name]}.{attribute}"
        case {"Condition": str(name)} if len(node) == 1:
            return evaluate(template["Conditions"][name])
        case {"Fn::Not": [condition]}:
            return not evaluate(condition)
        case {"Fn::And": conditions}:
            return all(evaluate(condition) for condition in conditions)
        case {"Fn::Or": conditions}:
            return any(evaluate(condition) for condition in conditions)
        case {"Fn::Equals": [left, right]}:
            return str(evaluate(left)) == str(evaluate(right))
        case {"Fn::If": [name, when, otherwise]}:
            return evaluate(when if evaluate({"Condition": name}) else otherwise)
        case {"Fn::FindInMap": [mapping, *path]}:
            return template["Mappings"][mapping][evaluate(path[0])][evaluate(path[1])]
        case {"Fn::Join": [separator, parts]}:
            return separator.join(str(part) for part in evaluate(parts))
        case {"Fn::Split": [separator, text]}:
            return evaluate(text).split(separator)
        case {"Fn::Select": [index, parts]}:
            return evaluate(parts)[int(index)]
        case {"Fn::Sub": [text, own]}:
            return _substitute(text, {**values, **evaluate(own)})
        case {"Fn::Sub": str(text)}:
            return _substitute(text, values)
        case dict():
            entries = {key: evaluate(value) for key, value in node.items()}
            return {key: value for key, value in entries.items() if value is not _NO_VALUE}
        case list():
            return [value for value in map(evaluate, node) if value is not _NO_VALUE]
        case _:
            return node


def _substitute(text: str, values: Mapping[str, Any]) -> str:
    def value(found: re.Match[str]) -> str:
        name, dot, attribute = found[1].partition(".")
        return f"{values[name]}{dot}{attribute}" if name in values else found[0]

    return re.sub(r"\$\{([^}!]+)\}", value, text)
