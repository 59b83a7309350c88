"""Looks for requests that are dear for their size: `python -m tests.dearest --seconds 600`.

A request must not take more processor time than six good images and a picture at its cap, nor more memory than
docs/security.md states. Each is made from the seed and its number, so that `--seed S --only N` repeats it.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
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
    request: Request
    cost: Cost
    share: float
    """Its processor time as a share of what it may take."""

    def __str__(self) -> str:
        request, cost = self.request, self.cost
        about = f"{request.method} {request.path}: {request.about}"
        return (
            f"{self.number:7} {cost.status:4} {request.bytes_sent:9,} B {cost.seconds:7.2f} s {self.share:5.2f} "
            f"{cost.added / 1e6:5.0f} {cost.growth / 1e6:5.0f} MB  {about[:100]}"
        )

    @property
    def fault(self) -> str:
        most = MAX_GROWTH_OF_A_LARGE_PICTURE if self.request.has_large_picture else MAX_GROWTH
        if self.cost.status >= 500:
            return "failed"
        return "takes too long" if self.share > 1 else "takes too much memory" if self.cost.growth > most else ""


ORDERS: dict[str, Callable[[Sent], float]] = {
    "processor time": lambda sent: sent.cost.seconds,
    "processor time for each byte": lambda sent: sent.cost.seconds / (1000 + sent.request.bytes_sent),
    "memory": lambda sent: sent.cost.added,
    "memory for each byte": lambda sent: sent.cost.added / (1000 + sent.request.bytes_sent),
}


def look(service: Service, seed: str, numbers: Iterable[int], *, until: float) -> list[Sent]:
    """Sends requests until it is time."""
    document = service.customer.get("/openapi.json").json()
    paths = {path: [method.upper() for method in item] for path, item in document["paths"].items()}
    paths |= {"/nsfw-api/v1/check": ["GET", "POST"], "/docs/swagger-ui.css": ["GET"], "/v1/none": ["GET", "POST"]}
    bound = service.bound_seconds()
    done = []
    for number in numbers:
        if time.monotonic() > until:
            break
        request = random_request(f"{seed}-{number}", paths)
        done.append(measured(service, number, request, bound))
    return done


def measured(service: Service, number: int, request: Request, bound: float) -> Sent:
    cost = service.cost(request)
    sent = Sent(number, request, cost, cost.seconds / bound)
    for _ in range(ATTEMPTS - 1):
        if not sent.fault:
            break
        cost = service.cost(request)
        sent = min(sent, Sent(number, request, cost, cost.seconds / service.bound_seconds()), key=lambda one: one.share)
    return sent


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


def beside(service: Service, dearest: list[Sent]) -> None:
    alone = statistics.median(service.seconds_beside(None))
    print(f"\nA good image of another customer, {alone * 1000:.0f} ms alone, beside ten of each at once:")
    for sent in dearest:
        growth = service.cost(sent.request, at_once=10).growth
        waited = statistics.median(service.seconds_beside(sent.request))
        print(f"{sent.number:7} {waited / alone:5.1f} times as long; all ten take {growth / 1e6:.0f} MB")


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
        done = look(service, seed, numbers, until=time.monotonic() + options.seconds)
        print(
            f"{len(done)} requests with --seed {seed}. A good image takes {service.reference_seconds() * 1000:.0f} ms "
            f"of processor time, and a request may take {service.bound_seconds():.2f} s."
        )
        dearest = report(done)
        if options.beside:
            beside(service, dearest)
    faults = [sent for sent in done if sent.fault]
    for sent in faults:
        print(f"\n{sent}\n  {sent.fault}: repeat it with --seed {seed} --only {sent.number}")
    sys.exit(bool(faults))


main()
