"""What an account holds, service by service, so that what a deleted stack leaves behind can be listed."""

import boto3
import jmespath

Inventory = frozenset[tuple[str, str]]
"""Kinds of resources, each with the name of one."""

# Where a kind is listed, and the names in the answer.
_LISTS = {
    "stack": ("cloudformation", "describe_stacks", "Stacks[].StackName"),
    "function": ("lambda", "list_functions", "Functions[].FunctionName"),
    "layer": ("lambda", "list_layers", "Layers[].LayerName"),
    "API": ("apigateway", "get_rest_apis", "items[].id"),
    "usage plan": ("apigateway", "get_usage_plans", "items[].id"),
    "API key": ("apigateway", "get_api_keys", "items[].id"),
    "table": ("dynamodb", "list_tables", "TableNames[]"),
    "bucket": ("s3", "list_buckets", "Buckets[].Name"),
    "KMS key": ("kms", "list_keys", "Keys[].KeyId"),
    "role": ("iam", "list_roles", "Roles[].RoleName"),
    "log group": ("logs", "describe_log_groups", "logGroups[].logGroupName"),
    "topic": ("sns", "list_topics", "Topics[].TopicArn"),
    "rule": ("events", "list_rules", "Rules[].Name"),
    "alarm": ("cloudwatch", "describe_alarms", "MetricAlarms[].AlarmName"),
    "dashboard": ("cloudwatch", "list_dashboards", "DashboardEntries[].DashboardName"),
}


def inventory() -> Inventory:
    return frozenset(
        (kind, name)
        for kind, (service, operation, names) in _LISTS.items()
        for name in jmespath.search(names, getattr(boto3.client(service), operation)()) or []  # type: ignore[call-overload]
    )
