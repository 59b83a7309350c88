"""Reads a model from the nsfwjs package. Each file is a browserify bundle that exports one JavaScript literal."""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from packages import Read

Weights = dict[str, NDArray[np.float32]]

# The minified literals use syntax that JSON lacks: bare keys, !0 for true, !1 for false, .5 for 0.5.
_TOKEN = re.compile(r'(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")|(?P<key>[A-Za-z_]\w*)(?=:)|!0|!1|(?<!\d)\.(?=\d)')
_JSON_TOKENS = {"!0": "true", "!1": "false", ".": "0."}


@dataclass(frozen=True)
class Bundle:
    topology: dict[str, Any]
    weights: Weights


def read_bundle(read: Read, folder: str) -> Bundle:
    model = _read_export(read(f"{folder}/model.min.js"))
    weights: Weights = {}
    for group in model["weightsManifest"]:
        shards = [_read_export(read(f"{folder}/{path}.min.js")) for path in group["paths"]]
        data = b"".join(base64.b64decode(shard, validate=True) for shard in shards)
        weights |= _read_tensors(group["weights"], data)
    return Bundle(model["modelTopology"], weights)


def _read_export(source: bytes) -> Any:
    """Returns the literal that the innermost module exports. The bundler's own code follows it and is ignored."""
    literal = source.decode().rpartition(".exports=")[2]
    return json.JSONDecoder().raw_decode(_TOKEN.sub(_to_json, literal))[0]


def _to_json(token: re.Match[str]) -> str:
    if token["key"]:
        return f'"{token["key"]}"'
    return token["string"] or _JSON_TOKENS[token[0]]


def _read_tensors(manifest: list[dict[str, Any]], data: bytes) -> Weights:
    """Dequantizes the tensors as TensorFlow.js does: stored as uint8, scaled in double, kept in single precision."""
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
