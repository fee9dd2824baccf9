"""Threads: what becomes of every field, present, absent or broken."""

import pytest
from ansible.module_utils.pgops.profile import Refusal
from ansible.module_utils.pgops.threadr.threads import TABLE, convert
from ansible.module_utils.pgops.threadr.users import uuid_of

from converting import Conversion

THREAD = "7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77"
VALUE = {
    "id": THREAD, "user_id": "user_x", "title": "Tides", "original_content": "The moon passes", "tweets": [{"order": 1}],
    "created_at": "2025-08-03 07:44:02.991200",
}  # fmt: skip
UTC = "2025-08-03T07:44:02.991200+00:00"

MADE = Conversion(TABLE, convert, VALUE, THREAD)
converted, row = MADE.converted, MADE.row


@pytest.mark.parametrize(
    ("fields", "cells"),
    [
        ({}, {"id": THREAD, "user_id": uuid_of("user_x"), "owner": "user_x", "title": "Tides", "tweets": [{"order": 1}]}),
        ({}, {"metadata": {}, "source_url": None, "source_type": "text", "ai_model": "gpt-3.5-turbo", "tags": []}),
        ({}, {"view_count": 0, "copy_count": 0, "is_favorite": False, "is_archived": False}),
        ({}, {"created_at": UTC, "updated_at": UTC}),
        ({"updated_at": "2025-08-03 07:50:13"}, {"updated_at": "2025-08-03T07:50:13.000000+00:00"}),
        ({"view_count": 4, "copy_count": "1", "is_favorite": True}, {"view_count": 4, "copy_count": 1, "is_favorite": True}),
        ({"metadata": {"tags": ["sea"], "content_length": 9}}, {"tags": ["sea"], "content_length": 9, "metadata": {}}),
        ({"metadata": {"source_type": "URL"}}, {"source_type": "url", "metadata": {"source_type": "URL"}}),
        ({"metadata": {"source_type": "pdf"}}, {"source_type": "text", "metadata": {"source_type": "pdf"}}),
        ({"metadata": {"source_type": "pdf", "source_url": "https://x/"}},
         {"source_type": "url", "source_url": "https://x/", "metadata": {"source_type": "pdf"}}),
        ({"metadata": {"ai_model": "m" * 50}}, {"ai_model": "m" * 50, "metadata": {}}),
        ({"metadata": {"ai_model": "m" * 51}}, {"ai_model": "m" * 50, "metadata": {"ai_model": "m" * 51}}),
        ({"metadata": {"generation_time_ms": None}}, {"generation_time_ms": None, "metadata": {}}),
        ({"x": 1, "metadata": {"y": 2}}, {"metadata": {"redis_extra": {"x": 1, "metadata": {"y": 2}}}}),
    ],
)  # fmt: skip
def test_cells(fields, cells):
    made = row(**fields)
    assert {name: made[name] for name in cells} == cells


def test_their_times_are_in_utc_wherever_the_application_ran():
    assert row(zone="Europe/Berlin") == row()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        *(({"drop": (name,)}, "missing_field") for name in VALUE),
        ({"title": None}, "missing_field"),
        ({"title": 7}, "wrong_field"),
        ({"id": THREAD.replace("7", "8")}, "identity_mismatch"),
        ({"suffix": "one", "id": "one"}, "bad_uuid"),
        ({"user_id": {}}, "wrong_field"),
        ({"tweets": []}, "wrong_field"),
        ({"tweets": {"order": 1}}, "wrong_field"),
        ({"tweets": "x"}, "wrong_field"),
        ({"view_count": -1}, "negative"),
        ({"copy_count": "many"}, "wrong_field"),
        ({"is_archived": "yes"}, "wrong_field"),
        ({"metadata": "x"}, "wrong_field"),
        ({"metadata": {"tags": "sea"}}, "wrong_field"),
        ({"metadata": {"content_length": 2**63}}, "out_of_range"),
        ({"created_at": "2025-13-01T00:00:00"}, "bad_timestamp"),
    ],
)
def test_refusals(fields, code):
    with pytest.raises(Refusal) as refusal:
        converted(**fields)
    assert refusal.value.code == code


def test_a_refusal_names_the_field_within_the_metadata():
    with pytest.raises(Refusal) as refusal:
        converted(metadata={"tags": [1]})
    assert refusal.value.sentence == "metadata.tags is not an array of strings."
