"""Says how an account's images are judged where a call does not say, and what the ledger's table holds of it.

    policy              the name of a policy
    questionable_from   where verdicts change; both, or neither
    nsfw_from
    class_limits        the probability from which on a class alone makes a picture nsfw, by the name of the class

What is missing is as the operator has set it for everybody. The table's numbers are Decimal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from moderate.verdict import CLASSES, DECIMALS, Cuts, Policy

# Less than any score above 0.
_LEAST = 1e-9

POLICY, QUESTIONABLE_FROM, NSFW_FROM, CLASS_LIMITS = NAMES = (
    "policy",
    "questionable_from",
    "nsfw_from",
    "class_limits",
)


class InvalidAccountPolicy(ValueError):
    """The policy of an account has an invalid value. The message is for the operator, and completes a sentence."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Holds what a verdict depends on beside the picture."""

    policy: Policy
    cuts: Cuts
    of_account: bool = False
    """Whether the account has any of its own."""

    def to_item(self) -> dict[str, Any]:
        """Returns the rules as the ledger's table holds them."""
        item: dict[str, Any] = {
            POLICY: self.policy.value,
            QUESTIONABLE_FROM: to_number(self.cuts.questionable),
            NSFW_FROM: to_number(self.cuts.nsfw),
        }
        if self.cuts.class_limits:
            item[CLASS_LIMITS] = {name: to_number(limit) for name, limit in self.cuts.class_limits.items()}
        return item


def rules_from(stored: object, operator: Rules) -> Rules:
    """Returns the rules of an account, which are the operator's where it has none of its own.

    stored: what the table holds. A value that cannot be read is never passed over, because the operator's rules might
    find safe what the account's do not. Raises InvalidAccountPolicy.
    """
    if not isinstance(stored, Mapping):
        raise InvalidAccountPolicy("it is no map")
    if foreign := sorted(set(map(str, stored)) - set(NAMES)):
        raise InvalidAccountPolicy(f"it has {', '.join(foreign)}, and takes {', '.join(NAMES)}")
    limits = stored.get(CLASS_LIMITS, {})
    if not isinstance(limits, Mapping) or not set(limits) <= set(CLASSES):
        raise InvalidAccountPolicy(f"{CLASS_LIMITS} must have limits for any of {', '.join(CLASSES)}")
    try:
        policy = Policy(stored[POLICY]) if POLICY in stored else operator.policy
    except ValueError:
        raise InvalidAccountPolicy(f"{POLICY} must be one of {', '.join(Policy)}") from None
    class_limits = {name: share(limit, f"the limit of {name}") for name, limit in limits.items()}
    cuts = replace(_cuts(stored, operator.cuts), class_limits=class_limits)
    return Rules(policy, cuts, of_account=bool(stored))


def to_number(value: float) -> Decimal:
    """Returns a number from 0 to 1 as the table can hold it: DynamoDB refuses some that are nearly 0."""
    return Decimal(str(max(value, _LEAST))) if value else Decimal(0)


def share(number: object, name: str) -> float:
    """Returns a cut or a class limit. Scores are rounded, so more decimal places would promise what cannot be.

    Raises InvalidAccountPolicy.
    """
    if isinstance(number, Decimal) and number.is_finite() and 0 < number <= 1 and number == round(number, DECIMALS):
        return float(number)
    raise InvalidAccountPolicy(f"{name} must be above 0, at most 1, and have at most {DECIMALS} decimal places")


def _cuts(stored: Mapping[str, object], operator: Cuts) -> Cuts:
    """Returns both cuts of the account or both of the operator, which later deployments may change."""
    match QUESTIONABLE_FROM in stored, NSFW_FROM in stored:
        case False, False:
            return operator
        case True, True:
            questionable, nsfw = (share(stored[name], name) for name in (QUESTIONABLE_FROM, NSFW_FROM))
        case _:
            raise InvalidAccountPolicy(f"it must have both {QUESTIONABLE_FROM} and {NSFW_FROM}, or neither")
    if questionable > nsfw:
        raise InvalidAccountPolicy(f"{QUESTIONABLE_FROM} must not be above {NSFW_FROM}")
    return Cuts(questionable, nsfw)
