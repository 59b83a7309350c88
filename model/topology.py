"""Walks the two formats that upstream saved its models in and writes either with the same operations."""

import base64
from itertools import takewhile
from typing import Any

import numpy as np
from bundle import Bundle, Weights
from graph import Array, Dense, Graph, Trunk

Layer = dict[str, Any]


def write_trunk(model_format: str, bundle: Bundle, graph: Graph, image: str) -> Trunk:
    """Writes everything up to the last pooling; the head is returned for Graph.classify() to write."""
    writer = {"keras": _keras, "graph": _tensorflow}[model_format]
    return writer(bundle, graph, image)


def _keras(bundle: Bundle, graph: Graph, image: str) -> Trunk:  # noqa: C901 (one case a layer)
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
                kernel, bias = _folded(name, norms[name], weights)
                padding = pads.get(_sources(layer)[0], config["padding"])
                values[name] = graph.conv(x[0], kernel, bias, config["strides"], padding)
            case "BatchNormalization":  # folded into the convolution before it
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
                raise ValueError(f"{name}: no rule for a layer of class {kind}")

    dense = [layer for layer in layers if layer["class_name"] == "Dense"]
    if [layer["config"]["activation"] for layer in dense] != ["relu"] * (len(dense) - 1) + ["softmax"]:
        raise ValueError("the head is not ReLUs and one softmax")
    head = [Dense(weights[f"{layer['name']}/kernel"], weights[f"{layer['name']}/bias"]) for layer in dense]
    return Trunk(values[_sources(pool)[0]], pool["config"]["pool_size"][0], head)


def _sources(layer: Layer) -> list[str]:
    return [source[0] for node in layer["inbound_nodes"] for source in node]


def _folded(name: str, norm: Layer, weights: Weights) -> tuple[Array, Array]:
    """A convolution's kernel and bias with the batch norm after it folded in, in double precision."""
    kernel = weights.get(f"{name}/kernel")
    if kernel is None:
        kernel = _grouped(weights[f"{name}/depthwise_kernel"])
    mean, variance, beta = (
        weights[f"{norm['name']}/{part}"].astype(np.float64) for part in ("moving_mean", "moving_variance", "beta")
    )
    gamma = weights.get(f"{norm['name']}/gamma", np.ones(1, np.float32)).astype(np.float64)
    scale = gamma / np.sqrt(variance + norm["config"]["epsilon"])
    return (kernel * scale).astype(np.float32), (beta - mean * scale).astype(np.float32)


def _tensorflow(bundle: Bundle, graph: Graph, image: str) -> Trunk:
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
                operands = [values.get(source) or graph.constant(weights[source]) for source in inputs]
                values[name] = graph.add(operator.removesuffix("V2"), *operands)
            case "_FusedConv2D" | "FusedDepthwiseConv2dNative" as operator:
                kernel = weights[inputs[1]]
                if operator == "FusedDepthwiseConv2dNative":
                    kernel = _grouped(kernel)
                bias, strides = weights[inputs[2]], _numbers(attributes["strides"])[1:3]
                padding = _text(attributes["padding"]["s"]).lower()
                convolved = graph.conv(values[inputs[0]], kernel, bias, strides, padding)
                match [_text(fused) for fused in attributes["fused_ops"]["list"]["s"]]:
                    case ["BiasAdd"]:
                        values[name] = convolved
                    case ["BiasAdd", "Relu6"]:
                        values[name] = graph.relu(convolved, 6)
                    case others:
                        raise ValueError(f"{name}: no rule for a convolution fused with {others}")
            case unknown:
                raise ValueError(f"{name}: no rule for a node {unknown}")

    dense = [node["input"] for node in nodes if node["op"] == "_FusedMatMul"]
    head = [Dense(weights[kernel], weights[bias]) for _, kernel, bias in dense]
    return Trunk(values[pool["input"][0]], _numbers(pool["attr"]["ksize"])[1], head)


def _grouped(depthwise: Array) -> Array:
    """[height, width, inputs, multiplier] to [height, width, 1, inputs * multiplier]."""
    return depthwise.reshape(*depthwise.shape[:2], 1, -1)


def _numbers(attribute: Layer) -> list[int]:
    return [int(number) for number in attribute["list"]["i"]]


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode()
