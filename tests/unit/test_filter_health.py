"""The result for a host that gave none is like the others."""

import pytest

import pg_health_info
from plugins.filter.health import silent_health


@pytest.mark.parametrize(
    ("result", "words", "advice"),
    [
        (
            {"unreachable": True, "msg": "Failed to connect:\n timed out."},
            "pg9 did not answer: Failed to connect: timed out.",
            "See whether the host is up",
        ),
        (
            {"timedout": True, "msg": "Task failed: Timed out after 60 second(s)."},
            "pg9 did not answer: Timed out after 60 second(s).",
            "health_time_limit_s",
        ),
    ],
)
def test_a_silent_host_is_critical(run_module, result, words, advice):
    answer = silent_health(result, "pg9", "2026-01-01T00:00:00+00:00")
    assert (answer["healthy"], answer["verdict"], answer["changed"]) == (False, "critical", False)
    assert words in answer["problems"][0]
    assert advice in answer["problems"][0]
    refused = run_module(pg_health_info, login_host="/nonexistent")
    assert answer.keys() == refused.keys() - {"duration_s", "invocation"}
    assert answer["checks"][0].keys() == refused["checks"][0].keys()
    assert answer["summary"][0].split(":")[0] == refused["summary"][0].split(":")[0]
