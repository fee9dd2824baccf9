"""The operator's verb: backup_postgresql.yml with several databases, of which one cannot be dumped."""

from __future__ import annotations

import pytest

from backups import opened
from operators import Operator

PLAYBOOK = "playbooks/backup_postgresql.yml"
ROLE = "DO $$ BEGIN CREATE ROLE threadr_backup; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT pg_read_all_data TO threadr_backup;"


@pytest.fixture(scope="module")
def shop(host):
    host.execute(ROLE)
    with opened(host) as made:
        host.execute(f"GRANT CONNECT ON DATABASE {made.name} TO threadr_backup;")
        yield made


@pytest.fixture
def operator(shop, tmp_path):
    yield Operator(shop.host, tmp_path, threadr_backup_directory=shop.directory)
    shop.clear()


def test_each_database_has_a_dump_and_their_roles_have_one(operator, shop):
    listed = [shop.name, "postgres", shop.name]
    _, dry = operator.succeed(PLAYBOOK, "--check", "--diff", threadr_backup_databases=listed)
    assert (dry["backups"], dry["changed"], shop.disk()) == ([], True, [])
    words, result = operator.succeed(PLAYBOOK, threadr_backup_databases=listed)
    made = [(one["database"], one["type"], one["verified"]) for one in result["backups"]]
    assert made == [(shop.name, "full", True), ("postgres", "full", True), ("", "globals", True)]
    assert result["failed"] == {}
    assert all(f"{one['name']}: " in words for one in result["backups"])
    assert shop.folders() == sorted(one["name"] for one in result["backups"])


def test_a_database_that_fails_is_named_in_the_end_and_keeps_none_of_the_others(operator, shop):
    given = {"backup_databases": f"nowhere, {shop.name}", "backup_type": "data"}
    for arguments in (["--check"], []):
        code, words, result = operator.play(PLAYBOOK, *arguments, **given)
        assert code != 0
        assert result["failed"].keys() == {"nowhere"}
        assert "Not backed up: nowhere: PostgreSQL postgres@/var/run/postgresql:5432/nowhere: " in words
        assert 'database "nowhere" does not exist. The others were: ' in words
        assert "Traceback" not in words
    assert [(one["database"], one["type"]) for one in result["backups"]] == [(shop.name, "data"), ("", "globals")]
    assert shop.folders() == sorted(one["name"] for one in result["backups"])


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ({"backup_type": "incr"}, "backup_type is incr; a dump is of type full, data or schema. Nothing was done."),
        ({"backup_databases": ""}, "There is no database to back up, or one has no name"),
        ({"threadr_backup_databases": []}, "There is no database to back up, or one has no name"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_changed(operator, shop, extra, sentence):
    code, words, _ = operator.play(PLAYBOOK, **extra)
    assert code != 0
    assert sentence in words
    assert shop.disk() == []
