"""Every keyed call: admitted, judged, settled."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from moderate.calls import body
from moderate.calls.authentication import Unauthorized
from moderate.calls.ledgers import Ledger, UnmeteredAdmission
from moderate.calls.parameters import InvalidRequest
from moderate.calls.problems import problem_of
from moderate.fetching.self_reference import carries_own_marker
from moderate.observability import Observer
from modest.errors import PublicError
from modest.ledger.admission import Admission, Replay
from modest.ledger.idempotency import Answer, Repeatable
from modest.ledger.ledger import KeyUsage
from modest.money import Terms
from modest.prices import Charge, covered_by_plan
from modest.refusals import IdempotencyInProgress, LedgerUnavailable, NotAdmitted, UnknownKey

REPLAYED_HEADER = "Idempotency-Replayed"

_OK = "ok"
_FREE = Terms(discount_percent=Decimal(100))
_KEY = re.compile(r"[!-~]{1,255}")
_REPLAYED = {REPLAYED_HEADER: "true"}


@dataclass(frozen=True, slots=True)
class Judged:
    """What a route found out, and what that costs."""

    charge: Charge
    content: Callable[[Charge], object]
    """The answer's JSON, once it is known what is charged."""


Judge = Callable[[Request, Terms], Awaitable[Judged]]
Endpoint = Callable[[Request], Awaitable[Response]]


class Metering:
    def __init__(self, ledger: Ledger, observer: Observer, *, fail_open: bool) -> None:
        """fail_open: whether calls are judged for nothing, and uncounted, while the ledger cannot be reached."""
        self._ledger = ledger
        self._observer = observer
        self._fail_open = fail_open

    def metered(self, judge: Judge) -> Endpoint:
        """A route that counts and charges what `judge` does for it."""

        async def endpoint(request: Request) -> Response:
            repeatable, unfit = await _examined(request)
            admission = await self._admit(request, repeatable)
            if isinstance(admission, Replay):
                return Response(admission.answer.body, admission.answer.status, _REPLAYED, "application/json")
            try:
                _refuse(unfit)
                judged = await judge(request, admission.terms)
            except Exception as error:
                await self._settle_failure(admission, error)
                raise
            return await self._settle(admission, judged)

        return endpoint

    async def usage(self, request: Request) -> KeyUsage:
        """Of the caller's account; it is not counted as a call. Raises Unauthorized, LedgerUnavailable."""
        try:
            told = await asyncio.to_thread(self._ledger.usage, request.state.key_hash)
        except UnknownKey as refusal:
            raise self._unauthorized("usage", refusal) from None
        except LedgerUnavailable as failure:
            self._observer.ledger_failure("usage", failure.detail, free=False)
            raise
        request.state.allowance = told.allowance
        return told

    async def _admit(self, request: Request, repeatable: Repeatable | None) -> Admission | Replay | UnmeteredAdmission:
        """Raises Unauthorized, and what Ledger.admit raises."""
        state = request.state
        # Clients may choose API Gateway's request id, and the ledger takes a call with a known one for the same call.
        call_id = f"{state.request_id}.{secrets.token_hex(8)}"
        try:
            admission = await asyncio.to_thread(self._ledger.admit, state.key_hash, call_id, repeatable)
        except UnknownKey as refusal:
            raise self._unauthorized("admit", refusal) from None
        except NotAdmitted as refusal:
            state.allowance = refusal.allowance
            raise
        except LedgerUnavailable as failure:
            self._observer.ledger_failure("admit", failure.detail, free=self._fail_open)
            if not self._fail_open:
                raise
            return UnmeteredAdmission(_FREE)
        if not isinstance(admission, UnmeteredAdmission):
            state.allowance = admission.allowance
        return admission

    def _unauthorized(self, operation: str, refusal: UnknownKey) -> Unauthorized:
        if refusal.detail:
            self._observer.ledger_failure(operation, refusal.detail, free=False)
        return Unauthorized()

    async def _settle(self, admission: Admission | UnmeteredAdmission, judged: Judged) -> Response:
        response = JSONResponse(judged.content(judged.charge))
        if isinstance(admission, UnmeteredAdmission):
            return response
        answer = Answer(response.status_code, bytes(response.body))
        try:
            await asyncio.to_thread(self._ledger.settle, admission, _OK, judged.charge, answer)
        except LedgerUnavailable as failure:
            free = self._fail_open and not failure.perhaps_written
            self._observer.ledger_failure("settle", failure.detail, free=free)
            if free:
                return JSONResponse(judged.content(covered_by_plan(judged.charge.images, admission.terms)))
            # An answer that may have been paid for is never withheld.
            if not failure.perhaps_written:
                raise
        return response

    async def _settle_failure(self, admission: Admission | UnmeteredAdmission, error: Exception) -> None:
        if isinstance(admission, UnmeteredAdmission):
            return
        nothing = covered_by_plan(0, admission.terms)
        try:
            await asyncio.to_thread(self._ledger.settle, admission, problem_of(error).code, nothing)
        except LedgerUnavailable as failure:
            self._observer.ledger_failure("settle", failure.detail, free=False)
        except IdempotencyInProgress:
            return


async def _examined(request: Request) -> tuple[Repeatable | None, PublicError | None]:
    """What an Idempotency-Key makes of the call, and what is wrong with it: it is refused once it is counted."""
    try:
        _refuse_own_fetches(request)
        return await _repeatable(request), None
    except PublicError as unfit:
        return None, unfit


def _refuse(unfit: PublicError | None) -> None:
    if unfit:
        raise unfit


def _refuse_own_fetches(request: Request) -> None:
    """A URL that leads back to this service would make it call itself without end. Raises InvalidRequest."""
    if carries_own_marker(request.headers.items()):
        raise InvalidRequest("This request came from an image moderation service itself. Name the image's own URL.")


async def _repeatable(request: Request) -> Repeatable | None:
    """Raises InvalidRequest, ImageTooLarge."""
    keys = set(request.headers.getlist("idempotency-key"))
    if request.method != "POST" or not keys:
        return None
    if len(keys) > 1 or not all(_KEY.fullmatch(key) for key in keys):
        raise InvalidRequest("Idempotency-Key takes one text of 1 to 255 visible ASCII characters.")
    digest = sha256()
    for part in (request.scope["path"].encode(), request.scope["query_string"], await body.read(request)):
        digest.update(sha256(part).digest())
    return Repeatable(keys.pop(), digest.hexdigest())
