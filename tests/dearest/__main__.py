"""Looks for requests that are dear for their size: `python -m tests.dearest --seconds 600`.

A request must not take more processor time than six good images and an animation at its cap, nor more memory than
docs/security.md states. Each is made from the seed and its number, so that `--seed S --only N` repeats it.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from secrets import token_hex

from tests.dearest.measure import (
    MAX_GROWTH,
    MAX_GROWTH_OF_A_LARGE_PICTURE,
    Cost,
    Service,
    serving,
)
from tests.dearest.requests import Request, random_request
from tests.helpers.photos import reference_photo
from tests.helpers.support import ROOT

SHOWN = 5
# What disturbs a measurement makes it longer, so a bound holds if one of so many keeps to it.
ATTEMPTS = 3


@dataclass(frozen=True)
class Sent:
    number: int
    about: str
    bytes_sent: int
    has_large_picture: bool
    cost: Cost
    share: float
    """Its processor time as a share of what it may take."""

    def __str__(self) -> str:
        cost = self.cost
        return (
            f"{self.number:7} {cost.status:4} {self.bytes_sent:9,} B {cost.seconds:7.2f} s {self.share:5.2f} "
            f"{cost.added / 1e6:5.0f} {cost.growth / 1e6:5.0f} MB  {self.about[:100]}"
        )

    @property
    def max_growth(self) -> int:
        return MAX_GROWTH_OF_A_LARGE_PICTURE if self.has_large_picture else MAX_GROWTH

    @property
    def fault(self) -> str:
        if self.cost.status >= 500:
            return "failed"
        return (
            "takes too long"
            if self.share > 1
            else "takes too much memory"
            if self.cost.growth > self.max_growth
            else ""
        )


ORDERS: dict[str, Callable[[Sent], float]] = {
    "processor time": lambda sent: sent.cost.seconds,
    "processor time for each byte": lambda sent: sent.cost.seconds / (1000 + sent.bytes_sent),
    "memory": lambda sent: sent.cost.added,
    "memory for each byte": lambda sent: sent.cost.added / (1000 + sent.bytes_sent),
}


class Search:
    def __init__(self, service: Service, seed: str) -> None:
        self._service = service
        self._seed = seed
        document = service.customer.get("/openapi.json").json()
        paths = {path: [method.upper() for method in item] for path, item in document["paths"].items()}
        more = {"/nsfw-api/v1/check": ["GET", "POST"], "/docs/swagger-ui.css": ["GET"], "/v1/none": ["GET", "POST"]}
        self._paths = paths | more

    def run(self, numbers: Iterable[int], *, seconds: float) -> list[Sent]:
        """Sends requests until the time is up."""
        end, bound = time.monotonic() + seconds, self._service.bound_seconds()
        return [self._measure(number, bound) for number in takewhile(lambda _: time.monotonic() < end, numbers)]

    def request(self, number: int) -> Request:
        return random_request(f"{self._seed}-{number}", self._paths)

    def _measure(self, number: int, bound: float) -> Sent:
        request = self.request(number)
        sent = self._send(number, request, bound)
        for _ in range(ATTEMPTS - 1):
            if not sent.fault:
                break
            again = self._send(number, request, self._service.bound_seconds())
            sent = min(sent, again, key=lambda one: one.share)
        return sent

    def _send(self, number: int, request: Request, bound: float) -> Sent:
        cost = self._service.cost(request)
        about = f"{request.method} {request.path}: {request.about}"
        return Sent(number, about, request.bytes_sent, request.has_large_picture, cost, cost.seconds / bound)


def report(done: list[Sent]) -> list[Sent]:
    """Prints the dearest and returns them."""
    dearest = {}
    for order, key in ORDERS.items():
        print(f"\nThe dearest by {order}")
        print(" number  status  bytes sent  seconds  share of what is allowed  MB added  MB above idle")
        for sent in sorted(done, key=key, reverse=True)[:SHOWN]:
            dearest[sent.number] = sent
            print(sent)
    return list(dearest.values())


def beside(service: Service, search: Search, dearest: list[Sent]) -> list[int]:
    """Returns the numbers of those of which ten at once take too much memory."""
    alone = statistics.median(service.seconds_alone())
    print(f"\nA good image of another customer, {alone * 1000:.0f} ms alone, beside ten of each at once:")
    faults = []
    for sent in dearest:
        request = search.request(sent.number)
        growth = service.cost(request, at_once=10).growth
        waited = statistics.median(service.seconds_beside(request))
        print(f"{sent.number:7} {waited / alone:5.1f} times as long; all ten take {growth / 1e6:.0f} MB")
        if growth > sent.max_growth:
            faults.append(sent.number)
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.dearest", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", default="")
    parser.add_argument("--only", type=int, help="the number of the only request to send")
    parser.add_argument(
        "--beside", action="store_true", help="also send ten of the dearest at once, beside a good image"
    )
    parser.add_argument("--model", type=Path, default=ROOT / ".build/model/mobilenet_v2.onnx")
    options = parser.parse_args()
    seed = options.seed or token_hex(4)
    numbers: Iterable[int] = count() if options.only is None else [options.only]
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), options.model, reference_photo(Path(folder))) as service,
    ):
        search = Search(service, seed)
        done = search.run(numbers, seconds=options.seconds)
        print(
            f"{len(done)} requests with --seed {seed}. A good image takes {service.reference_seconds() * 1000:.0f} ms "
            f"of processor time, and a request may take {service.bound_seconds():.2f} s."
        )
        dearest = report(done)
        together = beside(service, search, dearest) if options.beside else []
    faults = [sent for sent in done if sent.fault]
    for sent in faults:
        print(f"\n{sent}\n  {sent.fault}: repeat it with --seed {seed} --only {sent.number}")
    for number in together:
        print(f"\nTen at once take too much memory: repeat it with --seed {seed} --only {number} --beside")
    sys.exit(bool(faults or together))


if __name__ == "__main__":
    main()
