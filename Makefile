# make demo: the product's main job, on real images.   make test: lint, types, import directions, all tests.
# make test-milvus: the tests of shared memories on a real Milvus server, started for it; MILVUS_TESTS are all or some.
# make docs: the documents and the reference, into build/docs.   make coverage: what the tests reach, engine and window apart.
# make app: the application as one folder, into build/app.   make release: all that is released, built and checked.
# WORKERS is how many processes share the tests, a file at a time.
# Each sets up everything it needs: a virtual environment and, on Debian as root, the apt packages.

VENV ?= .venv
PYTHON ?= python3
WORKERS ?= 2
MILVUS_TESTS ?= tests/engine/shared_memory tests/app/test_shared_memory.py
BIN := $(VENV)/bin
APT_BUILD := python3-venv python3-dev g++ make
APT_QT := libgl1 libegl1 libxkbcommon0 libglib2.0-0 libfontconfig1 libdbus-1-3 fonts-dejavu-core
APT_X := xvfb xdotool libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0

.PHONY: python demo test test-milvus lint coverage docs bench app release soak setup apt clean

demo: setup
	$(BIN)/visualmemory encoders --prepare
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then $(BIN)/visualmemory demo; \
	else mkdir -p build && $(BIN)/visualmemory demo --screenshot build/demo.png && echo "no display here: the window is in build/demo.png"; fi

test: setup lint
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --durations 40 --durations-min 5

test-milvus: setup
	$(PYTHON) -m venv build/milvus && build/milvus/bin/python -m pip install --quiet milvus==2.3.5 setuptools
	$(BIN)/python -m tools.milvus_server build/milvus/bin/milvus-server $(BIN)/python -m pytest $(MILVUS_TESTS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

coverage: setup
	rm -rf build/coverage && mkdir -p build/coverage
	$(BIN)/python -m coverage run -m pytest --numprocesses $(WORKERS) --dist loadfile
	$(BIN)/python -m coverage combine --quiet
	@for part in engine app; do echo "== $$part"; $(BIN)/python -m coverage report --include="visualmemory_gui/$$part/*"; done

docs: setup
	$(BIN)/python -m pip install --quiet -e '.[docs]'
	$(BIN)/python -m mkdocs build --strict

bench: setup
	$(BIN)/python -m pip install --quiet -e '.[bench]'
	$(BIN)/python -m benchmarks

app: setup
	$(BIN)/python -m pip install --quiet -e '.[app]'
	$(BIN)/python -m tools.application

release: setup
	$(BIN)/python -m pip install --quiet -e '.[app,docs]'
	$(BIN)/python -m tools.release

soak: setup
	SOAK=1 $(BIN)/python -m pytest tests/reliability tests/property tests/engine/exchange/test_ray.py tests/engine/exchange/test_merge.py \
	  tests/engine/memory/test_reembed.py tests/engine/shared_memory --timeout 3600

setup: python apt $(VENV)/.ready

python:
	@$(PYTHON) -c 'import sys; old = sys.version_info < (3, 11); sys.exit("Python %d.%d is too old: name one from 3.11 on, as in make PYTHON=python3.12" % sys.version_info[:2] if old else 0)'

apt:
	@if [ -f /etc/debian_version ] && [ "$$(id -u)" = 0 ]; then \
	  missing=""; for p in $(APT_BUILD) $(APT_QT) $(APT_X); do \
	    dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	  if [ -n "$$missing" ] || ! apt-cache show openclipart-png >/dev/null 2>&1; then apt-get update -qq; fi; \
	  if [ -n "$$missing" ]; then DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; fi; \
	fi

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[hnsw,map,test]'
	touch $@

clean:
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis
