"""Implements `GET /v1/usage`, which reports what a key's account has used and owes in a month."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from fastapi import Request

from moderate.calls.account_policy import Rules
from moderate.calls.answers import JsonAnswer
from moderate.calls.authentication import Unauthorized
from moderate.calls.metering import Metering
from moderate.calls.parameters import InvalidRequest
from moderate.dialects.dialect import Route
from moderate.dialects.oanor_answers import shown_rules
from moderate.dialects.oanor_schema import new_meta
from moderate.dialects.parameter_names import USAGE, mistake_in
from moderate.dialects.service import Service
from moderate.dialects.usage_schema import (
    DOCUMENTATION,
    UsageAccount,
    UsageAnswer,
    UsageCalls,
    UsageData,
    UsageOfKey,
    XnoRate,
)
from modest.accounts.key_limits import NO_LIMITS
from modest.ledger.ledger import KeyUsage
from modest.ledger.usage import UsageByKey
from modest.money import Currency, shortest
from modest.months import month_end
from modest.refusals import LedgerUnavailable


def routes(service: Service) -> Iterator[Route]:
    """Yields the route, which only says that nothing is counted if there is no ledger to read."""
    metering = service.metering
    if not isinstance(metering, Metering):
        yield Route("GET", USAGE, _nothing_counted, None)
        return

    async def usage(request: Request) -> JsonAnswer:
        mistake = _mistake_in(request)
        # A key that is not valid is refused first, as on every route.
        found = await metering.usage(request, None if mistake else request.query_params.get("month"))
        if mistake:
            raise mistake
        return JsonAnswer(answer(found, service.account_rules(found.usage.account), request.state.request_id))

    errors = frozenset({Unauthorized, InvalidRequest, LedgerUnavailable})
    yield Route("GET", USAGE, usage, DOCUMENTATION, errors=errors)


def _mistake_in(request: Request) -> InvalidRequest | None:
    query = request.query_params
    if len(query.getlist("month")) > 1:
        return InvalidRequest("month was given twice. Give it once.", param="month")
    return mistake_in(USAGE, query.multi_items())


async def _nothing_counted(request: Request) -> JsonAnswer:
    content = {
        "data": {"counted": False},
        "meta": new_meta(request.state.request_id),
        "status": "ok",
        "message": "Nothing is counted or charged here, because this service runs without a ledger.",
        "success": True,
    }
    return JsonAnswer(content)


def answer(found: KeyUsage, rules: Rules, request_id: str) -> UsageAnswer:
    usage = found.usage
    calls = UsageCalls(
        used=usage.used,
        limit=found.quota,
        remaining=None if found.quota is None else max(0, found.quota - usage.used),
        resets=_moment(month_end(usage.month)),
        by_day={f"{usage.month}-{day:02}": count for day, count in usage.calls_by_day.items()},
    )
    data = UsageData(
        account=UsageAccount(id=usage.account.id, name=usage.account.name),
        plan=found.plan,
        month=usage.month,
        calls=calls,
        images_judged=usage.images,
        charges=_charges(usage.charges),
        keys=[_of_key(used) for used in usage.by_key],
        discount_percent=shortest(usage.account.discount_percent),
        xno_rate=_rate(found),
        policy=shown_rules(rules),
    )
    return UsageAnswer(
        data=data,
        meta=new_meta(request_id),
        status="ok",
        message=f"Usage of {usage.month}",
        success=True,
    )


def _of_key(used: UsageByKey) -> UsageOfKey:
    limits, expires = (used.key.limits, used.key.expires) if used.key else (NO_LIMITS, None)
    return UsageOfKey(
        name=used.name,
        calls=used.calls,
        calls_limit=limits.calls,
        images_judged=used.images,
        charges=_charges(used.charges),
        usd_reserved=shortest(used.reserved_usd),
        usd_limit=None if limits.usd is None else shortest(limits.usd),
        expires=_moment(expires) if expires else None,
        deleted=used.key is None,
    )


def _charges(charges: Mapping[Currency, Decimal]) -> dict[str, str]:
    return {currency.value: shortest(amount) for currency, amount in charges.items()}


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _rate(found: KeyUsage) -> XnoRate | None:
    """Returns None for accounts that are not, and in this month were not, charged in XNO (Nano)."""
    rate = found.usage.rate
    in_xno = found.usage.account.currency is Currency.XNO or Currency.XNO in found.usage.charges
    return XnoRate(usd=shortest(rate.usd), date=rate.day.isoformat()) if rate and in_xno else None
