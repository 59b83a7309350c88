"""Defines the types of the usage answer, which has oanor's envelope."""

from typing_extensions import TypedDict

from moderate.dialects.dialect import Documentation
from moderate.dialects.examples import REQUEST_ID, TIMESTAMP
from moderate.dialects.oanor_schema import Meta, PolicyMeta
from moderate.dialects.schema_refs import answered


class UsageAccount(TypedDict):
    id: str
    name: str


class UsageCalls(TypedDict):
    used: int
    limit: int | None
    remaining: int | None
    resets: str
    by_day: dict[str, int]


class UsageOfKey(TypedDict):
    name: str
    calls: int
    calls_limit: int | None
    images_judged: int
    charges: dict[str, str]
    usd_reserved: str
    usd_limit: str | None
    expires: str | None
    deleted: bool


class XnoRate(TypedDict):
    usd: str
    date: str


class UsageData(TypedDict):
    account: UsageAccount
    plan: str | None
    month: str
    calls: UsageCalls
    images_judged: int
    charges: dict[str, str]
    keys: list[UsageOfKey]
    discount_percent: str
    xno_rate: XnoRate | None
    policy: PolicyMeta


class UsageAnswer(TypedDict):
    data: UsageData
    meta: Meta
    status: str
    message: str
    success: bool


_EXAMPLE = UsageAnswer(
    data=UsageData(
        account=UsageAccount(id="acct_6f1d2c3b4a5968778695", name="Example Inc."),
        plan="Basic",
        month="2026-05",
        calls=UsageCalls(
            used=1250,
            limit=45000,
            remaining=43750,
            resets="2026-06-01T00:00:00Z",
            by_day={"2026-05-31": 1250},
        ),
        images_judged=2400,
        charges={"XNO": "4.137931034"},
        # One key with all its limits, because FastAPI leaves nulls out of examples.
        keys=[
            UsageOfKey(
                name="website",
                calls=1250,
                calls_limit=10000,
                images_judged=2400,
                charges={"XNO": "4.137931034"},
                usd_reserved="3.6",
                usd_limit="50",
                expires="2027-01-01T00:00:00Z",
                deleted=False,
            ),
        ],
        discount_percent="0",
        xno_rate=XnoRate(usd="0.87", date="2026-05-01"),
        policy=PolicyMeta(name="balanced", questionable_from=0.3, nsfw_from=0.6, class_limits={}),
    ),
    meta=Meta(timestamp=TIMESTAMP, request_id=REQUEST_ID),
    status="ok",
    message="Usage of 2026-05",
    success=True,
)
DOCUMENTATION: Documentation = {
    "operation_id": "usage",
    "summary": "Show a month's usage and charges",
    "description": (
        "Works even if the month's quota is used up, and does not count as a call. `charges` holds exact decimals "
        "as text, one for each currency in which something was charged: USD, or XNO (Nano). Months and days are in "
        "UTC. `plan`, `limit` and `remaining` are null where there was no plan, or none that is still sold. `policy`, "
        "`xno_rate` and `discount_percent` are the present ones. `keys` has what was used with each key, and with "
        "those `deleted` whose calls ended in the month."
    ),
    "responses": answered("The month's usage.", UsageAnswer, _EXAMPLE),
    "openapi_extra": {
        "parameters": [
            {
                "name": "month",
                "in": "query",
                "required": False,
                "schema": {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"},
                "example": "2026-10",
                "description": "The UTC month, up to the present one, which is the default.",
            }
        ]
    },
}
