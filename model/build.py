"""Builds a model's .onnx file from the pinned npm package. The result is identical to the byte on every machine."""

import argparse
import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from bundle import Package
from graph import Graph
from topology import write_backbone

HERE = Path(__file__).parent
BUILD = HERE.parent / ".build"


class BuildError(Exception):
    """Raised if a model cannot be built; the message says why and what to do."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="the model's name in the models file")
    parser.add_argument("--out", type=Path, default=BUILD / "model", help="the folder to write <model>.onnx to")
    parser.add_argument("--cache", type=Path, default=BUILD / "npm", help="the folder that caches the npm package")
    parser.add_argument("--models", type=Path, default=HERE / "models.toml", help="the models file")
    arguments = parser.parse_args()
    try:
        build(arguments.model, arguments.models, arguments.cache, arguments.out)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def build(name: str, models: Path, cache: Path, out: Path) -> None:
    known = tomllib.loads(models.read_text())
    if name not in known["models"]:
        raise BuildError(f"There is no model {name!r}. {models.name} lists {', '.join(known['models'])}.")
    source, entry = known["source"], known["models"][name]

    package = Package(fetch(source, cache))
    print(f"reading {entry['folder']}")
    onnx = convert(name, source, entry, package)

    target = out / f"{name}.onnx"
    digest = hashlib.sha256(onnx).hexdigest()
    pinned = entry.get("sha256", "none")
    if digest != pinned:
        raise BuildError(f"{target.name} was not written: its sha256 is {digest}, but {models.name} pins {pinned}.")
    out.mkdir(parents=True, exist_ok=True)
    write(target, onnx)
    print(f"wrote {target}: {len(onnx):,} bytes, and its sha256 matches {models.name}")


def convert(name: str, source: dict[str, Any], entry: dict[str, Any], package: Package) -> bytes:
    graph = Graph()
    backbone = write_backbone(entry["format"], package.read_bundle(entry["folder"]), graph, graph.add_image_input())
    graph.add_head(backbone)
    metadata = {
        "name": name,
        "version": f"{source['package']}-{source['version']}",
        "labels": ",".join(source["labels"]),
        "size": str(entry["size"]),
        "licence": source["licence"],
        # The MIT licence requires its notice in every copy.
        "notice": package.read("LICENSE").decode(),
    }
    model = graph.build(entry["size"], len(source["labels"]), backbone.side, metadata)
    return bytes(model.SerializeToString(deterministic=True))


def fetch(source: dict[str, Any], cache: Path) -> bytes:
    """Returns the package's tarball from the cache or from npm, after its checksum was verified."""
    pinned = f"{source['package']}@{source['version']}"
    cached = cache / f"{source['package']}-{source['version']}.tgz"
    if cached.exists():
        tarball = cached.read_bytes()
        check_integrity(tarball, source["integrity"], f"{cached} (delete it to fetch it again)")
    else:
        print(f"fetching {pinned} with npm")
        tarball = download(pinned, cached.name)
        check_integrity(tarball, source["integrity"], f"The tarball that npm fetched for {pinned}")
        cache.mkdir(parents=True, exist_ok=True)
        write(cached, tarball)
    print(f"{cached.name} has the pinned sha512")
    return tarball


def download(pinned: str, filename: str) -> bytes:
    npm = shutil.which("npm")
    if npm is None:
        raise BuildError(f"npm is not installed. Install it to fetch {pinned}.")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", pinned, "--silent", "--ignore-scripts", "--pack-destination", folder]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
        if result.returncode:
            raise BuildError(f"npm could not fetch {pinned}: {result.stderr.strip() or result.stdout.strip()}")
        return (Path(folder) / filename).read_bytes()


def check_integrity(tarball: bytes, integrity: str, what: str) -> None:
    algorithm, _, expected = integrity.partition("-")
    actual = base64.b64encode(hashlib.new(algorithm, tarball).digest()).decode()
    if actual != expected:
        raise BuildError(f"{what} is not the pinned package: its {algorithm} is {actual}, expected {expected}.")


def write(path: Path, content: bytes) -> None:
    """Writes the file atomically, so that an interrupted run leaves no partial file."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
