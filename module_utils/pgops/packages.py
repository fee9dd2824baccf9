"""Which packages are installed, as dpkg keeps it."""

from __future__ import annotations

from pathlib import Path

STATUS = "var/lib/dpkg/status"


def installed_packages(root: Path) -> list[str]:
    """Names of the packages that dpkg calls installed."""
    paragraphs = (root / STATUS).read_text(encoding="utf-8", errors="replace").split("\n\n")
    names = []
    for paragraph in paragraphs:
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status", "").endswith(" installed"):
            names.append(fields["Package"])
    return names
