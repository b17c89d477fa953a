# Every verb does `make setup` first, which costs nothing where nothing changed. Only python3, make and git are needed.

# Real files of senders, for test-corpora; they are not part of the project.
CORPORA ?= ../shared/domain/samples

PYTEST := .venv/bin/pytest

# From the quickest to the slowest, each its own process: what fails first says most.
SUITES := unit contract simulation template events fuzz emulator stack

.PHONY: help setup demo check lint format-check types policy validate format test $(SUITES:%=test-%) test-feeds test-corpora test-marked test-office test-living test-console simulate simulate-histories simulate-nights simulate-mutations simulate-reproductions mutation soak storm seen properties prove fuzz bench clean lock sbom docs

help:
	@echo 'make demo     the local world: drop files, watch them, read their balance'
	@echo 'make test     all checks and test suites, as the gate runs them'
	@echo 'make check    lint, format, types, template and policies only (make format mends the first two)'
	@echo 'make test-X   one suite of: $(SUITES) feeds corpora'
	@echo 'make test-marked    tests that are too long for every commit; make prove runs them, too'
	@echo 'make test-living    docs/living.md, typed block by block on a local world of its own'
	@echo 'make test-console   the console in a headless Chromium, with screenshots in .proof/console'
	@echo 'make test-office    the reject loop through LibreOffice, where it is installed'
	@echo 'make simulate SEEDS=10000    bad nights by their seeds (or FIRST-LAST)'
	@echo '              FAULTS=RECUT,DOWN: only these kinds of fault; ALSO=EXPIRED: that one in every seed, too'
	@echo '              simulate-histories: dispatchers that change the same histories'
	@echo '              simulate-nights: an outage, the rate, a huge file, measured; simulate-mutations: bugs it must find'
	@echo '              simulate-reproductions: faults that were found once; the test of each must miss its mend'
	@echo 'make soak MINUTES=20         the local world: files of all feeds, workers killed, deploys in the middle, a restart'
	@echo '              SLOW=3: on a machine that others use as well, where a function takes longer to start'
	@echo 'make storm                   the local world: 3,000 crew duties of which 410 change, and the account of their hours'
	@echo 'make seen                    the local world: why a file waits, seen by four verbs; 200 invoices found by number in 50 files'
	@echo 'make properties ROUNDS=10    the laws on new examples each round, where make test has the same ones each time'
	@echo 'make mutation                the modules that decide, changed in one place at a time: do their tests miss it?'
	@echo 'make fuzz SECONDS=600        bytes against every format and compression, guided by coverage (test-fuzz: a second of each format)'
	@echo 'make prove    hours: all of these one after the other, with a report in .proof (PROOFS="seeds soak": only these)'
	@echo 'make bench    the figures, as ratios in one run'
	@echo 'make lock     lock the dependencies anew'
	@echo 'make docs     the documents as one site in .site; a link that leads nowhere fails it'
	@echo 'make sbom     what the layers carry, as a bill of materials in CycloneDX form'
	@echo 'make clean    stop the local world; remove builds, caches and environments'

setup:
	@scripts/setup

demo: setup
	@.venv/bin/penstock demo

# ── checks

# Side by side: the types keep one core busy for most of it.
check: setup
	@$(MAKE) --no-print-directory --jobs --output-sync types policy validate lint format-check

lint: setup
	.venv/bin/ruff check

format-check: setup
	.venv/bin/ruff format --check

types: setup
	.venv/bin/pyright

validate: setup
	SAM_CLI_TELEMETRY=0 .world/sam/bin/sam validate --lint --region us-east-1

policy: setup
	.world/policy/bin/checkov --config-file scripts/policy.yaml --file template.yaml

format: setup
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

# ── tests

test: check $(SUITES:%=test-%) test-feeds

# These share the cores. Where a process has servers or a local world of its own, it has whole files to itself.
test-unit test-simulation test-fuzz: PYTEST += --numprocesses auto
test-contract test-events test-stack test-corpora: PYTEST += --numprocesses auto --dist loadfile

$(SUITES:%=test-%): test-%: setup
	$(PYTEST) tests/$*

# Those that `penstock feeds new` writes, and others for feeds of one's own; the project has none there.
test-feeds: setup
	@if ls tests/feeds/test_*.py >/dev/null 2>&1; then \
		$(PYTEST) tests/feeds; \
	else \
		echo "test-feeds: there are no tests of feeds of your own in tests/feeds"; \
	fi

test-corpora: setup
	@if [ -d "$(CORPORA)" ]; then \
		PENSTOCK_CORPORA="$(abspath $(CORPORA))" $(PYTEST) tests/corpora; \
	else \
		echo "test-corpora: not run, there are no sample files at $(CORPORA) (CORPORA=folder names another place)"; \
	fi

