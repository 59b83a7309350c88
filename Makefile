# `make` without a target lists all targets.
# The model in MODEL_FILE judges everything, unless MODEL or SECOND_OPINION names it.
OWN := $(basename $(notdir $(MODEL_FILE)))
SECOND_OPINION ?= mobilenet_v2_mid
MODEL ?= $(or $(filter-out $(SECOND_OPINION),$(OWN)),mobilenet_v2)
PYTHON ?= python3
PORT ?= 3000
ENV ?= default
SECONDS_OF_FUZZING ?= 600
SECONDS ?= 600
COUNT ?= 10000
CHECKOUT ?= .
export SAM_CLI_TELEMETRY := 0
export UV_PYTHON_DOWNLOADS := never
export MODEL SECOND_OPINION
# A process that finds no compiled modules takes twice as long to start, so they are always written.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ONNX := .build/model/$(MODEL).onnx
# The first model, and the one that is asked for second opinions.
MODELS := $(patsubst %,.build/model/%.onnx,$(sort $(filter-out none,$(MODEL) $(SECOND_OPINION))))
SAM := .build/sam/bin/sam
# `sam build` and `sam deploy` read the same file, so that what is built matches the parameters.
SAMCONFIG := --config-file $(CURDIR)/.build/samconfig.yaml --config-env $(ENV)
PARAMETERS := $(BIN)/python -m deploy.samconfig Model=$(MODEL)
OPENAPI := .build/openapi
CHECKOV := .build/checkov/bin/checkov
LOCK := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url

.DEFAULT_GOAL := help
.PHONY: always help setup model parity run test check hostile ledger-scale timing soak soak-local load dearest fuzz browser clients shown sweep evidence pdq bench instructions template stack smoke readme build e2e deploy change-set execute lock clean

help: ## list all targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; found = sys.version_info[:2]; (3, 11) <= found <= (3, 13) or sys.exit( \
		"Modest needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is %d.%d. Name another: make setup PYTHON=python3.13" % found)'
	@echo "==> making $(VENV)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv

$(READY): requirements/dev.txt pyproject.toml | $(BIN)/uv
	@echo "==> installing the locked packages"
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation --editable .
	@touch $@

define BUILD_MODEL
	@echo "==> building the model $*"
	$(BIN)/python model/build.py $* --out .build/model
