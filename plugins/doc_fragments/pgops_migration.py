"""Options of modules that hold what is in Redis against PostgreSQL; they have to be the same for all of one migration."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  profile:
    description: Whose keys and tables these are.
    type: str
    choices: [threadr]
    default: threadr
  include:
    description:
      - Kinds of keys that are migrated only on request. V(usage_log) makes C(usage_events) of the log of generations, of
        which Redis keeps a week; it is never added to the counters.
      - V(teams) makes C(teams), C(team_memberships), C(team_invites) and C(team_activities) of the keys of teams. Without
        it they are of no known pattern, since no released code writes them.
    type: list
    elements: str
    choices: [usage_log, teams]
    default: []
  source_zone:
    description: Time zone of timestamps that the application wrote in local time, by its name in the zone database.
    type: str
    default: UTC
  batch_keys:
    description: Keys to ask for at a time.
    type: int
    default: 1000
  processes:
    description:
      - How many processes read and convert side by side, each with a connection of its own to Redis. V(0) is one on each core
        that may be used, up to four; with V(1) the module does it itself.
    type: int
    default: 0
  schema_revision:
    description: Alembic revision that the database must have. Not checked when not given.
    type: str
"""
