"""Thousands of calls through `make run`'s gateway: they do not make it larger or slower, and it keeps what it counted.

`python -m tests.load.local_soak` also compares the gateway with a fresh one, call by call, so that it does not matter
how busy the machine is. Then it kills the gateway, starts it again and asks what it remembers.
"""

import argparse
import re
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx2
from tests.helpers.local_gateway import LocalGateway
from tests.helpers.support import ROOT, data_url, mosaic
from tests.hostile.processes import resident_bytes

MAX_GROWTH = 0.2
MEGABYTE = 1024 * 1024
PICTURE = mosaic("porn.png")


@dataclass(frozen=True)
class Report:
    calls: int
    remembered: int
    """Calls that the ledger still knows after the gateway was killed and started again."""
    megabytes: list[float]
    """Memory at the end of each window."""
    slower: float
    """The median time of a call at last, divided by that at a gateway which has answered one window of calls."""
    first_start: float
    second_start: float
    """With everything that was counted. Both in seconds, as is `stop`."""
    stop: float

    def check(self) -> None:
        """Raises AssertionError."""
        assert self.megabytes[-1] <= self.megabytes[0] * (1 + MAX_GROWTH)
        assert self.slower <= 1 + MAX_GROWTH
        assert self.remembered == self.calls


def soak(folder: Path, *, calls: int, window: int) -> Report:
    template = unthrottled(folder)
    with ExitStack() as stack:
        gateway, first_start = started(stack, folder / "soaked", template)
        megabytes = []
        for done in range(window, calls + 1, window):
            (milliseconds,) = medians([gateway], window)
            megabytes.append(resident_bytes(gateway.pid) / MEGABYTE)
            print(f"{done:6} calls  {megabytes[-1]:6.1f} MB  {milliseconds:5.1f} ms", flush=True)
        fresh, _ = started(stack, folder / "fresh", template)
        medians([fresh], window)
        last, first = medians([gateway, fresh], window)
        fresh.stop()
        gateway.kill()
        gateway, second_start = started(stack, folder / "soaked", template)
        with gateway.client(gateway.key("mega")) as client:
            remembered = client.get("/v1/usage").json()["data"]["calls"]["used"]
        before = time.monotonic()
        gateway.stop()
        stop = time.monotonic() - before
    return Report(calls + window, remembered, megabytes, last / first, first_start, second_start, stop)


def medians(gateways: Sequence[LocalGateway], calls: int) -> list[float]:
    """Returns the median time of a call in milliseconds at each gateway. Each gets so many calls, by turns."""
    with ExitStack() as stack:
        clients = [stack.enter_context(gateway.client(gateway.key("mega"))) for gateway in gateways]
        times = [[ask(client, number) for client in clients] for number in range(calls)]
    return [median(column) for column in zip(*times, strict=True)]


def unthrottled(folder: Path) -> Path:
    """Returns a template whose largest plan lets every call through."""
    text, replaced = re.subn(r"Rate: 60, Burst: \d+", "Rate: 9000, Burst: 9000", (ROOT / "template.yaml").read_text())
    assert replaced == 1
    path = folder / "template.yaml"
    path.write_text(text)
    return path


def started(stack: ExitStack, folder: Path, template: Path) -> tuple[LocalGateway, float]:
    folder.mkdir(exist_ok=True)
    before = time.monotonic()
    gateway = stack.enter_context(LocalGateway(folder, template=template))
    return gateway, time.monotonic() - before


def ask(client: httpx2.Client, number: int) -> float:
    """Returns how many milliseconds a call takes. The plan covers its image, or the image is charged for, by turns."""
    before = time.monotonic()
    if number % 2:
        answer = client.post("/v1/classify", content=PICTURE, headers={"content-type": "image/png"})
    else:
        answer = client.post("/api/nsfw/image", json={"imageDataUrl": data_url(PICTURE)})
    assert answer.status_code == 200, answer.text
    return 1000 * (time.monotonic() - before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--window", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = soak(Path(folder), calls=options.calls, window=options.window)
    larger = report.megabytes[-1] / report.megabytes[0]
    print(f"calls remembered after a kill: {report.remembered} of {report.calls}")
    print(f"compared with the state after {options.window} calls: memory {larger:.2f} x, time {report.slower:.2f} x")
    print(f"start {report.first_start:.1f} s, with state {report.second_start:.1f} s, stop {report.stop:.1f} s")
    report.check()


if __name__ == "__main__":
    main()
