"""declared.json says what the revisions make. After a new revision: DECLARE_SCHEMA=1 pytest THIS_FILE writes it."""

import json
import os

from schema import FILES, OWNER, deploy, rendered

DECLARED = FILES / "declared.json"


def test_the_declaration_is_what_the_revisions_make(host, database):
    deploy(host, database)
    result = host.module("pg_schema_info", {"login_db": database, "login_role": OWNER})
    if os.environ.get("DECLARE_SCHEMA"):
        DECLARED.write_text(json.dumps(result["declaration"], indent=2, sort_keys=True) + "\n", encoding="utf-8")
    declared = json.loads(DECLARED.read_text(encoding="utf-8"))
    assert declared == result["declaration"]
    assert declared["revision"] == rendered()[-1]["revision"]
