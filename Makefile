# Two commands on a bare machine (python3 >= 3.11, make, gcc): `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

.PHONY: install test test-node test-browser demo bench chaos lint types format lock clean

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

lint: install
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/lint-imports --config pyproject.toml

types: install
	$(RUN)/mypy

format: install
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

test: install
	$(RUN)/pytest -n 2 --no-loadscope-reorder -m "not chaos and not node and not browser"

test-node: install
	$(RUN)/pytest -m node -rs

test-browser: install
	$(RUN)/pytest -m browser -rs

chaos: install
	$(RUN)/pytest -m chaos --timeout 3600

bench: install
	$(RUN)/python -m benchmarks

demo: install
	$(RUN)/crm demo $(if $(STAY),--stay)

# Needs uv on the PATH; the lock holds hashes and no address, so it installs from any index.
lock:
	uv pip compile pyproject.toml --group development --extra telemetry --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --no-emit-index-url -o requirements.lock

clean:
	rm -rf $(VENV) .crm
