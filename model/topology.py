"""Reads the two formats that upstream saved its models in, and adds their layers to an ONNX graph."""

import base64
from itertools import takewhile
from typing import Any

import numpy as np
from bundle import Bundle, Weights
from graph import Array, Backbone, Dense, Graph

Layer = dict[str, Any]


def write_backbone(model_format: str, bundle: Bundle, graph: Graph, image: str) -> Backbone:
    """Adds all layers up to the global pooling, and returns the head for Graph.add_head()."""
    write = {"keras": _write_keras, "graph": _write_tensorflow}[model_format]
    return write(bundle, graph, image)


def _write_keras(bundle: Bundle, graph: Graph, image: str) -> Backbone:  # noqa: C901 (one case a layer)
    layers: list[Layer] = bundle.topology["model_config"]["config"]["layers"]
    weights = bundle.weights
    *body, pool = takewhile(lambda layer: layer["class_name"] != "Flatten", layers)
    norms = {_sources(layer)[0]: layer for layer in body if layer["class_name"] == "BatchNormalization"}
    pads: dict[str, list[int]] = {}
    values: dict[str, str] = {}

    for layer in body:
        name, config = layer["name"], layer["config"]
        x = [values[source] for source in _sources(layer)]
        match layer["class_name"]:
            case "InputLayer":
                values[name] = image
            case "ZeroPadding2D":
                (top, bottom), (left, right) = config["padding"]
                pads[name] = [top, left, bottom, right]
                values[name] = x[0]
            case "Conv2D" | "DepthwiseConv2D":
                kernel, bias = _fold_batch_norm(name, norms[name], weights)
                padding = pads.get(_sources(layer)[0], config["padding"])
                values[name] = graph.conv(x[0], kernel, bias, config["strides"], padding)
            case "BatchNormalization":  # _fold_batch_norm has merged it into the convolution
                values[name] = x[0]
            case "ReLU":
                values[name] = graph.relu(x[0], config["max_value"])
            case "Activation" if config["activation"] == "relu":
                values[name] = graph.relu(x[0])
            case "Add":
                values[name] = graph.add("Add", *x)
            case "Concatenate":
                values[name] = graph.add("Concat", *x, axis=1)
            case "MaxPooling2D" | "AveragePooling2D" as kind:
                operator = kind.removesuffix("ing2D")
                size, strides, padding = config["pool_size"], config["strides"], config["padding"]
                values[name] = graph.pool(operator, x[0], size, strides, padding)
            case kind:
                raise ValueError(f"{name}: layers of class {kind} are not supported")

    dense = [layer for layer in layers if layer["class_name"] == "Dense"]
    if [layer["config"]["activation"] for layer in dense] != ["relu"] * (len(dense) - 1) + ["softmax"]:
        raise ValueError("the head does not consist of ReLU layers and a final softmax")
    head = [Dense(weights[f"{layer['name']}/kernel"], weights[f"{layer['name']}/bias"]) for layer in dense]
    return Backbone(values[_sources(pool)[0]], pool["config"]["pool_size"][0], head)


def _sources(layer: Layer) -> list[str]:
    return [source[0] for node in layer["inbound_nodes"] for source in node]


def _fold_batch_norm(name: str, norm: Layer, weights: Weights) -> tuple[Array, Array]:
    """Returns a convolution's kernel and bias with the batch norm that follows folded in, in double precision."""
    kernel = weights.get(f"{name}/kernel")
    if kernel is None:
        kernel = _to_grouped(weights[f"{name}/depthwise_kernel"])
    mean, variance, beta = (
        weights[f"{norm['name']}/{part}"].astype(np.float64) for part in ("moving_mean", "moving_variance", "beta")
    )
    gamma = weights.get(f"{norm['name']}/gamma", np.ones(1, np.float32)).astype(np.float64)
    scale = gamma / np.sqrt(variance + norm["config"]["epsilon"])
    return (kernel * scale).astype(np.float32), (beta - mean * scale).astype(np.float32)


def _write_tensorflow(bundle: Bundle, graph: Graph, image: str) -> Backbone:
    nodes: list[Layer] = [node for node in bundle.topology["node"] if node["op"] != "Const"]
    weights = bundle.weights
    *body, pool = takewhile(lambda node: node["op"] != "Squeeze", nodes)
    values: dict[str, str] = {}

    for node in body:
        name, inputs, attributes = node["name"], node.get("input", []), node["attr"]
        match node["op"]:
            case "Placeholder":
                values[name] = image
            case "Mul" | "Sub" | "AddV2" as operator:
                operands = [values.get(source) or graph.add_constant(weights[source]) for source in inputs]
                values[name] = graph.add(operator.removesuffix("V2"), *operands)
            case "_FusedConv2D" | "FusedDepthwiseConv2dNative" as operator:
                kernel = weights[inputs[1]]
                if operator == "FusedDepthwiseConv2dNative":
                    kernel = _to_grouped(kernel)
                bias, strides = weights[inputs[2]], _read_integers(attributes["strides"])[1:3]
                padding = _decode_text(attributes["padding"]["s"]).lower()
                convolved = graph.conv(values[inputs[0]], kernel, bias, strides, padding)
                match [_decode_text(fused) for fused in attributes["fused_ops"]["list"]["s"]]:
                    case ["BiasAdd"]:
                        values[name] = convolved
                    case ["BiasAdd", "Relu6"]:
                        values[name] = graph.relu(convolved, 6)
                    case others:
                        raise ValueError(f"{name}: convolutions fused with {others} are not supported")
            case unknown:
                raise ValueError(f"{name}: nodes of type {unknown} are not supported")

    dense = [node["input"] for node in nodes if node["op"] == "_FusedMatMul"]
    head = [Dense(weights[kernel], weights[bias]) for _, kernel, bias in dense]
    return Backbone(values[pool["input"][0]], _read_integers(pool["attr"]["ksize"])[1], head)


def _to_grouped(depthwise: Array) -> Array:
    """Reshapes [height, width, inputs, multiplier] to [height, width, 1, inputs * multiplier]."""
    return depthwise.reshape(*depthwise.shape[:2], 1, -1)


def _read_integers(attribute: Layer) -> list[int]:
    return [int(number) for number in attribute["list"]["i"]]


def _decode_text(encoded: str) -> str:
    return base64.b64decode(encoded).decode()
