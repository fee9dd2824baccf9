"""A shop whose dumps go to an object store, and what the store itself then says."""

from __future__ import annotations

from backups import Shop
from object_store import FOLDER, SETTINGS, ObjectStore

PREFIX = "dumps"


class OffSiteShop(Shop):
    """A shop whose dumps go to STORE."""

    def __init__(self, store: ObjectStore, name: str) -> None:
        super().__init__(store.host, name)
        self.store = store

    def offsite_params(self, **changes) -> dict:
        right = {
            "directory": self.directory,
            "endpoint": "https://localhost",
            "bucket": SETTINGS["bucket"],
            "region": SETTINGS["region"],
            "key": SETTINGS["key"],
            "secret": SETTINGS["secret"],
            "ca": self.host.run("cat", f"{FOLDER}/ca.crt").stdout,
        }
        return {**right, **changes}

    def store_params(self, **changes) -> dict:
        """Where the store is, without what this host has."""
        return {name: value for name, value in self.offsite_params(**changes).items() if name != "directory"}

    def health(self, **changes) -> dict:
        """The checks of health that are about the store, by name."""
        params = {"login_db": self.name, "backup_directory": self.directory, "offsite": self.store_params(**changes)}
        result = self.succeed("pg_health_info", params)
        assert SETTINGS["secret"] not in str(result)
        return {one["name"]: one for one in result["checks"] if one["name"].startswith("offsite")}

    def send(self, **changes) -> dict:
        return self.succeed("pg_backup_offsite", self.offsite_params(**changes))

    def objects(self) -> list[dict]:
        return self.store.objects(f"{PREFIX}/")

    def whole(self) -> list[str]:
        """Names of backups whose manifest the store has."""
        names = [one["name"].split("/") for one in self.objects()]
        return sorted(folder for _, folder, file in names if file == "manifest.json")
