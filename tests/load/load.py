"""How much one service takes, and that every answer stays the right one: `python -m tests.load.load`, as root.

Each line is several clients that ask one thing after another for some seconds. The figures of one run may be compared
with each other, not with those of another machine.
"""

import argparse
import os
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.hostile.processes import forget_peak, peak_bytes
from tests.hostile.service import ServiceProcess
from tests.load import traffic
from tests.load.soak import MEGABYTE, MODEL, service_to_load
from tests.load.traffic import Kind

KINDS: tuple[Kind, ...] = (
    traffic.check_raw,
    traffic.classify_file,
    traffic.flag_data_urls,
    traffic.flag_urls,
    traffic.check_photo,
    traffic.refuse_url,
)
CLIENTS = (1, 4, 32)


def load(service: ServiceProcess, kind: Kind, *, clients: int, seconds: float) -> list[float]:
    """How long each call took. Raises AssertionError where an answer is not the one that belongs to its request."""
    end = time.monotonic() + seconds

    def ask_on(client: int) -> list[float]:
        taken: list[float] = []
        while (start := time.monotonic()) < end:
            kind(service.client, client * 1000 + len(taken))
            taken.append(time.monotonic() - start)
        return taken

    with ThreadPoolExecutor(clients) as several:
        return [one for taken in several.map(ask_on, range(clients)) for one in taken]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="for each line")
    options = parser.parse_args()
    model = Path(os.environ.get("MODEL_PATH", MODEL)).resolve()
    print(f"{'call':24}{'clients':>8}{'calls/s':>9}{'median ms':>11}{'95% ms':>9}{'peak MB':>9}")
    with tempfile.TemporaryDirectory() as folder, service_to_load(Path(folder), model) as service:
        for kind in KINDS:
            for clients in CLIENTS:
                forget_peak(service.process.pid)
                taken = load(service, kind, clients=clients, seconds=options.seconds)
                median, late = statistics.median(taken) * 1000, statistics.quantiles(taken, n=20)[-1] * 1000
                peak = peak_bytes(service.process.pid) / MEGABYTE
                rate = len(taken) / options.seconds
                print(f"{kind.__name__:24}{clients:8}{rate:9.1f}{median:11.1f}{late:9.1f}{peak:9.0f}", flush=True)


if __name__ == "__main__":
    main()
