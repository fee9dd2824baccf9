"""Which physical backup is due, and what becomes of a stanza."""

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.pgbackrest import parse
from ansible.module_utils.pgops.pgbackrest_backup import DAY_S, Wanted, from_standby, plan
from ansible.module_utils.pgops.pgbackrest_stanza import Identity, action

from test_pgbackrest import FIRST, SECOND, backup, report

NOW = 100 * DAY_S
OLD_FULL, NEW_FULL = backup("20260101-000000F", NOW - 8 * DAY_S), backup("20260108-000000F", NOW - DAY_S)
DIFF, INCR = backup("20260108-000000F_1D", NOW - 600), backup("20260108-000000F_2I", NOW - 300)
BROKEN, ELSEWHERE = backup("20260109-000000F", NOW - 60, error=True), backup("20260109-000000F", NOW - 60, repository=2)
YOUNGEST = backup("20260109-000001F", NOW - 60)


@pytest.mark.parametrize(
    ("present", "asked", "at_most_every_s", "due", "why"),
    [
        pytest.param([], "auto", 0, "full", "no full backup", id="nothing-yet"),
        pytest.param([], "diff", 0, "full", "no full backup", id="a-difference-to-nothing"),
        pytest.param([], "incr", 3600, "full", "no full backup", id="an-increment-of-nothing"),
        pytest.param([BROKEN], "auto", 3600, "full", "no full backup", id="a-broken-one-is-none"),
        pytest.param([ELSEWHERE], "auto", 3600, "full", "no full backup", id="elsewhere-is-not-here"),
        pytest.param([OLD_FULL], "auto", 0, "full", "20260101-000000F, is 8 d old", id="full-is-due"),
        pytest.param(
            [OLD_FULL, NEW_FULL], "auto", 0, "incr", "20260108-000000F, is only 24 h old", id="full-is-not-due"
        ),
        pytest.param([OLD_FULL], "incr", 0, "incr", "asked for", id="incr"),
        pytest.param([NEW_FULL], "diff", 0, "diff", "asked for", id="diff"),
        pytest.param([NEW_FULL], "full", 0, "full", "asked for", id="full"),
        pytest.param(
            [NEW_FULL, INCR], "auto", 3600, None, "2I is 5 min old, and another one is due after 60 min", id="young"
        ),
        pytest.param([NEW_FULL, INCR], "auto", 300, "incr", "only", id="just-due"),
        pytest.param([NEW_FULL, INCR], "diff", 3600, "diff", "asked for", id="an-increment-is-no-difference"),
        pytest.param([NEW_FULL, DIFF, INCR], "diff", 3600, None, "1D is 10 min old", id="young-diff"),
        pytest.param([NEW_FULL, DIFF], "full", 3600, "full", "asked for", id="a-difference-is-not-full"),
        pytest.param([NEW_FULL, YOUNGEST], "incr", 3600, None, "20260109-000001F is 60 s old", id="full-serves-all"),
    ],
)
def test_the_type_that_is_due(present, asked, at_most_every_s, due, why):
    stanza = parse(report(present, codes=(0, 0), clusters=((1, 1, FIRST), (2, 1, FIRST))), "main")
    found = plan(stanza, Wanted(1, asked, 7, at_most_every_s), NOW)
    assert found.type == due
    assert why in found.reason


@pytest.mark.parametrize(
    ("codes", "clusters", "replaces", "expected"),
    [
        pytest.param((1,), (), "", "create", id="new"),
        pytest.param((3,), (), "", "create", id="no-data"),
        pytest.param((2,), ((1, 1, FIRST),), "", "", id="without-backups"),
        pytest.param((0,), ((1, 1, FIRST),), "", "", id="present"),
        pytest.param((0, 1), ((1, 1, FIRST),), "", "create", id="in-one-of-two"),
        pytest.param((0,), ((1, 1, SECOND),), str(SECOND), "upgrade", id="another-named"),
        pytest.param((0,), ((1, 1, SECOND), (1, 2, FIRST)), "", "", id="upgraded-already"),
    ],
)
def test_what_becomes_of_a_stanza(codes, clusters, replaces, expected):
    stanza = parse(report(codes=codes, clusters=clusters), "main")
    assert action(stanza, Identity(str(FIRST)), replaces) == expected


@pytest.mark.parametrize("replaces", ["", "1", str(FIRST)])
def test_backups_of_another_cluster_are_not_given_up_unless_it_is_named(replaces):
    stanza = parse(report(clusters=((1, 1, SECOND),)), "main")
    with pytest.raises(PgopsError, match=f"backups of the cluster {SECOND}.*Nothing was changed"):
        action(stanza, Identity(str(FIRST)), replaces)


def test_a_repository_that_cannot_be_read_is_not_overwritten():
    stanza = parse(report(codes=(99,), clusters=()), "main")
    with pytest.raises(PgopsError, match=r"cannot be read: message 99\. Nothing was changed"):
        action(stanza, Identity(str(FIRST)), "")


def test_a_standby_is_read_and_its_primary_is_asked():
    options = {
        "primary": "pg1",
        "primary_port": 5433,
        "primary_server_port": 8432,
        "primary_data_directory": "/d",
        "tls_directory": "/t",
    }
    assert from_standby({**options, "primary": ""}) == []
    made = from_standby(options)
    assert {"--backup-standby", "--pg2-host=pg1", "--pg2-host-type=tls", "--pg2-port=5433"} <= set(made)
    assert "--pg2-host-key-file=/t/server.key" in made
