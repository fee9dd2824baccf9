"""What a host already has of PostgreSQL, and whether a cluster can be made there: files of Debian's and nothing else."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path

CLUSTERS = "etc/postgresql"
# One setting a line; the quotes and a remark after them are optional.
SETTING = re.compile(r"^\s*(?P<name>\w+)\s*(?:=\s*|\s)'?(?P<value>[^'#\n]*?)'?\s*(?:#.*)?$", re.MULTILINE)
DEFAULT_PORT = 5432


@dataclass(frozen=True)
class Cluster:
    """One cluster as Debian keeps it: a folder C(/etc/postgresql/VERSION/NAME)."""

    version: str
    name: str
    port: int
    data_directory: str

    @property
    def title(self) -> str:
        return f"{self.version}/{self.name}"


@dataclass(frozen=True)
class Wanted:
    """The cluster that is to be kept. C(data_directory) is empty where the default will do."""

    version: str
    name: str
    port: int
    data_directory: str


def read_clusters(root: Path = Path("/")) -> list[Cluster]:
    found = []
    for path in sorted((root / CLUSTERS).glob("[0-9]*/*/postgresql.conf")):
        version, name = path.parts[-3:-1]
        # The last one wins; those of the directory come after all that the file says itself, as Debian's includes it at its end.
        files = [path, *sorted(path.parent.glob("conf.d/*.conf"))]
        settings = {match["name"]: match["value"].strip() for file in files for match in SETTING.finditer(read(file))}
        port = settings.get("port", "")
        directory = settings.get("data_directory", f"/var/lib/postgresql/{version}/{name}")
        found.append(Cluster(version, name, int(port) if port.isdigit() else DEFAULT_PORT, directory))
    return found


def read(path: Path) -> str:
    """Whoever may not read a configuration sees a cluster with the defaults."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def asked_port(clusters: list[Cluster], wanted: Wanted) -> int:
    """Port at which the cluster will be started: its own when it is there already."""
    return next((one.port for one in clusters if (one.version, one.name) == (wanted.version, wanted.name)), wanted.port)


def problems(
    release: str, releases: list[str], clusters: list[Cluster], wanted: Wanted, holders: tuple[str, ...] = ()
) -> list[str]:
    """Why the cluster cannot be made or kept here, a sentence each. C(holders) are the programs at its port."""
    title = f"{wanted.version}/{wanted.name}"
    found = []
    if release not in releases:
        found.append(f"It runs {release}; PostgreSQL {wanted.version} is installed on {', '.join(releases)} only.")
    present = next((one for one in clusters if one.title == title), None)
    others = [one for one in clusters if one.title != title]
    rivals = [one for one in others if one.port == wanted.port and present is None]
    for one in rivals:
        found.append(
            f"Port {wanted.port} belongs to cluster {one.title}. Set postgresql_server_port, or move it over with "
            "pg_upgradecluster, or remove it with pg_dropcluster."
        )
    # What runs there as PostgreSQL may be the cluster itself.
    strangers = [name for name in holders if present is None or name != "postgres"]
    if strangers and not rivals:
        found.append(
            f"Port {asked_port(clusters, wanted)} is held by {', '.join(strangers)}, so that cluster {title} could not start. "
            f"Stop that program{', or set postgresql_server_port' if present is None else ''}."
        )
    if present and wanted.data_directory and present.data_directory != wanted.data_directory:
        found.append(
            f"Cluster {title} keeps its data in {present.data_directory}. Set postgresql_server_data_directory to that; "
            "moving data is not this role's work."
        )
    return found


def described(clusters: list[Cluster]) -> list[dict]:
    return [asdict(cluster) for cluster in clusters]
