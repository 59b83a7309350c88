"""What is written down of the routes that anybody can call, from which their worst month is calculated, is true."""

import tomllib

from tests.helpers.local_gateway import the_api
from tests.helpers.support import serve

from moderate.web.pages import ASSETS
from modest_cli.capacity.measured import PRICES

SECONDS_A_MONTH = 31 * 24 * 60 * 60
KEYLESS = tomllib.loads(PRICES.read_text())["keyless"]


def test_their_rates_are_the_templates() -> None:
    keyless = [route for route in the_api().routes if not route.authorized and route.mock is None]
    rates = {route.path: route.throttle.rate for route in keyless if route.method == "GET"}
    assert rates == {path: each["calls_a_second"] for path, each in KEYLESS.items()}


def test_a_head_of_theirs_is_never_allowed_more_often_than_the_get() -> None:
    rates = {(route.method, route.path): route.throttle.rate for route in the_api().routes}
    assert all(rates["HEAD", path] <= rates["GET", path] for path in KEYLESS)


def test_what_api_gateway_answers_by_itself_costs_little_if_somebody_asks_for_it_without_pause() -> None:
    answered = [route for route in the_api().routes if route.mock is not None]
    a_million = tomllib.loads(PRICES.read_text())["aws"]["api_gateway_million_rest_calls"]["usd"]
    calls = sum(route.throttle.rate for route in answered) * SECONDS_A_MONTH
    assert calls / 1e6 * a_million < 40


def test_no_answer_of_theirs_is_larger_than_stated() -> None:
    client = serve().client
    for path, each in KEYLESS.items():
        for asked in [path.format(asset=name) for name in ASSETS]:
            answer = client.get(asked)
            headers = sum(len(name) + len(value) + 4 for name, value in answer.headers.items())
            sent = int(answer.headers["content-length"]) * (4 / 3 if "content-encoding" in answer.headers else 1)
            assert answer.status_code == 200
            assert headers + sent < each["bytes"], asked
