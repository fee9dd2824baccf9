"""Where the host's packages come from, and what else the host tells: files of apt, and programs."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .commands import Surroundings, run_stages
from .errors import PgopsError

ONE_LINE = re.compile(r"^deb(?:-src)?\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<address>\S+)")
UNSIGNED = re.compile(r"(trusted|allow-insecure)\s*[=:]\s*yes", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """One address that packages are fetched from."""

    address: str
    unsigned: bool

    @property
    def host(self) -> str:
        return urlsplit(self.address).hostname or ""


@dataclass(frozen=True)
class Versions:
    """Of one package: what is installed, and the newest that apt knows."""

    installed: str
    candidate: str


def read_sources(root: Path) -> list[Source]:
    folder = root / "etc/apt"
    found: list[Source] = []
    for path in [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*.list"))]:
        if path.exists():
            found += one_line_sources(path.read_text(encoding="utf-8", errors="replace"))
    for path in sorted((folder / "sources.list.d").glob("*.sources")):
        found += paragraph_sources(path.read_text(encoding="utf-8", errors="replace"))
    return found


def one_line_sources(text: str) -> list[Source]:
    lines = (ONE_LINE.match(line.strip()) for line in text.splitlines())
    return [Source(line["address"], bool(UNSIGNED.search(line["options"] or ""))) for line in lines if line]


def paragraph_sources(text: str) -> list[Source]:
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        lines = [line for line in paragraph.splitlines() if not line.startswith("#")]
        fields = dict(line.split(":", 1) for line in lines if ":" in line and not line[0].isspace())
        if fields.get("Enabled", "yes").strip().lower() != "no":
            unsigned = any(UNSIGNED.match(f"{name}:{value.strip()}") for name, value in fields.items())
            found += [Source(address, unsigned) for address in fields.get("URIs", "").split()]
    return found


def answer_of(command: Sequence[str]) -> str:
    """What a program prints. One that is missing or fails raises C(FileNotFoundError), as a missing file does."""
    if shutil.which(command[0]) is None:
        raise FileNotFoundError(2, "No such program", command[0])
    with tempfile.TemporaryFile() as output:
        try:
            [ended] = run_stages([command], Surroundings(), output.fileno())
        except PgopsError as error:  # setpriv is missing
            raise FileNotFoundError(2, str(error), command[0]) from error
        if ended.code:
            raise FileNotFoundError(2, f"It ended with {ended.code}: {ended.said}", command[0])
        output.seek(0)
        return output.read().decode("utf-8", "replace")


def versions_of(package: str) -> Versions:
    said = answer_of(["apt-cache", "policy", package])
    found = dict(re.findall(r"^\s+(Installed|Candidate): (\S+)$", said, re.MULTILINE))
    return Versions(found["Installed"], found["Candidate"])


def account_state(account: str) -> str:
    """C(L) locked, C(P) with a password, C(NP) with none: what passwd tells everybody of their own account."""
    return answer_of(["passwd", "--status", account]).split()[1]
