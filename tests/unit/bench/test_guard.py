"""What would make it slower again, caught by counting: modules, executed instructions, ratios within one run."""

import asyncio
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from mangum import Mangum
from PIL import Image
from tests.helpers.reference import Stopwatch
from tests.helpers.support import data_url, gateway_event, png, serve

from moderate.images.decode import decode
from moderate.observability import Observer

# All that a cold start may load: a package that is not here costs every caller of a new instance its import.
PACKAGES = {
    *("annotated_doc", "annotated_types", "anyio", "authorizer", "aws_lambda_powertools", "fastapi", "idna"),
    *("jmespath", "mangum", "moderate", "modest", "numpy", "onnxruntime", "opentelemetry", "pybase64", "pydantic"),
    *("pydantic_core", "python_multipart", "starlette", "typing_extensions", "typing_inspection"),
    "botocore",  # its first module, which Powertools looks for
    "sniffio",  # anyio takes it where a developer's tool has brought it
}
# What is loaded beside that to connect to a ledger, or to read lists from S3.
CLIENT = "modest.store.dynamodb"
PACKAGES_OF_CLIENT = {
    *("dateutil", "six", "urllib3"),
    "certifi",  # botocore takes it where it lies about
}
# Apart from our own. A newer Python has some more of its own.
MOST_MODULES, MOST_MODULES_OF_CLIENT = 600, 150
OURS = ("moderate", "modest", "authorizer")
# Each has cost a start at least 3 ms somewhere, and nothing here needs it before the first call that does.
NEVER = {
    "boto3",
    "ctypes.util",
    "distutils",
    "httpcore2",
    "moderate.images.decode",
    "multiprocessing",
    "pdb",
    "PIL",
    "pydantic.v1",
    "pydoc",
    "s3transfer",
    "sqlite3",
    "tkinter",
    "unittest",
    "wsgiref",
    "xmlrpc",
}
# Of everything: a picture waits for as many processes as there are cores.
MOST_MODULES_OF_DECODING = 230

HEAVIEST_CALL = 3.6
"""Of a call of ours against an empty route of the same framework: 3.0 when this was written."""
HEAVIEST_LOG = 0.8
"""Of one log line with its metrics against the same: 0.64."""
MOST_BESIDE_PIXELS = 1.5
"""A 12 MP JPEG to a view, against Pillow's decoding of it alone: 1.2 when this was written."""


def test_a_cold_start_loads_these_packages_and_no_others(model_path: Path) -> None:
    modules = modules_of_a_start(model_path)
    assert packages(modules) <= PACKAGES
    assert not modules & NEVER
    assert len(foreign(modules)) <= MOST_MODULES


def test_the_client_of_a_ledger_loads_these_packages_and_no_others(model_path: Path) -> None:
    without, modules = modules_of_a_start(model_path), modules_of_a_start(model_path, f"moderate.main, {CLIENT}")
    assert packages(modules) <= PACKAGES | PACKAGES_OF_CLIENT
    assert not modules & NEVER
    assert len(foreign(modules - without)) <= MOST_MODULES_OF_CLIENT


def test_a_process_that_decodes_loads_pillow_and_little_else(model_path: Path) -> None:
    modules = modules_of_a_start(model_path, "moderate.images.sandbox.worker")
    assert packages(modules) <= {"PIL", "moderate", "modest"}
    assert not modules & {"importlib.metadata", "numpy", "pathlib"}
    assert len(modules) <= MOST_MODULES_OF_DECODING


def test_fastapis_own_models_are_not_built_before_they_are_used(model_path: Path) -> None:
    code = "import moderate.main; from fastapi.openapi.models import OpenAPI; print(OpenAPI.__pydantic_complete__)"
    assert run(code, model_path) == "False"


def packages(modules: set[str]) -> set[str]:
    standard = {*sys.stdlib_module_names, "__mp_main__"}
    return {name for name in (module.split(".")[0] for module in modules) if name not in standard and name[0] != "_"}


def foreign(modules: set[str]) -> set[str]:
    return {name for name in modules if name.split(".")[0] not in OURS}


def modules_of_a_start(model_path: Path, module: str = "moderate.main") -> set[str]:
    return set(json.loads(run(f"import json, sys, {module}; print(json.dumps([*sys.modules]))", model_path)))


def run(code: str, model_path: Path) -> str:
    environment = os.environ | {"MODEL_PATH": str(model_path), "ORT_DISABLE_TELEMETRY": "1"}
    result = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    return result.stdout.splitlines()[-1]


@pytest.fixture
def _loop() -> Iterator[None]:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.usefixtures("_loop")
@pytest.mark.parametrize("dialect", ["oanor", "nanogpt"])
def test_a_call_takes_few_instructions_beside_its_framework_s_own(dialect: str) -> None:
    """Instructions of the interpreter, counted: the same number on every machine, however busy."""
    photo = png()
    event = (
        gateway_event("POST", "/v1/classify", body=photo, headers={"content-type": "image/png"})
        if dialect == "oanor"
        else gateway_event("POST", "/api/nsfw/image", body=json.dumps({"imageDataUrl": data_url(photo)}))
    )
    ours, bare = (warm_instructions(app, event) for app in (serve().app, empty_app(event["path"])))
    assert ours / bare < HEAVIEST_CALL


@pytest.mark.usefixtures("_loop")
def test_a_call_s_log_line_and_metrics_take_few_instructions() -> None:
    observer = Observer()
    # As in Lambda, where no test framework listens.
    # Set, and not by setStream(), which would flush the stream of an earlier test that is closed by now.
    logging.getLogger(observer_logger_name(observer)).handlers[0].stream = io.StringIO()  # type: ignore[attr-defined]
    facts = {"request_id": "id", "method": "POST", "route": "/v1/check", "status": 200}

    def log() -> None:
        observer.images(["safe"])
        observer.call(facts, milliseconds=12.3)

    log()
    event = gateway_event("GET", "/health")
    assert instructions(log) / warm_instructions(empty_app("/health", "GET"), event) < HEAVIEST_LOG


def observer_logger_name(observer: Observer) -> str:
    return str(observer._log.name)


def empty_app(path: str, method: str = "POST") -> FastAPI:
    app = FastAPI()

    async def nothing() -> JSONResponse:
        return JSONResponse({})

    app.add_api_route(path, nothing, methods=[method])
    return app


def warm_instructions(app: FastAPI, event: dict[str, Any]) -> int:
    handler = Mangum(app, lifespan="off")

    def call() -> None:
        assert handler(event, None)["statusCode"] == 200  # type: ignore[arg-type]

    call()
    return instructions(call)


def instructions(call: Callable[[], None]) -> int:
    """How many bytecode instructions `call` runs on this thread."""
    count = 0

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def test_a_large_photo_takes_little_more_than_pillow_takes_to_decode_it() -> None:
    """The least of several ratios: what disturbs a measurement makes it longer, and a core may change its pace."""
    buffer = io.BytesIO()
    Image.effect_noise((500, 375), 40).convert("RGB").resize((4000, 3000)).save(buffer, "JPEG", quality=85)
    photo = buffer.getvalue()
    stopwatch = Stopwatch(photo)
    assert min(stopwatch.decodes(lambda: decode(photo, 224)) for _ in range(7)) < MOST_BESIDE_PIXELS
