"""Settings from what a host has: the values, what the operator's own do to the others, and what does not fit."""

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.sizes import GB, KB, MB, parse_bytes, setting_text, shown
from ansible.module_utils.pgops.tuning import neat, stable_memory, tune
from ansible.module_utils.pgops.tuning_inputs import STORAGE, WORKLOADS, Host

import pg_tuning_info

WEB = WORKLOADS["web"]
SMALL, MEDIUM, LARGE = Host(GB, 1), Host(8 * GB, 4), Host(64 * GB, 16)


def values(host: Host, workload=WEB, **declared: str) -> dict[str, str]:
    return {name: setting.value for name, setting in tune(host, workload, declared).settings.items()}


@pytest.mark.parametrize(
    ("host", "workload", "expected"),
    [
        pytest.param(SMALL, "web", ("256MB", "60", "2MB", "64MB", "32MB", "3"), id="1-GB-web"),
        pytest.param(MEDIUM, "web", ("2GB", "200", "8MB", "512MB", "256MB", "3"), id="8-GB-web"),
        pytest.param(MEDIUM, "oltp", ("2GB", "300", "5MB", "512MB", "256MB", "3"), id="8-GB-oltp"),
        pytest.param(MEDIUM, "reporting", ("2GB", "40", "16MB", "1GB", "341MB", "3"), id="8-GB-reporting"),
        pytest.param(LARGE, "web", ("16GB", "200", "80MB", "2GB", "512MB", "8"), id="64-GB-web"),
        pytest.param(LARGE, "mixed", ("16GB", "100", "100MB", "2GB", "512MB", "8"), id="64-GB-mixed"),
    ],
)
def test_memory_is_divided_by_what_the_server_is_for(host, workload, expected):
    found = values(host, WORKLOADS[workload])
    names = ("shared_buffers", "max_connections", "work_mem", "maintenance_work_mem", "autovacuum_work_mem")
    assert tuple(found[name] for name in (*names, "autovacuum_max_workers")) == expected


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=WORKLOADS)
@pytest.mark.parametrize("cores", [1, 2, 64])
@pytest.mark.parametrize("memory", [GB, 2 * GB, 3_900_000_000, 8 * GB, 512 * GB])
def test_what_is_computed_fits_into_the_memory_on_every_host(memory, cores, workload):
    sheet = tune(Host(memory, cores), workload, {})
    assert sheet.demand.total <= memory
    assert all(setting.reason.endswith(".") for setting in sheet.settings.values())


@pytest.mark.parametrize(
    ("storage", "expected"),
    [("ssd", ("1.1", "200", "2000")), ("network", ("1.5", "300", "1000")), ("hdd", ("4", "2", "400"))],
)
def test_the_kind_of_disk_decides_on_costs(storage, expected):
    found = values(Host(8 * GB, 4, storage))
    names = ("random_page_cost", "effective_io_concurrency", "autovacuum_vacuum_cost_limit")
    assert tuple(found[name] for name in names) == expected


def test_an_assumed_disk_is_said_to_be_assumed():
    reason = tune(Host(8 * GB, 4, storage_is_assumed=True), WEB, {}).settings["random_page_cost"].reason
    assert "assumed" in reason


@pytest.mark.parametrize(
    ("disk_bytes", "expected"),
    [(None, ("4GB", "1GB")), (100 * GB, ("4GB", "1GB")), (20 * GB, ("2GB", "512MB")), (GB, ("256MB", "64MB"))],
)
def test_wal_takes_a_tenth_of_the_disk_at_most(disk_bytes, expected):
    found = values(Host(8 * GB, 4, disk_bytes=disk_bytes))
    assert (found["max_wal_size"], found["min_wal_size"]) == expected


def test_the_operators_value_wins_and_the_others_follow_it():
    found = tune(MEDIUM, WEB, {"max_connections": "50", "shared_buffers": "4GB"}).settings
    assert (found["max_connections"].value, found["max_connections"].declared) == ("50", True)
    assert found["max_connections"].reason == "Declared; 200 was computed: 200 are usual for many short requests."
    assert found["work_mem"].value == "16MB"
    assert found["wal_buffers"].value == "16MB"


