"""Writes logs and metrics. Nothing here ever receives a key, a URL, a body or image bytes."""

import logging
import traceback
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

SERVICE = "modest"
NAMESPACE = "Modest"
# The log lines of these libraries quote requests: paths, parts of bodies, the messages of exceptions.
_QUOTING_LIBRARIES = ("asyncio", "mangum", "python_multipart")


class Observer:
    def __init__(self, *, level: str = "INFO", service_name: str = SERVICE, metrics_enabled: bool = True) -> None:
        """service_name: the dimension of the metrics."""
        # The location would be this file in every line.
        self._log = Logger(service=SERVICE, level=level, location=None, log_uncaught_exceptions=False)
        # From Python 3.12 on each line would name its asyncio task.
        logging.logAsyncioTasks = False  # type: ignore[attr-defined]
        for name in _QUOTING_LIBRARIES:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._metrics = Metrics(namespace=NAMESPACE, service=service_name) if metrics_enabled else None

    def call(self, facts: Mapping[str, object], *, milliseconds: float) -> None:
        """Writes one line and one set of metrics for one call. `facts`: request id, route, status, code, details."""
        self._log.info("call", extra={**facts, "milliseconds": round(milliseconds, 1)})
        if self._metrics is not None:
            self._metrics.add_metric("Latency", MetricUnit.Milliseconds, milliseconds)
            self._metrics.flush_metrics()

    def images(self, results: Iterable[str]) -> None:
        """Counts a verdict or an error's code for each image of a call; flushed with the call."""
        if self._metrics is None:
            return
        for result, count in Counter(results).items():
            self._metrics.add_metric(f"Images_{result}", MetricUnit.Count, count)

    def second_opinions(self, *, asked: int, unflagged: int) -> None:
        """Counts the images on which there is a second opinion, and those that are not nsfw because of it."""
        if self._metrics is not None and asked:
            self._metrics.add_metric("SecondOpinions", MetricUnit.Count, asked)
            self._metrics.add_metric("UnflaggedBySecondOpinion", MetricUnit.Count, unflagged)

    def blocked(self, hashes: Iterable[str]) -> None:
        """Logs each host or image that is on the operator's block list, by its hash alone."""
        for found in hashes:
            self._log.warning("blocked", extra={"blocked": found})

    def lists(self, *, read: Mapping[str, int] | None, late: int, failures: Sequence[str]) -> None:
        """Logs and counts what became of reading the operator's lists again.

        read: the number of entries of each kind, if there are new lists.
        late: how many checks took so long that calls went on with the lists that there were.
        """
        if read is not None:
            self._log.info("lists", extra={"entries": dict(read)})
        for reason in failures:
            self._log.error("lists not read", extra={"reason": reason})
        if self._metrics is not None and late:
            self._metrics.add_metric("ListChecksLate", MetricUnit.Count, late)
        if self._metrics is not None and failures:
            self._metrics.add_metric("ListChecksFailed", MetricUnit.Count, len(failures))

    def decoder_deaths(self, causes: Sequence[str]) -> None:
        """Logs and counts the processes that died or hung on an image, which is the likeliest sign of an exploit."""
        for cause in causes:
            self._log.error("decoder died", extra={"cause": cause})
        if self._metrics is not None and causes:
            self._metrics.add_metric("DecoderDeaths", MetricUnit.Count, len(causes))

    def ledger_failure(self, operation: str, reason: str, *, free: bool) -> None:
        """Logs and counts a failure. `free`: the call was judged, or its answer given, without charge."""
        self._log.error("ledger", extra={"operation": operation, "reason": reason, "free": free})
        if self._metrics is not None:
            self._metrics.add_metric("LedgerFailures", MetricUnit.Count, 1)
            self._metrics.add_metric("JudgedFree", MetricUnit.Count, int(free))

    def failure(self, error: BaseException, request_id: str) -> None:
        """Logs a fault of ours. Its message is left out: it may quote what the client sent."""
        frames = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
        self._log.error("failure", extra={"request_id": request_id, "type": type(error).__name__, "frames": frames})
