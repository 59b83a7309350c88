"""What the figures must show, and what they showed.

The targets are ratios between what is measured in the same rounds, so that they hold on any machine. Only sizes, which
hardly differ between machines, have other units.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Results = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Claim:
    text: str
    target: float
    wall: float | None
    """None: it was not measured, for example because no base was named."""
    cpu: float | None
    """The same by CPU time, which other work on the machine hardly changes. None: it has no such form."""
    at_most: bool
    unit: str = " x"

    @property
    def figure(self) -> float | None:
        return self.wall if self.cpu is None else self.cpu

    def holds(self, figure: float) -> bool:
        return figure <= self.target if self.at_most else figure >= self.target


def claims(results: Results) -> list[Claim]:
    def find(*path: str) -> Any:
        """Returns what is at that path, or None."""
        found: Any = results
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def verdict(case: str, *path: str) -> Any:
        return find("speed", "bytes_to_verdict", case, *path)

    def peer(case: str, name: str) -> Any:
        return verdict(case, "times_as_long_as_modest", name)

    def decoder(case: str, library: str) -> Any:
        return verdict(case, "decoding_times_as_long_as_modest", library)

    def inference(name: str) -> Any:
        return find("speed", "inference", "times_as_long_as_modest", name)

    pss = find("start", "by_cpus", "1", "pss_after_the_first_answer_mb", "median")
    return [
        _at_least("Inference, compared with nsfwjs on tfjs-wasm", 10, inference("nsfwjs")),
        _at_least("Inference, compared with the base", 1.1, inference("base")),
        _at_least("1 MP JPEG to a verdict, compared with NudeNet", 1.8, peer("1 MP JPEG", "nudenet")),
        _at_least("12 MP JPEG to a verdict, compared with NudeNet", 1.1, peer("12 MP JPEG", "nudenet")),
        _at_most(
            "1 MP JPEG to a verdict, decoded in a sandboxed process, compared with inference alone",
            2.4,
            verdict("1 MP JPEG", "times_bare_inference"),
        ),
        _at_most(
            "12 MP JPEG to a verdict, compared with Pillow's decode of every pixel and inference",
            1.15,
            verdict("12 MP JPEG", "times_whole_decode_and_inference"),
        ),
        _at_least("12 MP WebP decoded and shrunk, compared with OpenCV", 0.95, decoder("12 MP WEBP", "OpenCV")),
        _at_least("12 MP WebP decoded and shrunk, compared with sharp", 0.95, decoder("12 MP WEBP", "sharp")),
        _at_least("1 MP PNG to a verdict, compared with the base", 1.33, peer("1 MP PNG", "base")),
        _at_most(
            "1 MP JPEG through the whole Lambda path, compared with the pipeline alone",
            1.2,
            find("request", "one_image", "1 MP", "times_the_pipeline", "handler from the event's JSON"),
        ),
        Claim(
            "Ten 1 MP images in one request on two cores, compared with one after another",
            1.7,
            find("request", "ten_images", "faster_in_one_request", "wall"),
            None,
            at_most=False,
        ),
        _at_most(
            "Time until ready on one CPU, compared with the base", 0.8, find("start", "base", "times_as_long_as_base")
        ),
        Claim("Memory (PSS of all processes) after the first answer", 150, pss, None, at_most=True, unit=" MB"),
        Claim("Size of the image", 320, find("start", "image_mb"), None, at_most=True, unit=" MB"),
    ]


def _at_least(text: str, target: float, ratio: Mapping[str, float] | None) -> Claim:
    return _of_ratio(text, target, ratio, at_most=False)


def _at_most(text: str, target: float, ratio: Mapping[str, float] | None) -> Claim:
    return _of_ratio(text, target, ratio, at_most=True)


def _of_ratio(text: str, target: float, ratio: Mapping[str, float] | None, *, at_most: bool) -> Claim:
    wall, cpu = (ratio["wall"], ratio["cpu"]) if ratio else (None, None)
    return Claim(text, target, wall, cpu, at_most=at_most)
