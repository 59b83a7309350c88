"""`modest capacity` foretells a simulated month of ten thousand customers."""

import pytest
from tests.capacity.simulation import Month, Sold, World, simulate

from modest_cli.capacity.estimate import Customers, Estimate, estimate
from modest_cli.capacity.measured import Measured, read_measured
from modest_cli.capacity.service import Service, read_template

CUSTOMERS = Customers(
    {"Free": 7_000, "Basic": 2_000, "Pro": 800, "Mega": 200},
    used=0.3,
    speed=0.5,
    from_urls=0.3,
    fetch_ms=800,
    megapixels=1,
)
CONCURRENCY = 1_000
MILLION = 1_000_000
# The ledger counts a call with one write, and settles it with another.
WRITES_A_CALL = 1 + 1
# It reads the account, the key and the month.
READS_A_CALL = 3


@pytest.fixture(scope="module")
def service() -> Service:
    return read_template()


@pytest.fixture(scope="module")
def facts(service: Service) -> Measured:
    return read_measured(service.memory_mb)


@pytest.fixture(scope="module")
def foretold(service: Service, facts: Measured) -> Estimate:
    return estimate(CUSTOMERS, list(service.plans.values()), service.stage_rate, service.memory_mb, facts)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_simulated_month_comes_out_as_foretold(
    service: Service, facts: Measured, foretold: Estimate, seed: int
) -> None:
    month = simulate(make_world(service, facts), seed)
    assert month.without_environment == 0
    found = {
        "concurrency": (foretold.image.peak, month.busiest),
        "429s": (foretold.refused, month.refused),
        "writes": (foretold.calls_answered * foretold.writes_a_call, month.answered * WRITES_A_CALL),
        "dollars": (sum(foretold.usd.values()), bill(month, service.memory_mb, facts)),
    }
    for name, (expected, simulated) in found.items():
        assert expected == pytest.approx(simulated, rel=0.15), name


def make_world(service: Service, facts: Measured) -> World:
    return World(
        plans={
            name: Sold(CUSTOMERS.by_plan[name], plan.quota, plan.rate, plan.burst)
            for name, plan in service.plans.items()
        },
        used=CUSTOMERS.used,
        speed=CUSTOMERS.speed,
        stage_rate=service.stage_rate,
        concurrency_limit=CONCURRENCY,
        from_urls=CUSTOMERS.from_urls,
        judging_seconds=facts.call_ms / 1000,
        fetching_seconds=CUSTOMERS.fetch_ms / 1000,
    )


def bill(month: Month, memory_mb: int, facts: Measured) -> float:
    """Returns the dollars for what was simulated."""
    usd = {name: price["usd"] for name, price in facts.prices["aws"].items()}
    call = facts.prices["a_call"]
    gb_seconds = (
        (month.answered * month.mean_seconds + month.cold_starts * facts.start_ms / 1000) * memory_mb
        + month.attempts * call["authorizer_ms"] / 1000 * call["authorizer_mb"]
    ) / 1024
    return float(
        month.answered * usd["api_gateway_million_rest_calls"] / MILLION
        + gb_seconds * usd["lambda_gb_second"]
        + (month.answered + month.attempts) * usd["lambda_million_requests"] / MILLION
        + month.answered * WRITES_A_CALL * usd["dynamodb_million_writes"] / MILLION
        + month.answered * READS_A_CALL * usd["dynamodb_million_reads"] / MILLION
        + (month.answered * facts.log_bytes + month.attempts * call["other_log_bytes"]) / 1e9 * usd["logs_gb"]
        + month.answered * call["traced"] * usd["xray_million_traces"] / MILLION
        + month.attempts * call["answer_bytes"] / 1e9 * usd["transfer_out_gb"]
    )