endef
RECIPE := $(wildcard model/*.py) model/models.toml functions/moderate/moderate/inference/model_file.py

# Make takes the first rule whose files there are.
.build/model/%.onnx: model/own/%.onnx $(RECIPE) | $(READY)
	$(BUILD_MODEL)

.build/model/%.onnx: $(RECIPE) | $(READY)
	$(BUILD_MODEL)

ifdef MODEL_FILE
$(if $(word 2,$(MODEL_FILE)),$(error MODEL_FILE must be a path without spaces, not $(MODEL_FILE)))
ifneq ($(abspath $(MODEL_FILE)),$(abspath model/own/$(OWN).onnx))
# Compared, because another file of that name may be older than the one before.
model/own/$(OWN).onnx: $(MODEL_FILE) always
	@cmp -s $< $@ || cp $< $@
endif
endif

setup: $(READY) ## create .venv and install the locked packages

model: $(MODELS) ## build the models (MODEL= and SECOND_OPINION= name them, MODEL_FILE= is one of your own)

run: $(MODELS) ## serve on http://127.0.0.1:3000 behind an emulation of API Gateway (PORT= sets the port)
	MODEL_PATH=$(ONNX) $(BIN)/python -m modest_local --port $(PORT)

test: .build/model/mobilenet_v2.onnx .build/model/mobilenet_v2_mid.onnx ## run the unit, integration and infrastructure tests
	$(BIN)/pytest -n auto

hostile: $(MODELS) ## attack the service on an isolated network (needs root, ip and openssl)
	$(BIN)/pytest -n auto --no-loadscope-reorder tests/load tests/hostile

ledger-scale: $(READY) ## check the ledger in random histories; measure 1.4 million calls and 60 a second (needs Java)
	$(BIN)/python -m tests.load.ledger_histories
	$(BIN)/python -m tests.load.ledger_scale

timing: $(MODELS) ## check the emulated usage plans in real time
	$(BIN)/pytest tests/gateway_timing

soak: $(MODELS) ## send 10,000 calls and watch the service's memory
	$(BIN)/python -m tests.load.soak

soak-local: $(MODELS) ## send 10,000 calls to the local gateway and watch its memory, speed and state
	$(BIN)/python -m tests.load.local_soak

load: $(MODELS) ## measure the calls a second that the service can answer
	$(BIN)/python -m tests.load.load

dearest: $(MODELS) ## look for requests that are dear for their size (SECONDS= sets the duration, SEED= repeats a run)
	$(BIN)/python -m tests.dearest --model $(ONNX) --seconds $(SECONDS) --seed "$(SEED)"

fuzz: $(READY) .build/fuzz/.ready ## fuzz the decoder (SECONDS_OF_FUZZING= sets the duration)
	$(BIN)/python -m tests.fuzz.seeds .build/fuzz-corpus .build/fuzz-photo.jpeg
	PYTHONPATH=.:functions/moderate:layers/modest .build/fuzz/bin/python tests/fuzz/decode.py .build/fuzz-photo.jpeg \
		-max_total_time=$(SECONDS_OF_FUZZING) -timeout=600 -rss_limit_mb=1024 -max_len=65536 \
		-artifact_prefix=.build/ .build/fuzz-corpus

browser: $(MODELS) ## test the playground in headless Chromium
	$(BIN)/pytest -n auto --dist loadfile tests/browser

clients: $(MODELS) .build/clients/.ready ## call the API with clients that tools make from its OpenAPI document
	$(BIN)/pytest tests/clients

shown: $(READY) ## look for images that browsers show differently from what is judged (COUNT=, SEED=, CHECKOUT=, KIND=, MUTATION=)
	$(BIN)/python -m tests.shown --count $(COUNT) --seed "$(SEED)" --checkout $(CHECKOUT) --kind "$(KIND)" \
		--mutation "$(MUTATION)"

sweep: $(MODELS) ## try the images of many packages, which it fetches, and write docs/sweep.md (needs apt-get, pip and npm)
	$(BIN)/python -m tests.sweep --model $(ONNX)

evidence: .build/model/mobilenet_v2.onnx .build/model/mobilenet_v2_mid.onnx ## count false positives on the pictures of many packages, which it fetches, for the model card (needs apt-get, pip and npm)
	$(BIN)/python -m tests.evidence .build/evidence
	$(BIN)/python model/evaluate.py .build/evidence

pdq: $(READY) .build/pdq/.ready ## measure PDQ on the pictures of many packages, which it fetches, and Meta's code (needs apt-get, pip, npm and a C++ compiler)
	$(BIN)/python -m tests.evidence .build/evidence
	$(BIN)/python -m tests.pdq .build/evidence/safe

bench: $(MODELS) .build/sam/.ready ## compare Modest with its peers, and with a commit (BASE=), and write docs/benchmarks.md
	$(BIN)/python -m bench $(BASE:%=--base %)

instructions: $(READY) ## count the instructions of decoding, and compare them with bench/instructions.json (UPDATE=1 replaces those; needs valgrind)
	$(BIN)/python -m bench.instructions $(UPDATE:%=--update)

parity: $(READY) .build/pdq/.ready ## compare each model, freshly built, with nsfwjs, and our PDQ with Meta's (needs a C++ compiler)
	$(BIN)/pytest tests/parity

$(OPENAPI)/.ready: tests/openapi/package.json tests/openapi/package-lock.json
	@echo "==> installing the linters of the OpenAPI document"
	mkdir -p $(@D) && cp $^ $(@D) && npm ci --prefix $(@D) --ignore-scripts --silent
	@touch $@

check: $(READY) $(OPENAPI)/.ready ## run the linters, the type checker and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/zizmor --offline --no-progress --strict-collection .github
	$(BIN)/python -m tests.openapi.document > $(OPENAPI)/document.json
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
		$(OPENAPI)/node_modules/.bin/redocly lint --extends recommended-strict $(OPENAPI)/document.json
	$(OPENAPI)/node_modules/.bin/spectral lint --fail-severity warn --ruleset tests/openapi/spectral.yaml \
		$(OPENAPI)/document.json

# Each tool has a virtual environment of its own, because checkov needs an old boto3.
.build/%/.ready: requirements/%.txt | $(BIN)/uv
	@echo "==> installing $*"
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .build/$*
	$(BIN)/uv pip sync --quiet --python .build/$*/bin/python --require-hashes $<
	@touch $@

template: $(READY) .build/sam/.ready .build/checkov/.ready ## check template.yaml before and after SAM's translation
	AWS_DEFAULT_REGION=us-east-1 $(SAM) validate
	$(BIN)/cfn-lint template.yaml
	$(BIN)/python -m tests.infrastructure.translated > .build/template.json
	for file in template.yaml .build/template.json; do \
		$(CHECKOV) --file $$file --framework cloudformation --compact --quiet --skip-download || exit; done

stack: $(MODELS) .build/sam/.ready .build/stack/.ready ## deploy a stack on an engine without AWS or Docker, test and delete it
	$(BIN)/pytest --capture=no tests/stack/test_deployed.py tests/stack/on_engine

smoke: $(READY) ## test a deployed stack in your AWS account (MODEST_STACK= names it)
	$(BIN)/python -m tests.stack.smoke

readme: $(MODELS) .build/sam/.ready ## run every command of the README in a fresh clone, the tests among them (needs Docker)
	tests/e2e/local-base-image $$($(PARAMETERS) --show $(ENV) BaseImage Architecture)
	tests/e2e/local-runtime-image
	$(BIN)/pytest --capture=no tests/readme

build: $(READY) .build/sam/.ready $(OWN:%=.build/model/%.onnx) ## build the container image and the zip functions (needs Docker)
	$(PARAMETERS) > .build/samconfig.yaml
	tests/e2e/local-base-image $$($(PARAMETERS) --show $(ENV) BaseImage Architecture)
	$(SAM) build $(SAMCONFIG)

# A changed parameter reaches traffic only with a new Release, so Release is a hash of everything that is deployed.
deploy: build ## build and deploy to AWS (ENV=prod uses the [prod.*] sections of samconfig.toml)
	release=$$( (docker image inspect --format '{{.Id}}' moderate:$(MODEL); cat .build/samconfig.yaml template.yaml) | \
		sha256sum | cut -c1-40); \
	$(PARAMETERS) Release=$$release > .build/samconfig.yaml
	$(SAM) deploy $(SAMCONFIG) $(DEPLOY_OPTIONS)
	$(if $(DEPLOY_OPTIONS),,$(BIN)/python -m deploy.finish .build/samconfig.yaml $(ENV))

change-set: DEPLOY_OPTIONS := --no-execute-changeset
change-set: deploy ## build, and create the change set of a deployment without executing it

execute: $(READY) ## execute a change set, and wait until it is deployed (CHANGE_SET= is its ARN)
	@mkdir -p .build
	$(PARAMETERS) > .build/samconfig.yaml
	$(BIN)/python -m deploy.execute .build/samconfig.yaml $(ENV) "$(CHANGE_SET)"

ifdef API_URL
e2e: $(READY) ## test the API over HTTP with sam local, or a deployment (API_URL= API_KEY=)
	$(BIN)/pytest tests/e2e/test_api.py
else
e2e: $(READY) .build/sam/.ready
	tests/e2e/local-base-image $$($(PARAMETERS) --show $(ENV) BaseImage Architecture)
	tests/e2e/local-runtime-image
	$(SAM) build
	docker build --quiet --tag modest:e2e --build-arg MODEL=$(MODEL) \
		--build-arg SECOND_OPINION=$(SECOND_OPINION) --file functions/moderate/Dockerfile .
	$(BIN)/pytest tests/e2e
endif

lock: $(BIN)/uv ## update the lock files in requirements/
	$(LOCK) --group dev -o requirements/dev.txt
	for group in moderate model; do $(LOCK) --group $$group -c requirements/dev.txt -o requirements/$$group.txt || exit; done
	for tool in sam checkov fuzz clients pdq bench-nudenet; do $(LOCK) requirements/$$tool.in -o requirements/$$tool.txt || exit; done
	$(LOCK) --override requirements/stack-overrides.txt requirements/stack.in -o requirements/stack.txt
	$(LOCK) --override requirements/bench-opennsfw-overrides.txt requirements/bench-opennsfw.in \
		-o requirements/bench-opennsfw.txt

clean: ## remove all build results and local state, but not .venv
	rm -rf .build .local .aws-sam