def test_a_declared_setting_that_is_not_computed_stands_at_the_end():
    assert list(values(MEDIUM, WEB, **{"pgaudit.log": "ddl"}))[-1] == "pgaudit.log"


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        pytest.param({"work_mem": "64MB"}, "25.5 GB for 200 sessions and 4 parallel workers with 2 times 64 MB of work_mem", id="work-mem"),
        pytest.param({"work_mem": "65536"}, "with 2 times 64 MB of work_mem", id="number-in-kB"),
        pytest.param({"shared_buffers": "1048576"}, "8 GB shared_buffers", id="number-in-blocks"),
        pytest.param({"max_connections": "2000"}, "5.9 GB for 2000 sessions of 3 MB", id="sessions"),
        pytest.param({"autovacuum_work_mem": "3GB"}, "9 GB for 3 autovacuum workers", id="autovacuum"),
        pytest.param({"autovacuum_work_mem": "-1", "maintenance_work_mem": "2GB"}, "6 GB for 3 autovacuum workers", id="inherited"),
    ],
)  # fmt: skip
def test_what_cannot_fit_is_refused_with_the_arithmetic(declared, sentence):
    with pytest.raises(PgopsError) as refusal:
        tune(MEDIUM, WEB, declared)
    assert sentence in str(refusal.value)
    assert "and there are 8 GB" in str(refusal.value)
    assert str(refusal.value).endswith("give the host more memory.")


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ({"work_mem": "lots"}, "work_mem is 'lots'. Give a size such as 64MB; the units are B, kB, MB, GB, TB."),
        ({"max_connections": "many"}, "max_connections is 'many'. Give a whole number."),
    ],
)
def test_a_value_that_is_none_is_named(declared, sentence):
    with pytest.raises(PgopsError, match="^" + sentence + "$"):
        tune(MEDIUM, WEB, declared)


@pytest.mark.parametrize(
    ("measured", "counted"),
    [(8 * GB, 8 * GB), (8 * GB - 1, 8 * GB - 256 * MB), (8_100_000_000, 7680 * MB), (8_090_000_000, 7680 * MB)],
)
def test_a_few_megabytes_more_or_less_change_no_setting(measured, counted):
    assert stable_memory(measured) == counted


@pytest.mark.parametrize(
    ("size", "text"), [(2 * GB, "2GB"), (1536 * MB, "1536MB"), (64 * KB, "64kB"), (0, "0kB"), (MB, "1MB")]
)
def test_sizes_are_written_as_postgresql_reads_them(size, text):
    assert setting_text(size) == text
    assert parse_bytes(text, "x") == size


@pytest.mark.parametrize(("size", "text"), [(2 * GB, "2 GB"), (2_040_000_000, "1.9 GB"), (MB / 2, "512 kB")])
def test_sizes_are_shown_to_people(size, text):
    assert shown(size) == text


@pytest.mark.parametrize(("size", "rounded"), [(1.9 * MB, MB), (21 * MB, 20 * MB), (200 * MB, 192 * MB), (9 * GB, 2032 * MB)])  # fmt: skip
def test_memory_per_session_is_a_neat_number(size, rounded):
    assert neat(size) == rounded


def test_the_module_takes_what_it_is_told_in_place_of_what_it_measures(run_module):
    answer = run_module(
        pg_tuning_info, memory="8GB", cores=4, storage="hdd", settings={"Max_Connections": 50, "jit": True}
    )
    assert answer["host"]["memory_bytes"] == 8 * GB
    assert answer["settings"]["max_connections"] == "50"
    assert answer["settings"]["jit"] == "on"
    assert {row["running"] for row in answer["table"]} == {None}
    assert answer["worst_case"]["bytes"] <= 8 * GB


def test_the_module_says_why_it_knows_nothing_that_runs(run_module, tmp_path):
    answer = run_module(pg_tuning_info, memory="8GB", cores=4, running=True, login_host=str(tmp_path))
    assert answer["running_unknown"].startswith(f"PostgreSQL postgres@{tmp_path}:5432/postgres: ")
    assert answer["settings"]["shared_buffers"] == "2GB"


@pytest.mark.parametrize("workload", [*WORKLOADS, None])
@pytest.mark.parametrize("storage", [*STORAGE, None])
def test_the_documented_choices_are_the_known_ones(workload, storage, run_module):
    given = {"workload": workload or "desktop", "storage": storage or "tape", "memory": "8GB", "cores": 4}
    assert bool(run_module(pg_tuning_info, **given).get("failed")) is (workload is None or storage is None)
