"""Runs the whole service on this machine, behind an emulation of API Gateway."""

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
from modest_local.banner import format_banner
from modest_local.demo import create_demo_accounts, load_demo_keys
from modest_local.gateway import Gateway
from modest_local.keys import KeyCache
from modest_local.meters import MonthlyQuotas, TokenBuckets
from modest_local.provision import provision
from modest_local.state import StateFile
from modest_local.template import STACK_NAME, load, translate
from modest_local.workers import WorkerPool

_TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
_THREADS = 32
_BACKLOG = 512


def main() -> None:
    options = _parse_options()
    base = f"http://{HOST}:{options.port}"

    _print_step("reading template.yaml")
    aws = LocalAws()
    provisioned = provision(aws, translate(load(options.template)), url=base)
    deployment = deployment_from_outputs(provisioned.outputs, STACK_NAME)

    _print_step("creating accounts, keys and plans")
    apigateway, dynamodb = aws.apigateway(), aws.dynamodb()
    registry = Registry(DynamoDBTable(dynamodb, deployment.table), deployment.plans)
    quotas = MonthlyQuotas(now=lambda: datetime.now(UTC))
    state = StateFile(options.state / "state.json", dynamodb, deployment.table)
    state.restore(quotas)
    keys = load_demo_keys(options.state / "keys.json", deployment.plans)
    create_demo_accounts(registry, deployment.plans, keys)
    keyring = Keyring(registry, GatewayKeys(apigateway, deployment.plan_ids))
    for account in registry.accounts():
        keyring.sync(account)

    _print_step("loading the model")
    aws.redirect_clients(os.environ)
    # moto answers one call at a time, so the ledger may be slow.
    os.environ.setdefault("LEDGER_SECONDS", "30")
    for name, value in provisioned.environment.items():
        os.environ.setdefault(name, value)
    # As in Lambda, the module reads the environment when it is imported.
    function = WorkerPool(import_module("moderate.main").handler, threads=_THREADS)

    api_keys = KeyCache(apigateway, api_id=provisioned.api.id, stage=provisioned.api.stage, changes=lambda: aws.changes)
    api_keys.refresh()
    gateway = Gateway(
        provisioned.api,
        api_keys,
        authorize,
        function,
        buckets=TokenBuckets(time.monotonic),
        quotas=quotas,
    )
    config = uvicorn.Config(gateway, lifespan="off", access_log=False, log_level="warning", server_header=False)
    # Threads switch every half millisecond instead of every five, so that the gateway is not delayed by the functions.
    sys.setswitchinterval(0.0005)
    with _listen(options.port) as sock, aws.serve(_listen(options.aws_port or options.port + 1)) as aws_url:
        text = format_banner(base=base, stage=provisioned.api.stage, aws=aws_url, plans=deployment.plans, keys=keys)
        print(text, flush=True)  # noqa: T201
        # After its shutdown uvicorn raises the signal again. The code below must still run.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[sock])
    function.close()
    state.save(quotas)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m modest_local", description=__doc__)
    parser.add_argument("--port", type=int, default=3000, help="port of the API (default: 3000)")
    parser.add_argument("--aws-port", type=int, help="port for AWS_ENDPOINT_URL (default: the port after --port)")
    parser.add_argument("--template", type=Path, default=_TEMPLATE, help="the template to run (default: template.yaml)")
    parser.add_argument(
        "--state", type=Path, default=Path(".local"), help="folder for keys.json and state.json (default: .local)"
    )
    return parser.parse_args()


def _listen(port: int) -> socket.socket:
    # asyncio disables Nagle's algorithm only if the protocol is set explicitly. Otherwise calls wait 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
    except OSError as error:
        raise SystemExit(
            f"Port {port} cannot be used: {error.strerror}. Choose another with PORT=. The port after it is used too."
        ) from None
    sock.listen(_BACKLOG)
    return sock


def _print_step(step: str) -> None:
    print(f"==> {step}", flush=True)  # noqa: T201
