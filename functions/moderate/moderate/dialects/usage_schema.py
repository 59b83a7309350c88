"""The shape of the usage answer, in oanor's envelope."""

from typing import Any

from typing_extensions import TypedDict

from moderate.dialects.examples import REQUEST_ID
from moderate.dialects.oanor_schema import Meta, OanorError
from moderate.dialects.schema_refs import referring_to


class UsageAccount(TypedDict):
    id: str
    name: str


class UsageCalls(TypedDict):
    used: int
    limit: int
    remaining: int
    resets: str
    by_day: dict[str, int]


class XnoRate(TypedDict):
    usd: str
    date: str


class UsageData(TypedDict):
    account: UsageAccount
    plan: str
    month: str
    calls: UsageCalls
    images_judged: int
    charges: dict[str, str]
    discount_percent: str
    xno_rate: XnoRate | None


class UsageAnswer(TypedDict):
    data: UsageData
    meta: Meta
    status: str
    message: str
    success: bool


USAGE: dict[str, Any] = {
    "summary": "What is used and charged this month",
    "description": (
        "Answers when the month is used up, too, and counts as no call. Calls are counted when they are admitted, "
        "images when they are judged. Amounts are exact decimals, in each currency in which something was charged. "
        "Months and days are UTC."
    ),
    "operation_id": "usage",
    "responses": {
        200: {
            "description": "The present month's usage.",
            "content": {
                "application/json": {
                    "schema": referring_to(UsageAnswer),
                    "example": {
                        "data": {
                            "account": {"id": "acct_6f1d2c3b4a5968778695", "name": "Example Inc."},
                            "plan": "Basic",
                            "month": "2026-05",
                            "calls": {
                                "used": 1250,
                                "limit": 45000,
                                "remaining": 43750,
                                "resets": "2026-06-01T00:00:00Z",
                                "by_day": {"2026-05-30": 1000, "2026-05-31": 250},
                            },
                            "images_judged": 2400,
                            "charges": {"XNO": "4.137931034"},
                            "discount_percent": "0",
                            "xno_rate": {"usd": "0.87", "date": "2026-05-01"},
                        },
                        "meta": {"timestamp": "2026-05-31T03:47:44.172Z", "request_id": REQUEST_ID},
                        "status": "ok",
                        "message": "Usage of 2026-05",
                        "success": True,
                    },
                }
            },
        },
        "default": {"content": {"application/json": {"schema": referring_to(OanorError)}}},
    },
}
