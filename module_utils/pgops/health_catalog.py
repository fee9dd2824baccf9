"""Every check that there is, in the order in which they are told. What declares one stands beside what judges it."""

from __future__ import annotations

from . import (
    health_activity,
    health_archiving,
    health_certificate,
    health_checks,
    health_host_checks,
    health_indexes,
    health_pooler,
    health_replication,
    health_sequences,
    health_sessions,
    health_settings,
    health_tables,
)
from .health import Limit
from .health_declared import Declared

# Judged in health_physical.py, health_offsite.py, health_drills.py and health_verifications.py.
BACKUPS = (
    Declared(
        name="physical_backup",
        unit="days",
        measures="Age of the newest sound physical backup, of the repository where it is oldest",
        advice="Run backup_postgresql.yml -e backup_kind=physical, and see why the schedule did not.",
        limit=Limit(2.0, 8.0),
    ),
    Declared(
        name="physical_full",
        unit="days",
        measures="Age of the newest full physical backup, of the repository where it is oldest",
        advice="Run backup_postgresql.yml -e backup_kind=physical -e backup_type=full, and see why the schedule did not.",
        limit=Limit(9.0, 16.0),
    ),
    Declared(
        name="wal_arrival",
        unit="",
        measures="Newest segment of WAL that the server believes to be archived, and whether each repository has it",
        advice="Run backup_postgresql.yml -e backup_kind=physical now: moments after the gap can be reached from a new backup only.",
    ),
    Declared(
        name="offsite",
        unit="days",
        measures="Age of the newest dump in the object store",
        advice="Run backup_postgresql.yml, which sends every dump that is missing there, and see why the schedule did not.",
        limit=Limit(2.0, 8.0),
    ),
    Declared(
        name="offsite_newest",
        subject="offsite_delay",
        unit="s",
        measures="For how long the newest dump of this host has not been in the object store",
        advice="Run backup_postgresql.yml, which sends every dump that is missing there, and see why the schedule did not.",
        limit=Limit(3600.0, 86400.0),
    ),
    Declared(
        name="wal_archive",
        unit="segments",
        measures="Segments of WAL given up since the newest physical backup began",
        advice="Run backup_postgresql.yml -e backup_kind=physical now: moments after the gap can be reached from a new backup only.",
    ),
    Declared(
        name="heartbeat",
        unit="s",
        measures="Age of the row that is written every minute",
        advice="See systemctl status postgresql-heartbeat.timer and .service on the primary; site.yml makes them.",
        limit=Limit(180.0, 900.0),
    ),
    Declared(
        name="drill_rto",
        unit="s",
        measures="How long the slowest of the last restores took, verification included",
        advice="See in the history (operations.drills) which phase takes that long.",
        limit=Limit(14400.0, 28800.0),
    ),
    Declared(
        name="drill_rpo",
        unit="s",
        measures="Commits that were not saved at the last drills, by the kind of backup that loses least",
        advice="Back up more often, or archive WAL, and see with check_health.yml whether it arrives.",
        limit=Limit(3600.0, 86400.0),
    ),
    Declared(
        name="drill",
        each="kind of backup",
        unit="days",
        measures="Time since a backup of this kind was restored in a drill; a drill that failed is critical",
        advice="Run drill_restore.yml, and see why the schedule did not.",
        limit=Limit(35.0, 70.0),
    ),
    Declared(
        name="verification",
        each="kind of backup",
        unit="days",
        measures="Time since all backups of this kind were read to their end; one that was not good is critical",
        advice="Run verify_backups.yml, and see why the schedule did not.",
        limit=Limit(14.0, 35.0),
    ),
)

DECLARED: tuple[Declared, ...] = (
    *health_checks.DECLARED,
    *health_sessions.DECLARED,
    *health_replication.DECLARED,
    *health_archiving.DECLARED,
    *health_activity.DECLARED,
    *health_tables.DECLARED,
    *health_indexes.DECLARED,
    *health_sequences.DECLARED,
    *health_settings.DECLARED,
    *health_host_checks.DECLARED,
    *health_certificate.DECLARED,
    *health_pooler.DECLARED,
    *BACKUPS,
)


def declaration(name: str) -> Declared:
    """That of the check called NAME, be it one of several: C(disk_data) is one of C(disk)."""
    exact = [one for one in DECLARED if one.name == name and not one.each]
    several = [one for one in DECLARED if one.each and name.startswith(f"{one.name}_")]
    return (exact or several)[0]
