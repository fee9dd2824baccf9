"""Spellings of an instant, for any timestamp of any record: those that are read and those that are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lab.keyspace.hostile.case import Case
from lab.keyspace.hostile.kind import Kind


class Reading(NamedTuple):
    slug: str
    text: str
    instant: str
    note: str


READ = (
    Reading("Naive", "2025-08-02T09:15:30.120045", "2025-08-02T09:15:30.120045+00:00", "naive"),
    Reading("Whole", "2025-08-02T09:15:30", "2025-08-02T09:15:30+00:00", "no fraction, microseconds were zero"),
    Reading("Spaced", "2025-08-02 09:15:30.120045", "2025-08-02T09:15:30.120045+00:00", "a space instead of the T"),
    Reading("Zulu", "2025-08-02T09:15:30.120045Z", "2025-08-02T09:15:30.120045+00:00", "aware, with Z"),
    Reading(
        "East", "2025-08-02T09:15:30.120045+10:00", "2025-08-01T23:15:30.120045+00:00", "aware, another day in UTC"
    ),
    Reading("West", "2025-08-02 21:15:30-03:30", "2025-08-03T00:45:30+00:00", "aware, half an hour, with a space"),
    Reading("Bare", "2025-08-02T09:15:30.120045+1000", "2025-08-01T23:15:30.120045+00:00", "an offset without a colon"),
    Reading("BareWest", "2025-08-02T09:15:30-0330", "2025-08-02T12:45:30+00:00", "the same, west"),
    Reading(
        "Seven", "2025-08-02T09:15:30.1200459", "2025-08-02T09:15:30.120045+00:00", "seven digits: cut, not rounded"
    ),
    Reading("Nine", "2025-08-02T09:15:30.999999999Z", "2025-08-02T09:15:30.999999+00:00", "nine digits: no carry"),
    Reading("Three", "2025-08-02T09:15:30.120Z", "2025-08-02T09:15:30.120000+00:00", "three digits, as browsers write"),
    Reading("Leap", "2024-02-29T23:59:59", "2024-02-29T23:59:59+00:00", "29 February of a leap year"),
    Reading("First", "0001-01-01T00:00:00", "0001-01-01T00:00:00+00:00", "the first instant there is"),
    Reading(
        "Last", "9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59.999999+00:00", "the last one, cut to six digits"
    ),
    Reading("FirstOffset", "0001-01-01T10:00:00+10:00", "0001-01-01T00:00:00+00:00", "just inside after conversion"),
)
REFUSED = {
    "Words": ("yesterday", "no time at all"),
    "None": ("", "empty"),
    "Date": ("2025-08-02", "a date without a time"),
    "Short": ("2025-08-02T09:15", "without seconds"),
    "Basic": ("20250802T091530", "without separators"),
    "Week": ("2025-W31-6T09:15:30", "a week date"),
    "Epoch": ("1754126130.120045", "epoch seconds as text"),
    "Sixty": ("2025-08-02T23:59:60", "second 60"),
    "Hour": ("2025-08-02T24:00:00", "hour 24"),
    "Feb": ("2025-02-29T00:00:00", "29 February of a common year"),
    "Month": ("2025-13-01T00:00:00", "month 13"),
    "Zero": ("0000-01-01T00:00:00", "year 0"),
    "Ten": ("10000-01-01T00:00:00", "year 10000"),
    "Before": ("0001-01-01T00:00:00+10:00", "year 0 after conversion"),
    "After": ("9999-12-31T23:30:00-10:00", "year 10000 after conversion"),
    "HourOffset": ("2025-08-02T09:15:30+10", "an offset of hours alone"),
    "Offset": ("2025-08-02T09:15:30+10:75", "75 minutes in an offset"),
    "Zone": ("2025-08-02T09:15:30 UTC", "a zone's name"),
    "Comma": ("2025-08-02T09:15:30,120045", "a comma before the fraction"),
    "Point": ("2025-08-02T09:15:30.", "a point without a fraction"),
    "Padded": (" 2025-08-02T09:15:30 ", "blanks around it"),
    "Newline": ("2025-08-02T09:15:30\n", "a line break at its end"),
    "Digits": ("\u0662\u0660\u0662\u0665-08-02T09:15:30", "digits that are not ASCII"),
    "Two": ("2025-08-02T09:15:30Z Z", "two zones"),
    "Us": ("08/02/2025 09:15:30", "another order"),
    "Infinity": ("infinity", "PostgreSQL would take it"),
    "Now": ("now", "and this one too"),
}


def cases(kind: Kind, fields: tuple[str, ...]) -> Iterator[Case]:
    """Every spelling that is read, in all of FIELDS at once; every one that is not, in one of them in turn."""
    for reading in READ:
        changes, cells = dict.fromkeys(fields, reading.text), dict.fromkeys(fields, reading.instant)
        yield kind.accept(f"Time{reading.slug}", reading.note, changes, cells)
    for place, (slug, (text, note)) in enumerate(REFUSED.items()):
        field = fields[place % len(fields)]
        yield kind.refuse(f"NoTime{slug}", "bad_timestamp", f"{field}: {note}", {field: text})
