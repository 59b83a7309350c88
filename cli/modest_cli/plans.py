"""`modest plans`: lists the usage plans."""

from modest.prices import IMAGE_PRICE_USD
from modest_cli import aws
from modest_cli.errors import exit_on_error
from modest_cli.output import AsJson, print_json, print_line, print_table


def plans(*, as_json: AsJson = False, stack: aws.StackOption = aws.DEFAULT_STACK) -> None:
    """List the usage plans: monthly quota, rate, burst and price, and the price of an image."""
    with exit_on_error():
        found = aws.load_deployment(stack)
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
        ("plan", "calls/month", "calls/second", "burst", "USD/month", "usage plan id"),
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
    print_line(
        f"Each image judged on NanoGPT's, OpenAI's and Misskey's routes costs ${IMAGE_PRICE_USD} more, on every plan. "
        "On oanor's routes the plan covers the images."
    )
