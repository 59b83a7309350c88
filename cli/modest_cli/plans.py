"""`modest plans`: what is sold."""

from modest_cli import aws
from modest_cli.errors import told
from modest_cli.output import AsJson, print_json, print_table


def plans(*, as_json: AsJson = False, stack: aws.Stack = aws.DEFAULT_STACK) -> None:
    """What is sold: calls a month, calls a second, price."""
    with told():
        found = aws.deployment(stack)
    if as_json:
        print_json(
            [
                {
                    "name": plan.name,
                    "quota": plan.quota,
                    "rate": plan.rate,
                    "burst": plan.burst,
                    "price_usd": str(plan.price_usd),
                    "usage_plan": found.plan_ids[plan.name],
                }
                for plan in found.plans.values()
            ]
        )
        return
    print_table(
        ("plan", "calls a month", "a second", "at once", "USD a month", "usage plan"),
        [
            (
                plan.name,
                f"{plan.quota:,}",
                f"{plan.rate:g}",
                str(plan.burst),
                str(plan.price_usd),
                found.plan_ids[plan.name],
            )
            for plan in found.plans.values()
        ],
    )
