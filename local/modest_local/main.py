"""`python -m modest_local`: the whole service on this machine, with an emulation of API Gateway in front of it."""

import argparse
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import uvicorn

from authorizer.main import handler as authorize
from modest.accounts.registry import Registry
from modest.store.dynamodb import DynamoDBTable
from modest_cli.deployment import deployment_from_outputs
from modest_cli.gateway_keys import GatewayKeys
from modest_cli.keyring import Keyring
from modest_local.aws import HOST, LocalAws
from modest_local.banner import banner
from modest_local.demo import demo_keys, enrol
from modest_local.gateway import Gateway
from modest_local.keys import Keys
from modest_local.meters import Buckets, Months
from modest_local.provision import provision
from modest_local.state import StateFile
from modest_local.template import STACK_NAME, load, translate
from modest_local.workers import Workers

_TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
_THREADS = 32
_BACKLOG = 512


def main() -> None:
    options = _options()
    base = f"http://{HOST}:{options.port}"

    _say("reading template.yaml as AWS would")
    aws = LocalAws()
    provisioned = provision(aws, translate(load(options.template)), url=base)
    deployment = deployment_from_outputs(provisioned.outputs, STACK_NAME)

    _say("making accounts, keys and plans")
    apigateway, dynamodb = aws.apigateway(), aws.dynamodb()
    registry = Registry(DynamoDBTable(dynamodb, deployment.table), deployment.plans)
    months = Months(now=lambda: datetime.now(UTC))
    state = StateFile(options.state / "state.json", dynamodb, deployment.table)
    state.restore(months)
    keys = demo_keys(options.state / "keys.json", deployment.plans)
    enrol(registry, deployment.plans, keys)
    keyring = Keyring(registry, GatewayKeys(apigateway, deployment.plan_ids))
    for account in registry.accounts():
        keyring.sync(account)

    _say("loading the model")
    aws.take_over(os.environ)
    # moto answers one call at a time.
    os.environ.setdefault("LEDGER_SECONDS", "30")
    for name, value in provisioned.environment.items():
        os.environ.setdefault(name, value)
    # It reads the environment when it is imported, as in Lambda.
    function = Workers(import_module("moderate.main").handler, threads=_THREADS)

    known = Keys(apigateway, api_id=provisioned.api.id, stage=provisioned.api.stage, changes=lambda: aws.changes)
    known.read()
    gateway = Gateway(
        provisioned.api,
        known,
        authorize,
        function,
        buckets=Buckets(time.monotonic),
        months=months,
    )
    config = uvicorn.Config(gateway, lifespan="off", access_log=False, log_level="warning", server_header=False)
    # The gateway's thread gets its turn between the functions' in half a millisecond, not in five.
    sys.setswitchinterval(0.0005)
    with _listening(options.port) as sock, aws.serve(_listening(options.aws_port or options.port + 1)) as aws_url:
        text = banner(base=base, stage=provisioned.api.stage, aws=aws_url, plans=deployment.plans, keys=keys)
        print(text, flush=True)  # noqa: T201
        # Once it has shut down, uvicorn raises the signal that told it to: what comes after must still run.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[sock])
    function.close()
    state.save(months)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="modest_local", description=__doc__)
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--aws-port", type=int, help="for AWS_ENDPOINT_URL; the port after the first unless given")
    parser.add_argument("--template", type=Path, default=_TEMPLATE)
    parser.add_argument("--state", type=Path, default=Path(".local"), help="the folder of keys.json and state.json")
    return parser.parse_args()


def _listening(port: int) -> socket.socket:
    # The protocol is named so that asyncio sees TCP and sends small packets at once: else a call waits 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
    except OSError as error:
        raise SystemExit(
            f"port {port}: {error.strerror}. PORT= names another, and the one after it is used as well."
        ) from None
    sock.listen(_BACKLOG)
    return sock


def _say(step: str) -> None:
    print(f"==> {step}", flush=True)  # noqa: T201
