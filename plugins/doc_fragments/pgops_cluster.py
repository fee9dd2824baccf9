"""Options of modules that work on the cluster of their host, whether its server runs or not."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  version:
    description: Major version of the cluster.
    type: str
    default: "15"
  name:
    description: Its name.
    type: str
    default: main
  port:
    description: Port that it listens on.
    type: int
    default: 5432
"""
