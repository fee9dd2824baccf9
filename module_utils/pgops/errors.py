"""The one error that modules report to the operator, and what ends a module from outside."""

from __future__ import annotations

import signal

# What ends a module from outside; SIGKILL cannot be caught.
ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class PgopsError(Exception):
    """What was asked, where, what the answer was and, where known, what to do next; one or two sentences."""
