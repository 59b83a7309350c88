"""What each function must be able to do, as checks that fail without the rights for it. Each is a call or two."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import boto3
import httpx2
from tests.stack.deployment import ROOT, Deployment

from modest.months import month_before, month_of

Check = Callable[[], None]

MOSAIC = (ROOT / "tests/fixtures/mosaics/of-both-models/porn.png").read_bytes()


def first_broken(checks: Iterable[Check]) -> str | None:
    """Returns the name of the first one that fails."""
    return next((check.__name__ for check in checks if not _holds(check)), None)


def _holds(check: Check) -> bool:
    try:
        check()
    except AssertionError:
        return False
    return True


class ModerateChecks:
    def __init__(self, deployment: Deployment, api: httpx2.Client) -> None:
        self._log = _Log(deployment.resource("ModerateLog"))
        self._api = api

    def images_are_judged(self) -> None:
        assert self._judge().json()["data"]["verdict"] == "nsfw"

    def repetitions_get_the_same_answer(self) -> None:
        key = uuid4().hex
        first, second = self._judge(key), self._judge(key)
        assert second.headers["idempotency-replayed"] == "true"
        assert first.json() == second.json()

    def usage_is_reported(self) -> None:
        assert self._api.get("/v1/usage").status_code == httpx2.codes.OK

    def calls_are_logged(self) -> None:
        self._log.grows_by(self._judge)

    def _judge(self, idempotency_key: str = "") -> httpx2.Response:
        headers = {"content-type": "image/png"} | ({"idempotency-key": idempotency_key} if idempotency_key else {})
        response = self._api.post("/v1/classify", content=MOSAIC, headers=headers)
        assert response.status_code == httpx2.codes.OK, response.text
        return response

    def __iter__(self) -> Iterator[Check]:
        yield from (
            self.images_are_judged,
            self.repetitions_get_the_same_answer,
            self.usage_is_reported,
            self.calls_are_logged,
        )


class AuthorizerChecks:
    def __init__(self, deployment: Deployment, api: httpx2.Client) -> None:
        self._log = _Log(deployment.resource("AuthorizerLog"))
        self._api = api

    def calls_are_logged(self) -> None:
        self._log.grows_by(lambda: self._api.get("/v1/usage"))

    def __iter__(self) -> Iterator[Check]:
        yield self.calls_are_logged


class InvoicesChecks:
    """Each run is for an earlier month, from that before last on, because invoices are written once."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._log = _Log(deployment.resource("InvoicesLog"))
        self._function = deployment.outputs["InvoicesFunctionName"]
        self._month = month_before(month_of(datetime.now(UTC)))

    def invoices_are_written(self) -> None:
        self._month = month_before(self._month)
        assert set(self._invoke().values()) == {"written"}

    def written_invoices_stay_as_they_are(self) -> None:
        assert set(self._invoke().values()) == {"already exists"}

    def runs_are_logged(self) -> None:
        self._log.grows_by(self._invoke)

    def _invoke(self) -> dict[str, str]:
        return dict(self._deployment.invoke(self._function, {"month": self._month})["objects"])

    def __iter__(self) -> Iterator[Check]:
        yield from (self.invoices_are_written, self.written_invoices_stay_as_they_are, self.runs_are_logged)


class _Log:
    def __init__(self, group: str) -> None:
        self._group = group

    def grows_by(self, act: Callable[[], object]) -> None:
        before = self._streams()
        act()
        assert self._streams() > before

    def _streams(self) -> int:
        pages = boto3.client("logs").get_paginator("describe_log_streams").paginate(logGroupName=self._group)
        return sum(len(page["logStreams"]) for page in pages)