# What tests are marked for: `@pytest.mark.prove`.
test-marked: setup
	$(PYTEST) tests -m prove --numprocesses auto --dist loadfile

# A quarter of an hour, twice that on a busy machine: it deploys two releases, back and forth, and two stacks.
test-living: setup
	$(PYTEST) tests/living

test-office: setup
	@if command -v soffice >/dev/null || command -v libreoffice >/dev/null; then \
		$(PYTEST) tests/office; \
	else \
		echo "test-office: not run, LibreOffice is not installed (Debian: apt install libreoffice-calc-nogui)"; \
	fi

# A person's tasks in the console, in a headless Chromium; screenshots go to .proof/console.
test-console:
	@scripts/setup chromium
	$(PYTEST) tests/console

SEEDS ?= 1000

simulate: setup
	@.venv/bin/python -m tests.simulation $(SEEDS) $(if $(FAULTS),--only $(FAULTS)) $(if $(ALSO),--also $(ALSO))

simulate-histories: setup
	@.venv/bin/python -m tests.simulation.histories $(SEEDS)

simulate-nights: setup
	@.venv/bin/python -m tests.simulation.nights

simulate-mutations: setup
	@.venv/bin/python -m tests.simulation.mutations

simulate-reproductions: setup
	@.venv/bin/python -m tests.simulation.reproductions

ROUNDS ?= 10

properties: setup
	@for round in $$(seq $(ROUNDS)); do \
		$(PYTEST) tests -m "(hypothesis or faults) and not prove" --hypothesis-profile=default --numprocesses auto --quiet || exit 1; \
	done

# Hours: what takes too long for every commit. What is printed and a report are in .proof.
prove: setup
	@.venv/bin/python -m tests.prove $(PROOFS)

# A quarter of an hour of one core.
mutation:
	@scripts/setup mutation
	@.venv/bin/python -m tests.mutation

SECONDS ?= 600

MINUTES ?= 20
SLOW ?= 1

soak: setup
	@.venv/bin/python -m tests.soak --minutes $(MINUTES) --slow $(SLOW)

storm: setup
	@.venv/bin/python -m tests.storm

seen: setup
	@.venv/bin/python -m tests.seen --slow $(SLOW)

fuzz: setup
	@.venv/bin/python -m tests.fuzz --seconds $(SECONDS)

bench:
	@scripts/setup bench
	@.venv/bin/python -m tests.bench

# ── upkeep

LOCK := .tools/uv/bin/uv pip compile --quiet --universal --python-version 3.13 --no-header --generate-hashes

# A second botocore would be the one that is imported, and is not lean.
IN_THE_CORES_LAYER := aiobotocore aiohappyeyeballs aiohttp aioitertools aiosignal attrs botocore frozenlist idna jmespath \
	multidict propcache python-dateutil six typing-extensions urllib3 wrapt yarl

lock: setup
	$(LOCK) requirements/layer.in --output-file layers/penstock/requirements.txt
	$(LOCK) requirements/documents.in --constraint layers/penstock/requirements.txt --output-file layers/documents/requirements.txt
	$(LOCK) requirements/tables.in --output-file layers/tables/requirements.txt
	$(LOCK) requirements/app.in --output-file requirements/app.txt
	$(LOCK) requirements/console.in --constraint requirements/app.txt $(IN_THE_CORES_LAYER:%=--no-emit-package %) \
		--output-file scripts/console_layer/requirements.txt
	$(LOCK) requirements/sam.in --output-file requirements/sam.txt
	$(LOCK) requirements/build.in --output-file requirements/build.txt
	$(LOCK) requirements/emulator.in --output-file requirements/emulator.txt
	$(LOCK) requirements/ric.in --output-file requirements/ric.txt
	$(LOCK) requirements/bench.in --output-file requirements/bench.txt
	$(LOCK) requirements/sbom.in --output-file requirements/sbom.txt
	$(LOCK) requirements/policy.in --output-file requirements/policy.txt
	$(LOCK) requirements/mutation.in --constraint requirements/app.txt --output-file requirements/mutation.txt
	$(LOCK) requirements/docs.in --output-file requirements/docs.txt
	$(LOCK) requirements/uv.in --output-file requirements/uv.txt

docs:
	@scripts/setup docs
	@NO_MKDOCS_2_WARNING=1 .world/docs/bin/mkdocs build --config-file scripts/site/mkdocs.yml
	@echo 'the site is in .site: python3 -m http.server --bind 127.0.0.1 --directory .site'

sbom:
	@scripts/setup sbom
	.world/sbom/bin/cyclonedx-py environment --pyproject pyproject.toml --output-file sbom.cdx.json .world/layers

clean:
	@[ ! -x .venv/bin/penstock ] || .venv/bin/penstock down
	rm -rf sbom.cdx.json .proof .site .venv .world .tools .penstock .aws-sam .pytest_cache .ruff_cache .hypothesis
