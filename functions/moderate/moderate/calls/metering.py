"""Every keyed call is admitted, judged and settled here."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import TypedDict

from fastapi import Request
from fastapi.responses import Response

from moderate.calls.answers import JsonAnswer
from moderate.calls.authentication import Unauthorized
from moderate.calls.examination import Examined, ReadImages, count_images, examine
from moderate.calls.parameters import InvalidRequest
from moderate.calls.problems import problem_of
from moderate.observability import Observer
from modest.ledger.admission import Admission, Replay
from modest.ledger.idempotency import Answer
from modest.ledger.ledger import ImagesNotCounted, KeyUsage, Ledger
from modest.money import Terms
from modest.months import NotAMonth
from modest.prices import Charge, covered_by_plan
from modest.refusals import IdempotencyInProgress, LedgerUnavailable, NotAdmitted, UnknownKey
from modest.store.table import Item

REPLAYED_HEADER = "Idempotency-Replayed"

_REPLAYED = {REPLAYED_HEADER: "true"}
_OK = "ok"
_FREE = Terms(discount_percent=Decimal(100))


@dataclass(frozen=True, slots=True)
class Judged:
    """The result of a route, and what it costs."""

    charge: Charge
    content: Callable[[Charge], object]
    """Returns the answer's JSON for what is charged in the end. None for an answer without a body."""
    status: int = 200


Judge = Callable[[Request, Terms], Awaitable[Judged]]
Endpoint = Callable[[Request], Awaitable[Response]]


class Unmetered:
    """Counts and charges nothing, on a server without accounts; answers state the list price."""

    def metered(self, judge: Judge, charged: ReadImages | None = None) -> Endpoint:  # noqa: ARG002 - charges nothing
        async def endpoint(request: Request) -> Response:
            return _answer(await _judge(judge, request, await examine(request), Terms()))

        return endpoint


class Metering:
    def __init__(self, ledger: Ledger, observer: Observer, *, fail_open: bool) -> None:
        """fail_open: whether calls are judged free of charge, and uncounted, while the ledger cannot be reached."""
        self._ledger = ledger
        self._observer = observer
        self._fail_open = fail_open

    def metered(self, judge: Judge, charged: ReadImages | None = None) -> Endpoint:
        """Returns an endpoint that counts each call and charges for what `judge` did.

        charged: reads the images of a call, of a route that charges them one by one.
        """

        async def endpoint(request: Request) -> Response:
            examined = await examine(request, counted=charged is None)
            try:
                admitted = await self._admit(request, examined)
            except ImagesNotCounted:
                examined = await count_images(request, examined, charged)
                admitted = await self._admit(request, examined)
            match admitted:
                case Replay(answer):
                    kind = "application/json" if answer.body else None
                    return Response(answer.body, answer.status, _REPLAYED, kind)
                case None:
                    return _answer(await _judge(judge, request, examined, _FREE))
                case Admission() as admission:
                    try:
                        judged = await _judge(judge, request, examined, admission.terms)
                    except Exception as error:
                        await self._settle_failure(request, admission, error)
                        raise
                    return await self._settle(request, admission, judged)

        return endpoint

    async def _admit(self, request: Request, examined: Examined) -> Admission | Replay | None:
        """Returns None for a call that is judged free of charge. Raises Unauthorized, and what Ledger.admit raises."""
        state = request.state
        # Clients can choose API Gateway's request id, and the ledger counts two calls with the same id only once.
        call_id = f"{state.request_id}.{secrets.token_hex(8)}"
        admit = partial(self._ledger.admit, state.key_hash, call_id, examined.repeatable, examined.images)
        try:
            admission = await asyncio.to_thread(admit)
        except UnknownKey as refusal:
            raise self._unauthorized("admit", refusal) from None
        except NotAdmitted as refusal:
            state.allowance = refusal.allowance
            raise
        except LedgerUnavailable as failure:
            self._observer.ledger_failure("admit", failure.detail, free=self._fail_open)
            if not self._fail_open:
                raise
            state.account = self._ledger.last_known_account(state.key_hash)
            return None
        state.allowance = admission.allowance
        if isinstance(admission, Admission):
            state.account = admission.account
        return admission

    async def _settle(self, request: Request, admission: Admission, judged: Judged) -> Response:
        response = _answer(judged)
        answer = Answer(response.status_code, bytes(response.body))
        try:
            await asyncio.to_thread(self._ledger.settle, admission, _OK, judged.charge, answer, **_evidence(request))
        except LedgerUnavailable as failure:
            free = self._fail_open and not failure.perhaps_written
            self._observer.ledger_failure("settle", failure.detail, free=free)
            if free:
                return _answer(replace(judged, charge=covered_by_plan(judged.charge.images, admission.terms)))
            # An answer that may have been paid for is never withheld.
            if not failure.perhaps_written:
                raise
        return response

    async def _settle_failure(self, request: Request, admission: Admission, error: Exception) -> None:
        nothing = covered_by_plan(0, admission.terms)
        try:
            code = problem_of(error).code
            await asyncio.to_thread(self._ledger.settle, admission, code, nothing, **_evidence(request))
        except LedgerUnavailable as failure:
            self._observer.ledger_failure("settle", failure.detail, free=False)
        except IdempotencyInProgress:
            return

    async def usage(self, request: Request, month: str | None) -> KeyUsage:
        """Returns what the caller's account has used in a month; asking is free and counts as no call.

        month: as it was sent. None for the present one.

        Raises Unauthorized, InvalidRequest, LedgerUnavailable.
        """
        try:
            usage = await asyncio.to_thread(self._ledger.usage, request.state.key_hash, month)
        except UnknownKey as refusal:
            raise self._unauthorized("usage", refusal) from None
        except NotAMonth as refusal:
            raise InvalidRequest(str(refusal), param="month") from None
        except LedgerUnavailable as failure:
            self._observer.ledger_failure("usage", failure.detail, free=False)
            raise
        request.state.allowance = usage.allowance
        return usage

    def _unauthorized(self, operation: str, refusal: UnknownKey) -> Unauthorized:
        if refusal.detail:
            self._observer.ledger_failure(operation, refusal.detail, free=False)
        return Unauthorized()


async def _judge(judge: Judge, request: Request, examined: Examined, terms: Terms) -> Judged:
    if examined.refusal:
        raise examined.refusal
    return await judge(request, terms)


class _Evidence(TypedDict):
    judged_by: Item | None
    digests: Sequence[bytes]


def _evidence(request: Request) -> _Evidence:
    """Returns the rules of the call's verdicts and the SHA-256 of each judged image, which the ledger keeps."""
    state = request.state
    return {"judged_by": getattr(state, "judged_by", None), "digests": getattr(state, "digests", ())}


def _answer(judged: Judged) -> Response:
    content = judged.content(judged.charge)
    return Response(status_code=judged.status) if content is None else JsonAnswer(content, judged.status)
