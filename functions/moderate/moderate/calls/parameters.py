"""Reads and checks the parameters that dialects share."""

import math
from enum import StrEnum
from typing import Any

from moderate.verdict import Policy, Verdict
from modest.errors import PublicError


class Explain(StrEnum):
    """The ways to show where in the picture each class was seen."""

    NOTHING = "false"
    GRIDS = "true"
    OVERLAY = "overlay"


REJECTED = (Verdict.NSFW, Verdict.QUESTIONABLE)
"""The verdicts from which on a gate may reject."""
REJECT_STATUSES = (406, 403)


class InvalidRequest(PublicError):
    """The request itself is malformed, not an image in it."""


def parse_policy(value: Any) -> Policy | None:
    """Returns None if the call names no policy. Raises InvalidRequest."""
    if value is None or value == "":
        return None
    try:
        return Policy(value)
    except ValueError:
        names = ", ".join(Policy)
        raise InvalidRequest(f"policy must be one of: {names}.", param="policy") from None


def parse_threshold(value: Any, default: float) -> float:
    """Takes a number from 0 to 1, or the text of one. Raises InvalidRequest."""
    if value is None or value == "":
        return default
    try:
        # Python reads 0_1 as 1.
        threshold = math.nan if isinstance(value, bool) or "_" in str(value) else float(value)
    except (TypeError, ValueError, OverflowError):
        threshold = math.nan
    if not 0 <= threshold <= 1:
        raise InvalidRequest("threshold must be a number from 0 to 1, such as 0.6.", param="threshold")
    return threshold


def parse_explain(value: Any) -> Explain:
    """Raises InvalidRequest."""
    if value is None or value == "":
        return Explain.NOTHING
    try:
        return Explain(str(value).lower())
    except ValueError:
        names = ", ".join(Explain)
        raise InvalidRequest(f"explain must be one of: {names}.", param="explain") from None


def parse_reject(value: Any) -> Verdict:
    """Returns the verdict from which on an image is rejected. Raises InvalidRequest."""
    if value is None or value == "":
        return Verdict.NSFW
    if value not in REJECTED:
        raise InvalidRequest(f"reject must be one of: {', '.join(REJECTED)}.", param="reject")
    return Verdict(value)


def parse_reject_status(value: Any) -> int:
    """Takes a number or the text of one. Raises InvalidRequest."""
    if value is None or value == "":
        return REJECT_STATUSES[0]
    try:
        return REJECT_STATUSES[list(map(str, REJECT_STATUSES)).index(str(value))]
    except ValueError:
        names = ", ".join(map(str, REJECT_STATUSES))
        raise InvalidRequest(f"reject_status must be one of: {names}.", param="reject_status") from None
