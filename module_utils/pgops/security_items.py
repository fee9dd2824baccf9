"""Every item of a security audit, in the order of the CIS PostgreSQL benchmark."""

from __future__ import annotations

from . import (
    security_access,
    security_installation,
    security_logging,
    security_login,
    security_replication,
    security_settings,
)
from .security import Item

ITEMS: tuple[Item, ...] = (
    *security_installation.ITEMS,
    *security_logging.ITEMS,
    *security_access.ITEMS,
    *security_login.ITEMS,
    *security_settings.ITEMS,
    *security_replication.ITEMS,
)
