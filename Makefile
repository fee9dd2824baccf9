# The words people type. What they do is in lab/ and tests/; lab/bootstrap installs what is missing before each.
SHELL := /bin/bash
run := @lab/bootstrap

help: ## List these words
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-17s%s\n", $$1, $$2}' Makefile

demo: ## Do the main job on a lab of containers: provision, migrate, verify, back up, restore
	$(run) python -m lab.demo

demo-down: ## Remove every trace of the demo
	$(run) python -m lab.demo down

test: ## All tests, those below and the demo, and a table of them
	$(run) python tests/run.py all

lint: ## Style and types, with the strictest rules; pre-commit runs the same
	$(run) python tests/run.py lint

unit: ## Unit tests, in seconds
	$(run) python tests/run.py unit

integration: ## Modules against a real PostgreSQL 15 and a real Redis 7
	$(run) python tests/run.py integration

molecule: ## Roles and journeys on containers: all, or make molecule SCENARIO=postgresql_config
	$(run) python tests/run.py molecule $(SCENARIO)

bench-converge: ## Time a no-change run against another role: make bench-converge PEER_ROLE=DIRECTORY
	$(run) python -m bench.converge $(PEER_ROLE)

bench-health: ## Time check_health.yml on 10, 25 and 50 hosts, and with a dead one
	$(run) python -m bench.health

prove-alerts: ## Drive a server over the line of every alert, see it fire and go: make prove-alerts CAUSES="disk_critical"
	$(run) env PYTHONPATH=tests/integration python -m bench.alerts $(CAUSES)

bench-migration: ## Time the migration against COPY and against row by row: make bench-migration USERS=20000 THREADS=200000
	$(run) env PYTHONPATH=tests/integration python -m bench.migration $(if $(USERS),--users $(USERS)) $(if $(THREADS),--threads $(THREADS))

faults-migration: ## Disturb migrations at random moments: make faults-migration KILLS=100 OTHERS=10
	$(run) env PYTHONPATH=tests/integration python -m bench.faults $(if $(KILLS),--kills $(KILLS)) $(if $(OTHERS),--others $(OTHERS))

bench-backup: ## Time backups and restores against the plain tools: make bench-backup USERS=20000 THREADS=200000
	$(run) env PYTHONPATH=tests/integration python -m bench.backup $(if $(USERS),--users $(USERS)) $(if $(THREADS),--threads $(THREADS)) $(if $(ROUNDS),--rounds $(ROUNDS))

faults-backup: ## Strike at backups, restores and drills at random moments: make faults-backup KILLS=20 DAMAGES=50 OTHERS=5 SEED=1
	$(run) env PYTHONPATH=tests/integration python -m bench.backup_faults $(if $(KILLS),--kills $(KILLS)) $(if $(DAMAGES),--damages $(DAMAGES)) $(if $(OTHERS),--others $(OTHERS)) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

format: ## Let the formatter lay out the Python files
	$(run) ruff format

changelog: ## Gather the fragments into CHANGELOG.md, for the version in pyproject.toml
	$(run) antsibull-changelog release

requirements: ## Lock the newest Python packages that pyproject.toml allows
	$(run) uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --group dev pyproject.toml --output-file requirements.txt

.PHONY: help demo demo-down test lint unit integration molecule bench-converge bench-health prove-alerts bench-migration faults-migration bench-backup faults-backup format changelog requirements
