"""`GET /v1/usage`: what a key's account has used of its month, and what it is charged."""

from decimal import Decimal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from moderate.calls.ledgers import NoLedger
from moderate.dialects.oanor import now
from moderate.dialects.oanor_schema import Meta
from moderate.dialects.service import Service
from moderate.dialects.usage_schema import USAGE, UsageAccount, UsageAnswer, UsageCalls, UsageData, XnoRate
from modest.ledger.ledger import KeyUsage
from modest.money import Currency

PATH = "/v1/usage"


def router(service: Service) -> APIRouter:
    """Without a ledger there is no such route."""
    routes = APIRouter(tags=["oanor"])
    if isinstance(service.ledger, NoLedger):
        return routes

    @routes.get(PATH, **USAGE)
    async def usage(request: Request) -> JSONResponse:
        return JSONResponse(answer(await service.metering.usage(request), request.state.request_id))

    return routes


def answer(told: KeyUsage, request_id: str) -> UsageAnswer:
    usage, allowance = told.usage, told.allowance
    calls = UsageCalls(
        used=allowance.used,
        limit=allowance.limit,
        remaining=allowance.remaining,
        resets=allowance.resets.isoformat().replace("+00:00", "Z"),
        by_day={f"{usage.month}-{day:02}": count for day, count in usage.calls_by_day.items()},
    )
    data = UsageData(
        account=UsageAccount(id=usage.account.id, name=usage.account.name),
        plan=told.plan.name,
        month=usage.month,
        calls=calls,
        images_judged=usage.images,
        charges={currency.value: _exact(amount) for currency, amount in usage.charges.items()},
        discount_percent=_exact(usage.account.discount_percent),
        xno_rate=_rate(told),
    )
    return UsageAnswer(
        data=data,
        meta=Meta(timestamp=now(), request_id=request_id),
        status="ok",
        message=f"Usage of {usage.month}",
        success=True,
    )


def _rate(told: KeyUsage) -> XnoRate | None:
    """For whom it matters: accounts that are, or were this month, charged in XNO."""
    rate = told.usage.rate
    in_xno = told.usage.account.currency is Currency.XNO or Currency.XNO in told.usage.charges
    return XnoRate(usd=_exact(rate.usd), date=rate.day.isoformat()) if rate and in_xno else None


def _exact(number: Decimal) -> str:
    """Without trailing zeros and without an exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
