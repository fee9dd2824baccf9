"""The harness itself: the host is what the tests take it for."""


def test_the_host_runs_postgresql_15_and_redis_7(host, database):
    assert host.query("SELECT current_setting('server_version_num')::int / 10000", db=database) == [[15]]
    assert host.redis("INFO", "server").split("redis_version:")[1].startswith("7.")
