"""Reads the operator's settings from environment variables."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from moderate.blocking.hits import OnListHit
from moderate.blocking.named_places import PLACES, place_of
from moderate.fetching.urls import MAX_PORT, WEB_PORTS
from moderate.observability import SERVICE
from moderate.verdict import Cuts, Policy
from modest.plans import Plans, plans_from_json
from modest.store.retries import MAX_OPERATION_SECONDS, OPERATION_SECONDS

T = TypeVar("T")

# Lambda grants one vCPU for each 1,769 MB (AWS Lambda developer guide, "Configure function memory").
_MEGABYTES_PER_CPU = 1769
_MAX_DAYS = 3650
# The form in which browsers write an origin: without a path, a trailing slash or capitals.
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?")
# Goes into a comment of a header, where brackets and backslashes have a meaning.
_CONTACT = re.compile(r"https?://[!#-'*-;=?-Z_a-z~]{1,200}")
_MODEL = re.compile(r"\w[\w.-]*")
_SECONDS = f"a number of seconds, at most {MAX_OPERATION_SECONDS:.0f}"
_REPLACED = {
    "BLOCK_LIST": "Lists now change while the service runs: `modest lists import FILE` takes your file over, and LISTS "
    "says where `modest lists` keeps them.",
    "BLOCK_DISTANCE": "Pictures are now compared by PDQ, whose hashes match within 31 of 256 bits.",
}
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class InvalidSetting(ValueError):
    """An environment variable has an invalid value."""


@dataclass(frozen=True, slots=True)
class Settings:
    model_path: Path
    second_opinion: str
    """The name of the model that judges doubtful views too, whose file is beside that of the first; `none` for none."""
    policy: Policy
    cuts: Cuts
    allowed_ports: frozenset[int]
    allowed_origin: str
    """The origin whose pages can read answers in a browser; empty for none."""
    contact_url: str
    """Tells the owners of servers from which images are fetched who fetches them, and the playground's visitors whom to
    ask for a key; empty for nobody."""
    lists: str
    """Where the lists of `modest lists` are: a path or s3://bucket/key. Empty for no lists."""
    on_list_hit: OnListHit
    ledger_table: str
    """Empty if calls are neither counted nor charged."""
    plans: Plans
    fail_open: bool
    """Whether calls are judged free of charge while the ledger cannot be reached."""
    ledger_seconds: float
    """How long each operation of the ledger may take."""
    digest_days: int
    """How long the ledger keeps the SHA-256 of judged images legible."""
    workers: int
    """How many images are decoded and classified at once."""
    release: str
    log_level: str
    service_name: str
    """Tells the metrics of one deployment from those of another in the same region."""
    metrics_enabled: bool

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Raises InvalidSetting, which names the variable and the values that it takes."""
        for name, instead in _REPLACED.items():
            if environ.get(name):
                raise InvalidSetting(f"{name} is no longer read. {instead}")
        return cls(
            model_path=_read(environ, "MODEL_PATH", "model.onnx", Path, "the path of an .onnx file"),
            second_opinion=_read(environ, "SECOND_OPINION", "mobilenet_v2_mid", _model, "the name of a model, or none"),
            policy=_read(environ, "POLICY", Policy.BALANCED, Policy, f"one of {', '.join(Policy)}"),
            cuts=_cuts(environ),
            allowed_ports=_read(environ, "ALLOWED_PORTS", "", _ports, "ports, such as 80,443,8443"),
            allowed_origin=_read(environ, "ALLOWED_ORIGIN", "", _origin, "an origin, such as https://example.com"),
            contact_url=_read(environ, "CONTACT_URL", "", _contact, "a URL, such as https://example.com/contact"),
            lists=_read(environ, "LISTS", "", _lists, PLACES),
            on_list_hit=_read(environ, "ON_LIST_HIT", OnListHit.VERDICT, OnListHit, " or ".join(OnListHit)),
            ledger_table=environ.get("LEDGER_TABLE") or "",
            plans=_read(environ, "PLANS", "{}", plans_from_json, "the plans as JSON"),
            fail_open=_read(environ, "ON_LEDGER_FAILURE", "fail_closed", _fail_open, "fail_closed or fail_open"),
            ledger_seconds=_read(environ, "LEDGER_SECONDS", str(OPERATION_SECONDS), _seconds, _SECONDS),
            digest_days=_read(environ, "DIGEST_DAYS", "30", _days, f"a number of days from 0 to {_MAX_DAYS}"),
            workers=_workers(environ),
            release=environ.get("RELEASE") or "dev",
            log_level=_read(environ, "LOG_LEVEL", "INFO", _log_level, f"one of {', '.join(_LOG_LEVELS)}"),
            service_name=environ.get("POWERTOOLS_SERVICE_NAME") or SERVICE,
            metrics_enabled=environ.get("POWERTOOLS_METRICS_DISABLED", "").lower() not in ("1", "true"),
        )


def _cuts(environ: Mapping[str, str]) -> Cuts:
    defaults = Cuts()
    expected = "a number from 0 to 1"
    questionable = _read(environ, "QUESTIONABLE_FROM", str(defaults.questionable), float, expected)
    nsfw = _read(environ, "NSFW_FROM", str(defaults.nsfw), float, expected)
    try:
        return Cuts(questionable, nsfw)
    except ValueError:
        raise InvalidSetting(
            f"the values must satisfy 0 <= QUESTIONABLE_FROM <= NSFW_FROM <= 1, not {questionable} and {nsfw}"
        ) from None


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _workers(environ: Mapping[str, str]) -> int:
    memory = _read(environ, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "0", int, "a number of megabytes")
    # Lambda reports more cores than it grants.
    return max(1, round(memory / _MEGABYTES_PER_CPU)) if memory else usable_cores()


def _model(text: str) -> str:
    if not _MODEL.fullmatch(text):
        raise ValueError(text)
    return text


def _lists(text: str) -> str:
    if text:
        place_of(text)
    return text


def _ports(text: str) -> frozenset[int]:
    ports = {int(port) for port in text.split(",") if port}
    if not all(0 < port <= MAX_PORT for port in ports):
        raise ValueError(text)
    return WEB_PORTS | ports


def _origin(text: str) -> str:
    if text and not _ORIGIN.fullmatch(text):
        raise ValueError(text)
    return text


def _contact(text: str) -> str:
    if text and not _CONTACT.fullmatch(text):
        raise ValueError(text)
    return text


def _fail_open(text: str) -> bool:
    if text not in ("fail_closed", "fail_open"):
        raise ValueError(text)
    return text == "fail_open"


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= MAX_OPERATION_SECONDS:
        raise ValueError(text)
    return seconds


def _days(text: str) -> int:
    days = int(text)
    if not 0 <= days <= _MAX_DAYS:
        raise ValueError(text)
    return days


def _log_level(text: str) -> str:
    if text.upper() not in _LOG_LEVELS:
        raise ValueError(text)
    return text.upper()


def _read(environ: Mapping[str, str], name: str, default: str, parse: Callable[[str], T], expected: str) -> T:
    text = environ.get(name) or default
    try:
        return parse(text)
    except ValueError:
        raise InvalidSetting(f"{name} must be {expected}, not {text!r}") from None
