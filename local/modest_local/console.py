"""Writes the service's log for a person at a terminal: one short line for each call."""

import logging
import time

from moderate.observability import SERVICE

_CALL = "call"
# What every record has, and what the line of a call begins with.
_KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {
    *("message", "asctime", "request_id", "method", "route", "status", "milliseconds", "code", "detail"),
    "refused_images",
}


class ConsoleFormatter(logging.Formatter):
    """Formats what the service logs, which is JSON elsewhere."""

    def format(self, record: logging.LogRecord) -> str:
        facts = vars(record)
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        others = [f"{name}={value}" for name, value in facts.items() if name not in _KNOWN]
        if record.msg != _CALL:
            return " ".join([clock, record.levelname, record.getMessage(), *others])
        call = f"{facts['method'] or '?'} {facts['route'] or '(no such route)'}"
        refusals = facts.get("refused_images") or [{"code": facts.get("code", ""), "detail": facts.get("detail", "")}]
        reasons = [": ".join(filter(None, (refusal["code"], refusal["detail"]))) for refusal in refusals]
        return " ".join([clock, f"{call:<22} {facts['status']} {facts['milliseconds']:>7.1f} ms", *reasons, *others])


def log_for_people() -> None:
    """Has the service's logger, which exists once the service is built, write lines for people."""
    for handler in logging.getLogger(SERVICE).handlers:
        handler.setFormatter(ConsoleFormatter())
