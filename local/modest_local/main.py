"""Runs the whole service on this machine, behind an emulation of API Gateway."""

import argparse
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import uvicorn
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp

from authorizer.main import handler as authorize
from moderate.inference.model_file import ModelUnusable
from moderate.settings import InvalidSetting
from modest.accounts.registry import Registry
from modest.store.dynamodb import DynamoDBTable
from modest_cli.deployment import Deployment, deployment_from_outputs
from modest_cli.gateway_keys import GatewayKeys
from modest_cli.keyring import Keyring
from modest_local import meters, rows
from modest_local.api import Api
from modest_local.aws import LocalAws
from modest_local.banner import format_banner
from modest_local.console import log_for_people
from modest_local.credentials import environment_of, load_secret
from modest_local.database import open_database
from modest_local.demo import best_key, create_demo_accounts, load_demo_keys
from modest_local.endpoint import serve
from modest_local.environment import write_environments
from modest_local.gateway import Gateway
from modest_local.keys import KeyCache
from modest_local.meters import MonthlyQuotas, TokenBuckets
from modest_local.provision import provision
from modest_local.template import STACK_NAME, load, translate
from modest_local.workers import WorkerPool

HOST = "127.0.0.1"
_TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
_THREADS = 32
_BACKLOG = 512
_LAST_PORT = 65_534


def main() -> None:
    options = parse_options(sys.argv[1:])
    base = f"http://{HOST}:{options.port}"
    with (
        closing(open_database(options.state / "ledger.db", rows.SCHEMA)) as ledger,
        closing(open_database(options.state / "months.db", meters.SCHEMA)) as counters,
    ):
        _print_step("reading template.yaml")
        aws = LocalAws(ledger)
        lists = os.environ.get("LISTS") or str((options.state / "lists").absolute())
        provisioned = provision(aws, translate(load(options.template)), url=base, lists=lists)
        deployment = deployment_from_outputs(provisioned.outputs, STACK_NAME)

        _print_step("creating accounts, keys and plans")
        keys = load_demo_keys(options.state / "keys.json", deployment.plans)
        secret = load_secret(options.state / "aws-secret")
        _create_accounts(aws, deployment, keys)

        _print_step("loading the model")
        function = _load_function(aws, provisioned.environment, json_log=options.json_log)
        quotas = MonthlyQuotas(lambda: datetime.now(UTC), counters)
        gateway = _make_gateway(aws, provisioned.api, function, quotas)

        aws_socket = _listen(options.aws_port or options.port + 1)
        with _listen(options.port) as sock, serve(aws.services, secret, aws_socket) as aws_url:
            variables = {"AWS_ENDPOINT_URL": aws_url, **environment_of(secret)}
            write_environments(options.state, url=base, key=best_key(keys), aws=variables)
            stage, plans = provisioned.api.stage, deployment.plans
            text = format_banner(base=base, stage=stage, state=options.state, plans=plans, keys=keys)
            print(text, flush=True)  # noqa: T201
            _run(gateway, sock)
        function.close()


def _create_accounts(aws: LocalAws, deployment: Deployment, keys: Mapping[str, str]) -> None:
    """Creates the demo accounts, and in API Gateway the keys of all accounts in the ledger."""
    registry = Registry(DynamoDBTable(aws.dynamodb(), deployment.table), deployment.plans)
    create_demo_accounts(registry, deployment.plans, keys)
    keyring = Keyring(registry, GatewayKeys(aws.apigateway(), deployment.plan_ids))
    for account in registry.accounts():
        keyring.sync(account)


def _load_function(aws: LocalAws, environment: Mapping[str, str], *, json_log: bool) -> WorkerPool:
    aws.redirect_clients(os.environ)
    # The tables answer one request at a time, so the ledger may be slow.
    os.environ.setdefault("LEDGER_SECONDS", "30")
    for name, value in environment.items():
        os.environ.setdefault(name, value)
    if not json_log:
        os.environ["POWERTOOLS_METRICS_DISABLED"] = "true"
    # As in Lambda, the module reads the environment when it is imported.
    try:
        handler = import_module("moderate.main").handler
    except (InvalidSetting, ModelUnusable) as error:
        raise SystemExit(f"The service cannot start: {error}.") from None
    if not json_log:
        log_for_people()
    return WorkerPool(handler, threads=_THREADS)


def _make_gateway(aws: LocalAws, api: Api, function: WorkerPool, quotas: MonthlyQuotas) -> ASGIApp:
    keys = KeyCache(aws.apigateway(), api_id=api.id, stage=api.stage, changes=lambda: aws.changes)
    keys.refresh()
    gateway = Gateway(api, keys, authorize, function, buckets=TokenBuckets(time.monotonic), quotas=quotas)
    # Refuses a page whose own host name leads to this machine (DNS rebinding).
    return TrustedHostMiddleware(gateway, [HOST, "localhost"], www_redirect=False)


def _run(gateway: ASGIApp, sock: socket.socket) -> None:
    """Returns once the process is asked to stop and all calls have been answered."""
    config = uvicorn.Config(gateway, lifespan="off", access_log=False, log_level="warning", server_header=False)
    # Threads switch every half millisecond instead of every five, so that the gateway is not delayed by the functions.
    sys.setswitchinterval(0.0005)
    # After its shutdown uvicorn raises the signal again. The code after this must still run.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[sock])


def parse_options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m modest_local", description=__doc__)
    parser.add_argument("--port", type=_port, default=3000, help="port of the API (default: 3000)")
    parser.add_argument("--aws-port", type=_port, help="port for AWS_ENDPOINT_URL (default: the port after --port)")
    parser.add_argument("--template", type=Path, default=_TEMPLATE, help="the template to run (default: template.yaml)")
    parser.add_argument(
        "--state", type=Path, default=Path(".local"), help="folder for keys and counts (default: .local)"
    )
    parser.add_argument(
        "--json-log",
        action="store_true",
        default=not sys.stdout.isatty(),
        help="log as in Lambda, with metrics, which is the default unless the output is a terminal",
    )
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    """Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= _LAST_PORT:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a port. Choose one from 1 to {_LAST_PORT}: it and the next are used."
        )
    return int(text)


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
