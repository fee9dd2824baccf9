"""Another application's profile, the smallest that uses every part: a library's shelves, books and readers.

Run in the container: migrates or validates as the modules do, and says whether the engine knew anything of Threadr.
Standard input is JSON: {"database": ..., "what": "migrate" | "validate", "check_mode": ...}.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import module_runner

module_runner.prepare_imports()

from ansible.module_utils.pgops.connection import connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.migration import Options, migrate
from ansible.module_utils.pgops.profile import Column, Entry, Pattern, Profile, Refusal, Row, Settings, Table
from ansible.module_utils.pgops.redis_source import open_source, redis_spec
from ansible.module_utils.pgops.rules import Reference
from ansible.module_utils.pgops.validation import validate


def text_of(value: bytes | None) -> str:
    try:
        return (value or b"").decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal("not_utf8", "The value is not UTF-8 text.") from None


def shelf(entry: Entry, suffix: str, settings: Settings) -> Row:
    return Row("shelves", (suffix, text_of(entry.value)))


def book(entry: Entry, suffix: str, settings: Settings) -> Row:
    """The value is C(shelf|title)."""
    place, bar, title = text_of(entry.value).partition("|")
    if not bar:
        raise Refusal("no_title", "The value has no title.")
    return Row("books", (suffix, place, title))


def reader(suffix: str, member: bytes, settings: Settings) -> Row:
    return Row("readers", (text_of(member).strip().lower(),))


PROFILE = Profile(
    name="library",
    version="1",
    schema="library",
    tables=(
        Table("shelves", (Column("name", "text"), Column("label", "text")), key="name"),
        Table(
            "books",
            (Column("isbn", "text"), Column("shelf", "text"), Column("title", "text")),
            key="isbn",
            references=(Reference("shelf", table="shelves", target="name", code="no_shelf", named="shelf"),),
        ),
        Table("readers", (Column("name", "text"),), key="name", merges=True),
    ),
    patterns=(
        Pattern("shelf", "shelf:{name}", b"shelf:", "string", convert=shelf),
        Pattern("book", "book:{isbn}", b"book:", "string", convert=book),
        Pattern("readers", "readers", b"readers", "set", member=reader),
        Pattern("loan", "loan:{isbn}", b"loan:", "string", skip="short_lived"),
    ),
)


def defaults(spec: dict) -> dict:
    return {name: option.get("default") for name, option in spec.items()}


def main() -> None:
    asked = json.load(sys.stdin)
    target = {**defaults(connection_spec()), "login_db": asked["database"]}
    try:
        with connect(target, "library") as conn, open_source(defaults(redis_spec())) as source:
            if asked["what"] == "validate":
                result = validate(conn, source, PROFILE, Settings(), 100)
            else:
                options = Options(Settings(), "librarian", batch_keys=100)
                result = migrate(conn, source, PROFILE, options, asked["database"], asked["check_mode"])
    except PgopsError as error:
        result = {"failed": True, "msg": str(error)}
    print(json.dumps({**result, "threadr": [name for name in sys.modules if "pgops.threadr" in name]}))


if __name__ == "__main__":
    main()
