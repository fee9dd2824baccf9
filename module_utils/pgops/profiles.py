"""The profiles that modules offer by name. Imported statically: Ansible sends only what it can see imported."""

from __future__ import annotations

from .profile import Profile
from .threadr.profile import PROFILE as THREADR

PROFILES = {profile.name: profile for profile in (THREADR,)}


def migration_spec() -> dict:
    """Options of the modules of a migration; documented in the fragment C(pgops_migration)."""
    choices = [name for profile in PROFILES.values() for name in profile.on_request]
    return {
        "profile": {"type": "str", "default": THREADR.name, "choices": list(PROFILES)},
        "include": {"type": "list", "elements": "str", "default": [], "choices": choices},
        "source_zone": {"type": "str", "default": "UTC"},
        "batch_keys": {"type": "int", "default": 1000},
        "processes": {"type": "int", "default": 0},
        "schema_revision": {"type": "str"},
    }


def chosen(params: dict) -> Profile:
    return PROFILES[params["profile"]].including(params["include"])
