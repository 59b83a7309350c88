"""Changes and describes how an account's images are judged."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from moderate.calls.account_policy import (
    CLASS_LIMITS,
    NAMES,
    NSFW_FROM,
    POLICY,
    QUESTIONABLE_FROM,
    InvalidAccountPolicy,
    Rules,
    rules_from,
)
from moderate.verdict import Cuts, Policy
from modest_cli.arguments import Setting
from modest_cli.output import escape

# Whether a policy is valid does not depend on the operator's own.
_ANY = Rules(Policy.BALANCED, Cuts())


def change(
    stored: Any,
    *,
    policy: Setting | None,
    questionable_from: Setting | None,
    nsfw_from: Setting | None,
    class_limits: Sequence[Setting],
) -> dict[str, Any]:
    """Returns the next policy of an account. What is None stays, and names that mean nothing go.

    Raises InvalidAccountPolicy.
    """
    known = stored if isinstance(stored, Mapping) else {}
    changed = {name: known[name] for name in NAMES if name in known}
    for name, setting in ((POLICY, policy), (QUESTIONABLE_FROM, questionable_from), (NSFW_FROM, nsfw_from)):
        if setting:
            _apply(setting, name, changed)
    for setting in class_limits:
        present = changed.get(CLASS_LIMITS)
        limits = dict(present) if setting.name and isinstance(present, Mapping) else {}
        _apply(setting, setting.name, limits)
        _apply(Setting(limits or None), CLASS_LIMITS, changed)
    rules_from(changed, _ANY)
    return changed


def error_in(stored: Any) -> str:
    """Returns what is wrong with a stored policy; empty if nothing is."""
    try:
        rules_from(stored, _ANY)
    except InvalidAccountPolicy as error:
        return str(error)
    return ""


def describe(stored: Any) -> str | Text:
    """Returns one line; empty if all is as the operator has set it for everybody."""
    if error := error_in(stored):
        return Text(f"invalid: {escape(error)}", "bold red")
    limits = {f"{name} from": limit for name, limit in stored.get(CLASS_LIMITS, {}).items()}
    facts = {name.replace("_", " "): stored[name] for name in NAMES if name in stored and name != CLASS_LIMITS} | limits
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def as_dict(stored: Any) -> dict[str, object]:
    if error := error_in(stored):
        return {"error": error}
    limits = {name: float(limit) for name, limit in stored.get(CLASS_LIMITS, {}).items()}
    cuts = {name: float(stored[name]) for name in (QUESTIONABLE_FROM, NSFW_FROM) if name in stored}
    policy = {POLICY: stored[POLICY]} if POLICY in stored else {}
    return policy | cuts | ({CLASS_LIMITS: limits} if limits else {})


def _apply(setting: Setting, name: str, values: dict[str, Any]) -> None:
    if setting.value is None:
        values.pop(name, None)
    else:
        values[name] = setting.value
