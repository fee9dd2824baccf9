"""What health makes of the dumps in an object store, as far as no store is needed to tell."""

from dataclasses import asdict
from datetime import timedelta

import pytest
from ansible.module_utils.pgops.health import Limit
from ansible.module_utils.pgops.health_offsite import DAY_S, age_check, newest_check, offsite_checks
from ansible.module_utils.pgops.manifest import ARCHIVES, CUSTOM, write
from ansible.module_utils.pgops.offsite import held

from test_offsite import MANIFEST, NOW, STORE, files, name

LIMIT, DELAY = Limit(2, 8), Limit(3600, 86400)


@pytest.mark.parametrize(
    ("there", "verdict", "part"),
    [
        pytest.param(files(name(1), name(9)), "ok", f"The newest dump in the object store, {name(1)}, is 1 d old.", id="young"),
        pytest.param(files(name(2)), "warning", "Run backup_postgresql.yml", id="late"),
        pytest.param(files(name(8)), "critical", "is 8 d old", id="old"),
        pytest.param([], "critical", "No dump of shop is in the object store.", id="none"),
        pytest.param(files(name(1, "other")), "critical", "No dump of shop", id="of-another-database"),
        pytest.param(files(name(1), parts=["archive.dump.zst"]), "critical", "No dump of shop", id="sent-in-part"),
        pytest.param(files(name(1).replace("_full_", "_schema_")), "critical", "No dump of shop", id="of-a-lesser-type"),
    ],
)  # fmt: skip
def test_the_age_of_the_newest_copy(there, verdict, part):
    check = age_check(held(there), "shop", LIMIT, NOW.timestamp())
    assert check.verdict == verdict
    assert part in f"{check.finding} {check.advice}"


def here(directory, days: float, **changes) -> None:
    moment = NOW - timedelta(days=days)
    made = {**asdict(MANIFEST), "name": name(days), "created_at": moment.isoformat(), **changes}
    made["locale"] = {"provider": "c", "collate": "C", "ctype": "C", "icu_locale": None}
    folder = directory / made["name"]
    folder.mkdir()
    (folder / ARCHIVES[CUSTOM]).write_bytes(b"1234567")
    write(folder, type(MANIFEST)(**made))


@pytest.mark.parametrize(
    ("days", "changes", "there", "verdict", "part"),
    [
        pytest.param(None, {}, files(name(1)), "ok", "This host has no dump of shop", id="nothing-here"),
        pytest.param(30 / 86400, {}, [], "ok", "made 30 s ago, is not in the object store", id="being-sent"),
        pytest.param(0.25, {}, files(name(1)), "warning", "made 6 h ago, is not", id="waiting"),
        pytest.param(1, {}, files(name(2)), "critical", "Run backup_postgresql.yml", id="waiting-long"),
        pytest.param(1, {"size_bytes": 9}, [], "ok", "This host has no dump", id="damaged-here"),
        pytest.param(1, {}, [{"Path": f"{name(1)}/archive.dump.zst", "Size": 9}, {"Path": f"{name(1)}/manifest.json", "Size": 1}],
                     "critical", "has 9 bytes in the object store instead of 7. Remove store:backups/dumps/shop_full", id="differs"),
    ],
)  # fmt: skip
def test_whether_the_newest_dump_is_there(tmp_path, days, changes, there, verdict, part):
    if days is not None:
        here(tmp_path, days, **changes)
    check = newest_check(STORE, held(there), tmp_path, "shop", DELAY, NOW.timestamp())
    assert check.verdict == verdict
    assert part in f"{check.finding} {check.advice}"


@pytest.mark.parametrize(
    ("options", "server"),
    [
        pytest.param(None, {"state": "primary", "database": "shop"}, id="not-configured"),
        pytest.param({"endpoint": "https://nowhere"}, {"state": "standby", "database": "shop"}, id="standby"),
        pytest.param({"endpoint": "https://nowhere"}, {}, id="down"),
    ],
)
def test_where_there_is_nothing_to_check(tmp_path, options, server):
    limits = {"offsite": LIMIT, "offsite_delay": DELAY}
    assert offsite_checks(options, str(tmp_path), server, limits, DAY_S) == []
