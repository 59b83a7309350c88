"""Builds a model's .onnx from the pinned npm package, byte for byte the same on every machine."""

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
from topology import write_trunk

HERE = Path(__file__).parent
BUILD = HERE.parent / ".build"


class BuildError(Exception):
    """Says what is wrong and what to do about it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="a name in the models file")
    parser.add_argument("--out", type=Path, default=BUILD / "model", help="folder for <model>.onnx")
    parser.add_argument("--cache", type=Path, default=BUILD / "npm", help="folder that keeps the package")
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
        raise BuildError(f"no model {name!r}; {models.name} has {', '.join(known['models'])}")
    source, entry = known["source"], known["models"][name]

    package = Package(fetch(source, cache))
    print(f"reading {entry['folder']}")
    onnx = convert(name, source, entry, package)

    target = out / f"{name}.onnx"
    digest = hashlib.sha256(onnx).hexdigest()
    if digest != entry["sha256"]:
        raise BuildError(f"{target.name} has sha256 {digest}, not the {entry['sha256']} of {models.name}; not written")
    out.mkdir(parents=True, exist_ok=True)
    write(target, onnx)
    print(f"wrote {target}: {len(onnx):,} bytes, sha256 as in {models.name}")


def convert(name: str, source: dict[str, Any], entry: dict[str, Any], package: Package) -> bytes:
    graph = Graph()
    trunk = write_trunk(entry["format"], package.bundle(entry["folder"]), graph, graph.image())
    graph.classify(trunk)
    metadata = {
        "name": name,
        "version": f"{source['package']}-{source['version']}",
        "labels": ",".join(source["labels"]),
        "size": str(entry["size"]),
        "licence": source["licence"],
        # MIT asks that every copy carries it.
        "notice": package.read("LICENSE").decode(),
    }
    model = graph.model(entry["size"], len(source["labels"]), trunk.side, metadata)
    return bytes(model.SerializeToString(deterministic=True))


def fetch(source: dict[str, Any], cache: Path) -> bytes:
    """The package's tarball, from the cache or from npm, never used before its checksum is right."""
    pinned = f"{source['package']}@{source['version']}"
    cached = cache / f"{source['package']}-{source['version']}.tgz"
    if cached.exists():
        tarball = cached.read_bytes()
        check(tarball, source["integrity"], f"{cached} (delete it to fetch it again)")
    else:
        print(f"fetching {pinned} with npm")
        tarball = pack(pinned, cached.name)
        check(tarball, source["integrity"], f"what npm gave for {pinned}")
        cache.mkdir(parents=True, exist_ok=True)
        write(cached, tarball)
    print(f"{cached.name} has the pinned sha512")
    return tarball


def pack(pinned: str, filename: str) -> bytes:
    npm = shutil.which("npm")
    if npm is None:
        raise BuildError(f"npm is needed to fetch {pinned}, and it is not installed")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", pinned, "--silent", "--ignore-scripts", "--pack-destination", folder]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
        if result.returncode:
            raise BuildError(f"npm could not fetch {pinned}: {result.stderr.strip() or result.stdout.strip()}")
        return (Path(folder) / filename).read_bytes()


def check(tarball: bytes, integrity: str, what: str) -> None:
    algorithm, _, expected = integrity.partition("-")
    actual = base64.b64encode(hashlib.new(algorithm, tarball).digest()).decode()
    if actual != expected:
        raise BuildError(f"{what} is not the pinned package: {algorithm} {actual}, expected {expected}")


def write(path: Path, content: bytes) -> None:
    """All of it or nothing, whatever interrupts."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
