"""Mends whose rights ministack uses to write a function's log."""

from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate, resolve_principal
from ministack.core.lambda_runtime import execution_credentials
from ministack.services import lambda_svc
from ministack.services.cloudwatch_logs import _make_group_arn_no_star

_RIGHTS = ("logs:CreateLogStream", "logs:PutLogEvents")


def write_as_the_functions_role() -> None:
    """Lambda writes a log only if the function's role allows it. ministack would write it in any case."""
    write = lambda_svc._emit_lambda_logs

    def write_if_allowed(function: dict[str, Any], *arguments: Any, **options: Any) -> None:
        config = function.get("config") or function
        if all(_may(config, right) for right in _RIGHTS):
            write(function, *arguments, **options)

    lambda_svc._emit_lambda_logs = write_if_allowed


def _may(config: dict[str, Any], action: str) -> bool:
    _, _, _, region, account, *_ = config["FunctionArn"].split(":")
    role = resolve_principal(execution_credentials(config)["AWS_ACCESS_KEY_ID"], account)
    stream = f"{_make_group_arn_no_star(config['LoggingConfig']['LogGroup'])}:log-stream:any"
    context = EvalContext(role.arn, role.type, role.account, action, stream, region)
    return bool(evaluate(context, role.policies).decision == "Allow")
