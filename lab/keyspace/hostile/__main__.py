"""What must become of the hostile set, in numbers: ``python -m lab.keyspace.hostile`` prints rows and reasons as JSON."""

import json
from collections import Counter

from lab.keyspace.hostile import cases
from lab.keyspace.hostile.expected import MAPPED, expectations, rows

TABLES = ("users", "threads", "email_subscribers")


def numbers() -> dict:
    truths = list(expectations(cases(), MAPPED))
    reasons = Counter(truth.reason for truth in truths if truth.outcome == "quarantined" and not truth.transient)
    return {**{table: len(rows(truths, table)) for table in TABLES}, "rejects": dict(sorted(reasons.items()))}


if __name__ == "__main__":
    print(json.dumps(numbers()))
