"""Draws the charts of docs/benchmarks.md."""

from pathlib import Path
from tomllib import loads
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

from bench.tables import NAMES
from modest_cli.capacity.measured import PRICES

_OURS = "#1f6f8b"
_OTHERS = ("#c0c8cc", "#99a8b0", "#6f818b")
_CASES = tuple(f"{size} MP {kind}" for kind in ("JPEG", "PNG", "WEBP") for size in ("0.05", "1", "12"))


def draw(results: dict[str, dict[str, Any]], folder: Path) -> dict[str, str]:
    """Writes the charts and returns their file names without the extension."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(
        {"svg.hashsalt": "modest", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    ):
        for name, picture in {"verdict": _verdict, "start": _start, "cost": _cost}.items():
            figure = picture(results)
            # Without the library's version in the metadata, the same results give the same bytes.
            figure.savefig(folder / f"{name}.png", dpi=110, bbox_inches="tight", metadata={"Software": None})
            plt.close(figure)
    return {name: name for name in ("verdict", "start", "cost")}


def _verdict(results: dict[str, dict[str, Any]]) -> Any:
    found = results["speed"]["bytes_to_verdict"]
    figure, axes = plt.subplots(figsize=(9, 3.6))
    width = 0.8 / len(NAMES)
    for position, (key, name) in enumerate(NAMES.items()):
        places = [case + (position - 1.5) * width for case in range(len(_CASES))]
        heights = [found[case]["calls"][key]["cpu_ms"] for case in _CASES]
        axes.bar(places, heights, width, label=name, color=(_OURS, *_OTHERS)[position])
    axes.set_yscale("log")
    axes.set_xticks(range(len(_CASES)), [case.replace(" MP ", " MP\n") for case in _CASES])
    axes.set_ylabel("CPU ms an image")
    axes.set_title("Image bytes to a verdict (lower is better)", loc="left")
    axes.legend(frameon=False, ncols=4, loc="upper left", bbox_to_anchor=(-0.02, -0.16))
    return figure


def _start(results: dict[str, dict[str, Any]]) -> Any:
    start = results["start"]
    phases = start["phases_cpu_ms"]
    imports = dict(list(start["imports_ms_by_package"].items())[:10])
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
    for axes, found, title in (
        (left, phases, "From start to ready, CPU ms"),
        (right, imports, "The costliest packages to import, ms"),
    ):
        names = list(found)[::-1]
        bars = axes.barh(names, [found[name] for name in names], color=_OURS)
        axes.bar_label(bars, fmt="%.0f", padding=3)
        axes.set_title(title, loc="left")
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
    figure.tight_layout()
    return figure


def _cost(results: dict[str, dict[str, Any]]) -> Any:
    default = results["cost"]["by_memory_mb"]["1769"]
    bars = {
        "Modest, ten a call": default["10 a call"]["total_usd"],
        "Modest, one a call": default["1 a call"]["total_usd"],
        **{each["name"]: each["usd_a_million"] for each in loads(PRICES.read_text())["hosted"]},
    }
    names = sorted(bars, key=lambda name: -bars[name])
    figure, axes = plt.subplots(figsize=(9, 2.8))
    colours = [_OURS if name.startswith("Modest") else _OTHERS[0] for name in names]
    drawn = axes.barh(names, [bars[name] for name in names], color=colours)
    axes.bar_label(drawn, fmt="$%.4g", padding=3)
    axes.set_xscale("log")
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.set_title("A million images in US dollars (log scale; Modest: AWS's price at 1,769 MB)", loc="left")
    return figure
