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

.build/model/%.onnx: model/*.py model/models.toml | $(READY)
	@echo "==> building the model $*"
	$(BIN)/python model/build.py $* --out .build/model

setup: $(READY) ## install everything into .venv

model: $(ONNX) ## build the model (MODEL=mobilenet_v2, mobilenet_v2_mid or inception_v3)

run: $(ONNX) ## serve on http://127.0.0.1:3000 (PORT= for another)
	MODEL_PATH=$(ONNX) POWERTOOLS_METRICS_DISABLED=true \
		$(BIN)/python -m moderate.serve --no-keys --port $(PORT) --photo tests/fixtures/mosaics/porn.png

test: .build/model/mobilenet_v2.onnx ## run all tests
	$(BIN)/pytest -n auto

parity: $(READY) ## compare the models with nsfwjs itself, each from a clean build
	$(BIN)/pytest tests/parity

check: $(READY) ## lint, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(BIN)/uv ## resolve requirements/*.txt anew
	$(LOCK) --group dev -o requirements/dev.txt
	$(LOCK) --group moderate -c requirements/dev.txt -o requirements/moderate.txt

clean: ## remove what was built; .venv stays
	rm -rf .build .local .aws-sam
