"""The one error that modules report to the operator."""

from __future__ import annotations


class PgopsError(Exception):
    """What was asked, where, what the answer was and, where known, what to do next; one or two sentences."""
