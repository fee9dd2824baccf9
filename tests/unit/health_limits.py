"""The limits that hold unless an operator says otherwise, for the tests of checks."""

from __future__ import annotations

from ansible.module_utils.pgops.health_limits import read_limits

LIMITS = read_limits({})
