"""The operator's verb: words, JSON, metrics and exit status."""

import pytest

from operators import Operator
from schema import deploy

USER = "INSERT INTO users (id, email, password_hash) VALUES ('00000000-0000-4000-8000-000000000001', 'a@example.com', 'x');"
SESSION = """
    INSERT INTO user_sessions (user_id, session_token, created_at, expires_at)
    VALUES ('00000000-0000-4000-8000-000000000001', repeat('0', 64), now() - interval '2 days', now() - interval '1 day');
"""
METRICS = "/var/lib/prometheus/node-exporter"


@pytest.fixture
def operator(host, database, tmp_path):
    return Operator(host, tmp_path, threadr_database=database)


def test_a_dry_run_foretells_the_run_and_prometheus_learns_of_it(host, database, operator):
    deploy(host, database)
    host.execute(USER + SESSION, database)
    _, foretold = operator.succeed(
        "playbooks/maintain_postgresql.yml", "--check", maintain_tasks="cleanup_sessions,vacuum"
    )
    assert host.run("test", "-e", f"{METRICS}/pgops_maintenance.prom", check=False).returncode == 1
    words, done = operator.succeed("playbooks/maintain_postgresql.yml", maintain_tasks="cleanup_sessions,vacuum")
    assert foretold["plan"] == done["plan"] == ["update 1 rows of public.user_sessions: their time is over"]
    assert "done: update 1 rows of public.user_sessions: their time is over" in words
    for name in ("pgops_maintenance", "pgops_maintenance_complete"):
        assert f'database="{database}"' in host.run("cat", f"{METRICS}/{name}.prom").stdout
    # A person has to look where rows have come that no partition is for.
    host.execute(
        "CREATE TABLE e (at date) PARTITION BY RANGE (at); CREATE TABLE f PARTITION OF e DEFAULT; INSERT INTO e VALUES (now());"
        "CREATE TABLE g PARTITION OF e FOR VALUES FROM ('2100-01-01') TO ('2100-02-01');",
        database,
    )
    code, words, told = operator.play(
        "playbooks/maintain_postgresql.yml", maintain_tasks="partitions", maintain_profile=""
    )
    assert (code, len(told["problems"])) == (2, 1)
    assert "look at: partitions of public.e: public.f has rows" in words
    code, words, _ = operator.play("playbooks/maintain_postgresql.yml", maintain_tasks="vacum")
    assert (
        code == 2
        and "There is no task vacum; did you mean vacuum? Nothing was done." in words
        and "Traceback" not in words
    )
