# `make` alone prints what there is to do.
MODEL ?= mobilenet_v2
PORT ?= 3000
export UV_PYTHON_DOWNLOADS := never
export MODEL

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ONNX := .build/model/$(MODEL).onnx
LOCK := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url

.DEFAULT_GOAL := help
.PHONY: help setup model parity run test check lock clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/uv:
	@echo "==> making $(VENV)"
	python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv

$(READY): requirements/dev.txt pyproject.toml | $(BIN)/uv
	@echo "==> installing the locked packages"
	$(BIN)/uv pip sync --python $(BIN)/python --require-hashes requirements/dev.txt
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(READY) ## install everything into .venv

lock: $(BIN)/uv ## resolve requirements/*.txt anew
	$(LOCK) --group dev -o requirements/dev.txt
	$(LOCK) --group moderate -c requirements/dev.txt -o requirements/moderate.txt
