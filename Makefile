# `make` alone prints what there is to do.
MODEL ?= mobilenet_v2
PORT ?= 3000
ENV ?= default
SECONDS_OF_FUZZING ?= 600
export SAM_CLI_TELEMETRY := 0
export UV_PYTHON_DOWNLOADS := never
export MODEL
# Kept, wherever it says otherwise: a process that finds no compiled modules starts in twice the time.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ONNX := .build/model/$(MODEL).onnx
SAM := .build/sam/bin/sam
# For `sam build` and `sam deploy` alike: what is built is then what the parameters say.
SAMCONFIG := --config-file $(CURDIR)/.build/samconfig.yaml --config-env $(ENV)
PARAMETERS := $(BIN)/python -m deploy.samconfig Model=$(MODEL)
CHECKOV := .build/checkov/bin/checkov
LOCK := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url

.DEFAULT_GOAL := help
.PHONY: help setup model parity run test check hostile timing soak load fuzz browser bench template build e2e deploy lock clean

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

run: $(ONNX) ## serve on http://127.0.0.1:3000 (PORT= for another), API Gateway emulated in front
	MODEL_PATH=$(ONNX) $(BIN)/python -m modest_local --port $(PORT)

test: .build/model/mobilenet_v2.onnx ## run all tests
	$(BIN)/pytest -n auto

hostile: $(ONNX) ## attack it, on an internet of its own (needs root, ip and openssl)
	$(BIN)/pytest -n auto --dist loadfile tests/hostile tests/load

timing: $(ONNX) ## hold the emulated usage plans to their rates, in real time
	$(BIN)/pytest tests/gateway_timing

soak: $(ONNX) ## ask it 10,000 times and watch its memory
	$(BIN)/python -m tests.load.soak

load: $(ONNX) ## ask it as fast as it answers
	$(BIN)/python -m tests.load.load

fuzz: $(READY) .build/fuzz/.ready ## fuzz the decoder (SECONDS_OF_FUZZING=)
	$(BIN)/python -m tests.fuzz.seeds .build/fuzz-corpus
	PYTHONPATH=functions/moderate:layers/modest .build/fuzz/bin/python tests/fuzz/decode.py \
		-max_total_time=$(SECONDS_OF_FUZZING) -timeout=10 -rss_limit_mb=1024 -max_len=65536 \
		-artifact_prefix=.build/ .build/fuzz-corpus

browser: $(ONNX) ## try the playground in a headless Chromium
	$(BIN)/pytest tests/browser

bench: $(ONNX) .build/sam/.ready ## measure it side by side with its peers, and write docs/benchmarks.md
	$(BIN)/python -m bench

parity: $(READY) ## compare the models with nsfwjs itself, each from a clean build
	$(BIN)/pytest tests/parity

check: $(READY) ## lint, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Each in an environment of its own: checkov alone wants an old boto3.
.build/%/.ready: requirements/%.txt | $(BIN)/uv
	@echo "==> installing $*"
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .build/$*
	$(BIN)/uv pip sync --quiet --python .build/$*/bin/python --require-hashes $<
	@touch $@

template: $(READY) .build/sam/.ready .build/checkov/.ready ## check the deployment's template, before and after translation
	AWS_DEFAULT_REGION=us-east-1 $(SAM) validate
	$(BIN)/cfn-lint template.yaml
	$(BIN)/python -m tests.infrastructure.translated > .build/template.json
	for file in template.yaml .build/template.json; do \
		$(CHECKOV) --file $$file --framework cloudformation --compact --quiet --skip-download || exit; done

build: $(ONNX) .build/sam/.ready ## build what is deployed (needs a Docker engine)
	$(PARAMETERS) > .build/samconfig.yaml
	tests/e2e/local-base-image $$($(PARAMETERS) --show $(ENV) BaseImage Architecture)
	$(SAM) build $(SAMCONFIG)

# A changed parameter reaches traffic only with a new Release.
deploy: build ## deploy to AWS (ENV=prod takes samconfig.toml's prod tables)
	release=$$( (docker image inspect --format '{{.Id}}' moderate:$(MODEL); cat .build/samconfig.yaml template.yaml) | \
		sha256sum | cut -c1-40); \
	$(PARAMETERS) Release=$$release > .build/samconfig.yaml
	$(SAM) deploy $(SAMCONFIG)

ifdef API_URL
e2e: $(READY) ## test the API from outside: sam local, or a deployment (API_URL= API_KEY=)
	$(BIN)/pytest tests/e2e/test_api.py
else
e2e: build
	tests/e2e/local-runtime-image
	docker build --quiet --tag modest:e2e --build-arg MODEL=$(MODEL) --file functions/moderate/Dockerfile .
	$(BIN)/pytest tests/e2e
endif

lock: $(BIN)/uv ## resolve requirements/*.txt anew
	$(LOCK) --group dev -o requirements/dev.txt
	$(LOCK) --group moderate -c requirements/dev.txt -o requirements/moderate.txt
	for tool in sam checkov fuzz bench-nudenet; do $(LOCK) requirements/$$tool.in -o requirements/$$tool.txt || exit; done
	$(LOCK) --override requirements/bench-opennsfw-overrides.txt requirements/bench-opennsfw.in \
		-o requirements/bench-opennsfw.txt

clean: ## remove what was built; .venv stays
	rm -rf .build .local .aws-sam
