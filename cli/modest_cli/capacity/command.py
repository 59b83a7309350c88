"""`modest capacity`: says what a number of customers needs and costs, and which limit breaks first."""

from modest_cli.capacity.options import (
    BurstOption,
    CustomersOption,
    FetchOption,
    FromUrlsOption,
    MegapixelsOption,
    PlanCustomers,
    StackOption,
    StageRateOption,
    UsedOption,
)
from modest_cli.errors import exit_on_error
from modest_cli.output import AsJson

_EXAMPLE = [
    PlanCustomers("Free", 7_000),
    PlanCustomers("Basic", 2_000),
    PlanCustomers("Pro", 800),
    PlanCustomers("Mega", 200),
]


def capacity(
    *,
    customers: CustomersOption = None,
    used: UsedOption = 0.3,
    burst: BurstOption = 0.5,
    from_urls: FromUrlsOption = 0.3,
    fetch_ms: FetchOption = 800,
    megapixels: MegapixelsOption = 1,
    stage_rate: StageRateOption = None,
    as_json: AsJson = False,
    stack: StackOption = "",
) -> None:
    """Calculate what a number of customers needs of AWS and costs a month, and which limit breaks first.

    docs/scaling.md has the formulas and what they assume. Your account's quotas are read if your credentials allow it.
    """
    with exit_on_error():
        # These modules load slowly, so only this command imports them.
        from modest_cli.capacity.run import Asked, run  # noqa: PLC0415

        asked = Asked(
            customers=customers or _EXAMPLE,
            used=used,
            speed=burst,
            from_urls=from_urls,
            fetch_ms=fetch_ms,
            megapixels=megapixels,
            stage_rate=stage_rate,
            stack=stack,
        )
        run(asked, as_json=as_json)
