"""Calculates what a call costs in AWS, from the prices in bench/prices.toml."""

import math
from typing import Any

_MILLION = 1_000_000
_GIGABYTE = 10**9


def usd_a_call(
    prices: dict[str, Any], *, memory: int, milliseconds: float, start_ms: float, log_bytes: float
) -> dict[str, float]:
    """Returns the cost of an answered call by item. `milliseconds` is its duration if the function is warm."""
    aws, call = _amounts(prices), prices["a_call"]
    return {
        "API Gateway": aws["api_gateway_million_rest_calls"] / _MILLION,
        "Lambda: time": _compute(aws, memory, milliseconds),
        "Lambda: cold starts": call["cold"] * _compute(aws, memory, start_ms),
        "Lambda: calls": 2 * aws["lambda_million_requests"] / _MILLION,
        "Lambda: authorizer's time": _compute(aws, call["authorizer_mb"], call["authorizer_ms"]),
        "DynamoDB": (
            call["ledger_writes"] * aws["dynamodb_million_writes"]
            + call["ledger_reads"] * aws["dynamodb_million_reads"]
        )
        / _MILLION,
        "Logs": (log_bytes + call["other_log_bytes"]) / _GIGABYTE * aws["logs_gb"],
        "X-Ray": call["traced"] * aws["xray_million_traces"] / _MILLION,
        "Transfer": call["answer_bytes"] / _GIGABYTE * aws["transfer_out_gb"],
    }


def usd_a_refusal(prices: dict[str, Any]) -> dict[str, float]:
    """Returns the cost of a 429, for which only the authorizer runs: API Gateway does not bill what it throttles."""
    aws, call = _amounts(prices), prices["a_call"]
    return {
        "Lambda: calls": aws["lambda_million_requests"] / _MILLION,
        "Lambda: authorizer's time": _compute(aws, call["authorizer_mb"], call["authorizer_ms"]),
        "Logs": call["other_log_bytes"] / _GIGABYTE * aws["logs_gb"],
        "Transfer": call["answer_bytes"] / _GIGABYTE * aws["transfer_out_gb"],
    }


def _amounts(prices: dict[str, Any]) -> dict[str, float]:
    return {name: price["usd"] for name, price in prices["aws"].items()}


def _compute(aws: dict[str, float], megabytes: int, duration_ms: float) -> float:
    return math.ceil(duration_ms) / 1000 * megabytes / 1024 * aws["lambda_gb_second"]
