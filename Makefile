# make demo: build the story package, audit it.   make test: everything.   Both set up .venv themselves.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-oracle lint bench precision host-precision ddl-precision honest signed-code fuzz shell-oracle sql-oracle migration-oracle airflow-oracle sql-speed shell-stress reader-speed squawk clean

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test,lint]'
	touch $(READY)

demo: $(READY)
	$(BIN)/python -m fixtures.build story --out demo
	$(BIN)/dten-audit demo/Full-upgrade-package-dten.zip --site demo/site.yaml \
	  --trust demo/trust --matrix demo/matrix.yaml \
	  --window 2026-11-22T02:30:00+01:00/1h || test $$? -eq 1
	@echo
	@echo "Without a site, what cannot be known becomes a question:"
	@echo "  $(BIN)/dten-audit demo/Full-upgrade-package-dten.zip"

test: $(READY)
	$(BIN)/python -m pytest -n auto -m 'not oracle'
	$(BIN)/dten-audit rules test

test-oracle: $(READY)
	$(BIN)/python -m pytest -m oracle -rP

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(PYTHON) -m venv build/bench
	build/bench/bin/python -m pip install --quiet --force-reinstall .
	$(BIN)/python benchmarks/bench.py --tool build/bench/bin/dten-audit

precision: $(READY)
	$(BIN)/python -m benchmarks.fetch_real_packages build/real
	$(BIN)/python benchmarks/precision.py build/real

host-precision: $(READY)
	$(BIN)/python -m benchmarks.host_precision build/host-packages

ddl-precision: $(READY)
	$(BIN)/python -m benchmarks.ddl_precision build/ddl-packages

config-precision: $(READY)
	$(BIN)/python -m benchmarks.config_precision build/config-packages

matrix-cost: $(READY)
	$(BIN)/python -m benchmarks.matrix_cost

honest: $(READY)
	$(BIN)/python -m benchmarks.honest_archives build/honest

signed-code: $(READY)
	$(BIN)/python -m benchmarks.signed_code build/signed-code

fuzz: $(READY)
	$(BIN)/python -m benchmarks.fuzz_archives --minutes 10 --keep

squawk: $(READY)
	$(BIN)/python -m benchmarks.squawk_side_by_side build/squawk

shell-oracle: $(READY)
	$(BIN)/python -m benchmarks.shell_oracle build/shell-oracle

migration-oracle: $(READY)
	$(BIN)/python -m benchmarks.migration_oracle build/migration-oracle

sql-oracle: $(READY)
	$(BIN)/python -m benchmarks.sql_oracle build/sql-oracle

airflow-oracle: $(READY)
	$(BIN)/python -m benchmarks.airflow_oracle build/airflow-oracle

sql-speed: $(READY)
	$(BIN)/python -m benchmarks.sql_speed build/sql-oracle

reader-speed: $(READY)
	$(BIN)/python -m benchmarks.reader_speed

shell-stress: $(READY)
	$(BIN)/python -m benchmarks.shell_stress

clean:
	rm -rf $(VENV) demo build dist
