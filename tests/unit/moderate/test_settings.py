import os
from decimal import Decimal
from pathlib import Path

import pytest

from moderate.blocking.hits import OnListHit
from moderate.settings import InvalidSetting, Settings
from moderate.verdict import Cuts, Policy
from modest.plans import Plan


def test_an_empty_environment_has_a_default_for_everything() -> None:
    settings = Settings.from_environ({})
    assert settings == Settings(
        model_path=Path("model.onnx"),
        second_opinion="mobilenet_v2_mid",
        policy=Policy.BALANCED,
        cuts=Cuts(0.3, 0.6),
        allowed_ports=frozenset({80, 443}),
        allowed_origin="",
        contact_url="",
        lists="",
        on_list_hit=OnListHit.VERDICT,
        ledger_table="",
        plans={},
        fail_open=False,
        ledger_seconds=0.3,
        digest_days=30,
        workers=len(os.sched_getaffinity(0)),
        release="dev",
        log_level="INFO",
        service_name="modest",
        metrics_enabled=True,
    )


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    names = [
        *(
            "MODEL_PATH",
            "SECOND_OPINION",
            "POLICY",
            "QUESTIONABLE_FROM",
            "NSFW_FROM",
            "ALLOWED_PORTS",
            "RELEASE",
            "LOG_LEVEL",
        ),
        *("LISTS", "BLOCK_LIST", "BLOCK_DISTANCE", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "POWERTOOLS_METRICS_DISABLED"),
        "POWERTOOLS_SERVICE_NAME",
        *(
            "LEDGER_TABLE",
            "PLANS",
            "ALLOWED_ORIGIN",
            "CONTACT_URL",
            "ON_LIST_HIT",
            "ON_LEDGER_FAILURE",
            "LEDGER_SECONDS",
        ),
        "DIGEST_DAYS",
    ]
    assert Settings.from_environ(dict.fromkeys(names, "")) == Settings.from_environ({})


def test_every_setting_is_read() -> None:
    settings = Settings.from_environ(
        {
            "MODEL_PATH": "/opt/model.onnx",
            "SECOND_OPINION": "none",
            "POLICY": "strict",
            "QUESTIONABLE_FROM": "0.25",
            "NSFW_FROM": "0.5",
            "ALLOWED_PORTS": "8080, 8443",
            "ALLOWED_ORIGIN": "https://shop.example",
            "CONTACT_URL": "https://shop.example/contact?x=1",
            "LISTS": "s3://bucket/lists",
            "LEDGER_TABLE": "modest-Ledger-1",
            "PLANS": '{"Free": {"quota": 3000, "rate": 1, "burst": 1, "price_usd": 0}}',
            "ON_LIST_HIT": "error",
            "ON_LEDGER_FAILURE": "fail_open",
            "LEDGER_SECONDS": "5",
            "DIGEST_DAYS": "0",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3538",
            "RELEASE": "abc",
            "LOG_LEVEL": "warning",
            "POWERTOOLS_SERVICE_NAME": "modest-prod",
            "POWERTOOLS_METRICS_DISABLED": "True",
        }
    )
    assert settings == Settings(
        model_path=Path("/opt/model.onnx"),
        second_opinion="none",
        policy=Policy.STRICT,
        cuts=Cuts(0.25, 0.5),
        allowed_ports=frozenset({80, 443, 8080, 8443}),
        allowed_origin="https://shop.example",
        contact_url="https://shop.example/contact?x=1",
        lists="s3://bucket/lists",
        on_list_hit=OnListHit.ERROR,
        ledger_table="modest-Ledger-1",
        plans={"Free": Plan("Free", quota=3000, rate=1, burst=1, price_usd=Decimal(0))},
        fail_open=True,
        ledger_seconds=5,
        digest_days=0,
        workers=2,
        release="abc",
        log_level="WARNING",
        service_name="modest-prod",
        metrics_enabled=False,
    )


@pytest.mark.parametrize(
    ("memory", "workers"), [("512", 1), ("1769", 1), ("2048", 1), ("3008", 2), ("5307", 3), ("10240", 6)]
)
def test_a_lambda_decodes_as_many_images_at_once_as_it_has_cores(memory: str, workers: int) -> None:
    assert Settings.from_environ({"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": memory}).workers == workers


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PLANS", "{", "plans as JSON"),
        ("PLANS", '{"Free": {}}', "plans as JSON"),
        ("ON_LEDGER_FAILURE", "open", "fail_closed or fail_open"),
        ("ON_LIST_HIT", "400", "verdict or error"),
        ("LEDGER_SECONDS", "0", "seconds"),
        ("LEDGER_SECONDS", "nan", "seconds"),
        ("DIGEST_DAYS", "-1", "from 0 to 3650"),
        ("DIGEST_DAYS", "3651", "from 0 to 3650"),
        ("LEDGER_SECONDS", "30.1", "at most 30"),
        ("LEDGER_SECONDS", "soon", "seconds"),
        ("CONTACT_URL", "mailto:a@example.com", "a URL"),
        ("CONTACT_URL", "https://example.com/\r\nHost: x", "a URL"),
        ("CONTACT_URL", "https://example.com/(x)", "a URL"),
        ("SECOND_OPINION", "../model", "the name of a model, or none"),
        ("POLICY", "Strict", "lenient, balanced, strict"),
        ("NSFW_FROM", "high", "number from 0 to 1"),
        ("NSFW_FROM", "nan", "0 <= QUESTIONABLE_FROM <= NSFW_FROM <= 1, not 0.3 and nan"),
        ("NSFW_FROM", "1.1", "0 <= QUESTIONABLE_FROM <= NSFW_FROM <= 1, not 0.3 and 1.1"),
        ("NSFW_FROM", "0.2", "0 <= QUESTIONABLE_FROM <= NSFW_FROM <= 1, not 0.3 and 0.2"),
        ("QUESTIONABLE_FROM", "0.7", "0 <= QUESTIONABLE_FROM <= NSFW_FROM <= 1, not 0.7 and 0.6"),
        ("QUESTIONABLE_FROM", "-1", "0 <= QUESTIONABLE_FROM <= NSFW_FROM <= 1, not -1.0 and 0.6"),
        ("ALLOWED_ORIGIN", "https://shop.example/", "origin, such as https://example.com"),
        ("ALLOWED_ORIGIN", "shop.example", "origin, such as https://example.com"),
        ("ALLOWED_ORIGIN", "*", "origin, such as https://example.com"),
        ("ALLOWED_PORTS", "http", "ports, such as 80,443,8443"),
        ("ALLOWED_PORTS", "0", "ports, such as 80,443,8443"),
        ("ALLOWED_PORTS", "443,65536", "ports, such as 80,443,8443"),
        ("LISTS", "s3://bucket", "a path or s3://bucket/key"),
        ("LISTS", "https://bucket.s3.amazonaws.com/lists", "a path or s3://bucket/key"),
        ("BLOCK_LIST", "s3://bucket/blocked.txt", "`modest lists import FILE` takes your file over, and LISTS"),
        ("BLOCK_DISTANCE", "8", "compared by PDQ"),
        ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "2 GB", "number of megabytes"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named_with_what_it_takes(name: str, value: str, says: str) -> None:
    with pytest.raises(InvalidSetting) as raised:
        Settings.from_environ({name: value})
    assert name in str(raised.value)
    assert says in str(raised.value)
