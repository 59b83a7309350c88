"""Runs the built image in containers with the CPUs and the memory that Lambda would grant."""

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import ledger
from bench.facts import ROOT

IMAGE = "modest:bench"
HOST = "machine"
"""The name by which a container reaches the machine that it runs on."""
_PACKAGE = ROOT / "bench"
_EMULATOR = ".build/sam/lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-x86_64"
_STARTS_WITHIN_SECONDS = 30


def build(folder: Path = ROOT, image: str = IMAGE) -> None:
    """folder: the checkout whose image is built."""
    _docker("build", "--quiet", "--tag", image, "--file", "functions/moderate/Dockerfile", ".", folder=folder)


def read_image_megabytes(image: str = IMAGE) -> float:
    return round(int(_docker("image", "inspect", "--format={{.Size}}", image)) / 1e6)


def run(
    module: str,
    *arguments: str,
    cpus: float,
    memory: int,
    files: Sequence[Path] = (),
    environment: Mapping[str, str] = ledger.WITHOUT,
    image: str = IMAGE,
) -> Any:
    """Runs a module of bench.image in the image and returns its JSON. Its last arguments are the mounted `files`."""
    mounts = [f"--volume={file}:/files/{file.name}:ro" for file in files]
    inside = [f"/files/{file.name}" for file in files]
    output = _docker(
        *("run", "--rm", *_limits(cpus, memory, environment), *mounts, f"--volume={_PACKAGE}:/opt/bench/bench:ro"),
        *("--env=PYTHONPATH=/var/task:/opt/bench", "--entrypoint=python", image),
        *("-m", f"bench.image.{module}", *arguments, *inside),
    )
    return json.loads(output.splitlines()[-1])


def measure_imports(cpus: float, memory: int) -> str:
    """Returns the output of `python -X importtime` for everything that Lambda imports, the ledger's client included."""
    code = "import awslambdaric.bootstrap, modest.store.dynamodb, moderate.main"
    return _docker(
        *("run", "--rm", *_limits(cpus, memory, ledger.WITHOUT), "--entrypoint=python"),
        *(IMAGE, "-X", "importtime", "-c", code),
        stderr_too=True,
    )


@contextmanager
def run_emulator(cpus: float, memory: int, environment: Mapping[str, str]) -> Iterator[str]:
    """Yields the URL of the Runtime Interface Emulator, which starts the function on its first call."""
    emulator = next(ROOT.glob(_EMULATOR))
    identity = _docker(
        *("run", "--detach", "--rm", *_limits(cpus, memory, environment), "--publish=127.0.0.1::8080"),
        *(f"--volume={emulator}:/aws-lambda-rie:ro", "--entrypoint=/aws-lambda-rie"),
        *(IMAGE, "/usr/local/bin/entrypoint", "moderate.main.handler"),
    )
    try:
        address = _docker("port", identity, "8080/tcp").splitlines()[0]
        _wait_for(address)
        yield f"http://{address}/2015-03-31/functions/function/invocations"
    finally:
        _docker("kill", identity)


def post(url: str, event: bytes) -> float:
    """Sends an event and returns the seconds until the answer. Raises RuntimeError unless its status is 200."""
    start = time.monotonic()
    with urllib.request.urlopen(urllib.request.Request(url, event), timeout=60) as response:  # noqa: S310
        answer = json.load(response)
    seconds = time.monotonic() - start
    if answer.get("statusCode") != 200:  # noqa: PLR2004
        raise RuntimeError(str(answer)[:1000])
    return seconds


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://{address}/", timeout=1).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"The emulator did not start. Run `docker run {IMAGE}` to see why.")


def _limits(cpus: float, memory: int, environment: Mapping[str, str]) -> list[str]:
    return [
        *(f"--cpus={cpus:g}", f"--memory={memory}m", "--read-only", "--tmpfs=/tmp", "--ipc=none", "--cap-drop=ALL"),
        *(f"--env=AWS_LAMBDA_FUNCTION_MEMORY_SIZE={memory}", "--env=AWS_LAMBDA_FUNCTION_TIMEOUT=29"),
        *(f"--env={name}={value}" for name, value in environment.items()),
        f"--add-host={HOST}:host-gateway",
    ]


def _docker(*arguments: str, stderr_too: bool = False, folder: Path = ROOT) -> str:
    result = subprocess.run(["docker", *arguments], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603, S607
    if result.returncode:
        raise RuntimeError(f"docker {arguments[0]}: {result.stderr[-2000:]}")
    return result.stderr if stderr_too else result.stdout.strip()
