"""What the figures must show, and what they showed."""

from dataclasses import dataclass
from typing import Any

Results = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Claim:
    text: str
    target: float
    wall: float
    cpu: float | None
    """The same by CPU time, which other work on the machine hardly changes. None: it has no such form."""
    at_most: bool
    unit: str = " x"

    def holds(self, figure: float) -> bool:
        return figure <= self.target if self.at_most else figure >= self.target


def claims(results: Results) -> list[Claim]:
    speed, request, start = results["speed"], results["request"], results["start"]
    verdicts = speed["bytes_to_verdict"]
    one_cpu = start["by_cpus"]["1"]

    def peer(case: str, name: str) -> dict[str, float]:
        found: dict[str, float] = verdicts[case]["times_as_long_as_modest"][name]
        return found

    added = request["one_image"]["1 MP"]["added_to_the_pipeline"]["handler from the event's JSON"]
    return [
        _at_least(
            "Inference, compared with nsfwjs on tfjs-wasm", 10, speed["inference"]["times_as_long_as_modest"]["nsfwjs"]
        ),
        _at_least("1 MP JPEG to a verdict, compared with NudeNet", 2, peer("1 MP JPEG", "nudenet")),
        _at_most(
            "1 MP JPEG to a verdict, decoded in a sandboxed process, compared with inference alone",
            2.4,
            verdicts["1 MP JPEG"]["times_bare_inference"],
        ),
        _at_most(
            "12 MP JPEG to a verdict, compared with Pillow's decode of every pixel and inference",
            1.15,
            verdicts["12 MP JPEG"]["times_whole_decode_and_inference"],
        ),
        Claim("Time added by the whole Lambda path", 3, added["wall_ms"], added["cpu_ms"], at_most=True, unit=" ms"),
        Claim(
            "Ten 1 MP images in one request on two cores, compared with one after another",
            1.7,
            request["ten_images"]["faster_in_one_request"]["wall"],
            None,
            at_most=False,
        ),
        Claim(
            "Time until ready, on one CPU",
            0.9,
            one_cpu["ready_s"]["median"],
            one_cpu["ready_cpu_s"]["median"],
            at_most=True,
            unit=" s",
        ),
        Claim(
            "Memory (PSS of all processes) after the first answer",
            190,
            one_cpu["pss_after_the_first_answer_mb"]["median"],
            None,
            at_most=True,
            unit=" MB",
        ),
    ]


def _at_least(text: str, target: float, ratio: dict[str, float]) -> Claim:
    return Claim(text, target, ratio["wall"], ratio["cpu"], at_most=False)


def _at_most(text: str, target: float, ratio: dict[str, float]) -> Claim:
    return Claim(text, target, ratio["wall"], ratio["cpu"], at_most=True)
