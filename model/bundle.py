"""Reads a model out of the nsfwjs package: each file is a browserify bundle around one JavaScript literal."""

import base64
import io
import json
import re
import tarfile
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[np.float32]]

# What the minifier writes that JSON does not know: bare keys, !0 for true, !1 for false, .5 for 0.5.
_TOKEN = re.compile(r'(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")|(?P<key>[A-Za-z_]\w*)(?=:)|!0|!1|(?<!\d)\.(?=\d)')
_PLAIN = {"!0": "true", "!1": "false", ".": "0."}


@dataclass(frozen=True)
class Bundle:
    topology: dict[str, Any]
    weights: Weights


class Package:
    """A verified npm tarball, read from memory: members by exact name, nothing is ever unpacked."""

    def __init__(self, tarball: bytes) -> None:
        self._tar = tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz")  # noqa: SIM115

    def read(self, path: str) -> bytes:
        member = self._tar.extractfile(f"package/{path}")
        if member is None:
            raise ValueError(f"{path} is not a file in the package")
        return member.read()

    def bundle(self, folder: str) -> Bundle:
        model = _exported(self.read(f"{folder}/model.min.js"))
        weights: Weights = {}
        for group in model["weightsManifest"]:
            shards = [_exported(self.read(f"{folder}/{path}.min.js")) for path in group["paths"]]
            data = b"".join(base64.b64decode(shard, validate=True) for shard in shards)
            weights |= _tensors(group["weights"], data)
        return Bundle(model["modelTopology"], weights)


def _exported(source: bytes) -> Any:
    """The literal that a bundle's innermost module exports; what follows it is the bundler's own tail."""
    literal = source.decode().rpartition(".exports=")[2]
    return json.JSONDecoder().raw_decode(_TOKEN.sub(_as_json, literal))[0]


def _as_json(token: re.Match[str]) -> str:
    if token["key"]:
        return f'"{token["key"]}"'
    return token["string"] or _PLAIN[token[0]]


def _tensors(manifest: list[dict[str, Any]], data: bytes) -> Weights:
    """Every tensor is stored as uint8; TensorFlow.js scales it in double precision and keeps single."""
    weights: Weights = {}
    offset = 0
    for entry in manifest:
        affine = entry["quantization"]
        if (entry["dtype"], affine["dtype"]) != ("float32", "uint8"):
            raise ValueError(f"{entry['name']} is stored as {affine['dtype']}, expected uint8")
        count = int(np.prod(entry["shape"]))
        levels = np.frombuffer(data, np.uint8, count, offset).astype(np.float64)
        values = (levels * affine["scale"] + affine["min"]).astype(np.float32)
        weights[entry["name"]] = values.reshape(entry["shape"])
        offset += count
    if offset != len(data):
        raise ValueError(f"{len(data) - offset} bytes of weights belong to no tensor")
    return weights
