"""The profiles that modules offer by name. Imported statically: Ansible sends only what it can see imported."""

from __future__ import annotations

from .threadr.profile import PROFILE as THREADR

PROFILES = {profile.name: profile for profile in (THREADR,)}
