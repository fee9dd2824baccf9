"""The check of sequences: how much of its range the nearest to its end has used."""

from __future__ import annotations

from .health import Check, Limit, percent
from .health_declared import Declared, Limits
from .health_server import Answer

# A range of bigint lasts for ever: nothing is lost by not seeing how much of it is used.
ENDLESS = 2**62

SEQUENCES = Declared(
    name="sequences",
    unit="ratio",
    measures="Numbers used up of the sequence that is nearest to its end, or to the end of its column's type",
    advice="Inserts fail at its end: make column and sequence of {sequence} bigint, by a revision of the schema, in good time.",
    limit=Limit(0.75, 0.9),
)
DECLARED = (SEQUENCES,)


def sequence_check(role: str, sequences: Answer, limits: Limits) -> Check:
    if sequences.failure is not None:
        return SEQUENCES.unknown(limits, sequences.failure, "Ask again; if it fails again, somebody alters a sequence.")
    finite = [row for row in sequences.rows if not row["cycles"]]
    hidden = [row for row in finite if not row["readable"] and abs(row["last"]) < ENDLESS]
    known = sorted((row for row in finite if row["readable"]), key=used)
    if hidden and not (known and used(known[-1]) >= (limits["sequences"].warning or 1)):
        names = ", ".join(_name(row) for row in hidden[:3])
        advice = f"GRANT SELECT ON SEQUENCE {_name(hidden[0])} TO {role}, which shows the number and nothing else."
        return SEQUENCES.unknown(limits, f"{role} may not read {len(hidden)} sequences, such as {names}.", advice)
    if not known:
        return SEQUENCES.found(limits, 0.0, "No sequence can end soon.", sequence="")
    return _nearest(known[-1], limits)


def _nearest(row: dict, limits: Limits) -> Check:
    finding = (
        f"{_name(row)} has used {percent(round(used(row), 3))} of its numbers: {row['value'] or 0} of {row['last']}."
    )
    return SEQUENCES.found(limits, used(row), finding, sequence=_name(row))


def _name(row: dict) -> str:
    return f"{row['schema']}.{row['sequence']}"


def used(row: dict) -> float:
    """Up or down, from where it began to where it must end; 0: it was never asked for a number."""
    if row["value"] is None:
        return 0.0
    return abs(row["value"] - row["first"]) / max(abs(row["last"] - row["first"]), 1)
