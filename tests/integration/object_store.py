"""An S3 server with TLS beside the cluster of a host: repository 2 of its backups, which can be made to fail."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from backups import wait_until
from lab.host import PROJECT, Host, started
from physical import REPOSITORY, Archive

FOLDER = "/etc/object-store"
PACKAGES = "/opt/object-store"
SETTINGS = {
    "bucket": "threadr-backups",
    "region": "lab",
    "key": "key-of-these-tests",
    "secret": "secret of these tests only",
}
# An authority, and a certificate of it for this host; a second authority that has nothing to do with either.
MAKE = """
set -eu
mkdir -p {folder} && cd {folder}
for name in ca other; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$name" -keyout $name.key -out $name.crt
done
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server.key -out server.csr
echo "subjectAltName=DNS:localhost" > names
openssl x509 -req -days 2 -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile names -out server.crt
chmod 755 . && chmod 644 ca.crt other.crt
"""
CONFIGURATION = """\
repo2-bundle=y
repo2-cipher-pass={passphrase}
repo2-cipher-type=aes-256-cbc
repo2-path=/pgbackrest
repo2-retention-full=9
repo2-s3-bucket={bucket}
repo2-s3-endpoint={endpoint}
repo2-s3-key={key}
repo2-s3-key-secret={secret}
repo2-s3-region=lab
repo2-s3-uri-style=path
repo2-storage-ca-file={folder}/{authority}.crt
repo2-type=s3
{more}
"""


class ObjectStore:
    """The server, in HOST, which nobody else reaches."""

    def __init__(self, host: Host) -> None:
        self.host = host
        host.run("bash", "-c", MAKE.format(folder=FOLDER))
        host.run("tee", f"{FOLDER}/settings.json", stdin=json.dumps(SETTINGS))

    def start(self) -> None:
        """Empty: what it had is gone."""
        program = ["python3", "/src/lab/object_store_server.py", FOLDER]
        surroundings = [f"--setenv=PYTHONPATH={PACKAGES}", "--setenv=PYTHONDONTWRITEBYTECODE=1"]
        self.host.run("systemd-run", "--quiet", "--collect", "--unit=object-store", *surroundings, *program)
        listens = ["bash", "-c", "exec 3<>/dev/tcp/localhost/443"]
        wait_until(lambda: self.host.run(*listens, check=False).returncode == 0, seconds=60)

    def signal(self, name: str) -> None:
        """STOP and CONT: it hangs, and keeps what it has."""
        self.host.run("systemctl", "kill", f"--signal={name}", "object-store")

    def objects(self, prefix: str = "") -> list[dict]:
        """What it has, by its own words, as another client gets them."""
        argv = ["env", f"PYTHONPATH={PACKAGES}", "python3", "/src/lab/object_store_client.py", FOLDER, prefix]
        return json.loads(self.host.run(*argv).stdout)


class OffSite(Archive):
    """The cluster of HOST with a local repository, and one in the object store."""

    def __init__(self, host: Host, store: ObjectStore) -> None:
        super().__init__(host)
        self.store = store

    def configure_both(self, path: str = REPOSITORY, queue: str = "1GB", **changes) -> None:
        """With CHANGES to what is right: bucket, endpoint, key, secret, authority, passphrase, or more lines."""
        right = {
            **SETTINGS,
            "endpoint": "localhost",
            "authority": "ca",
            "folder": FOLDER,
            "more": "",
            "passphrase": "of the store",
        }
        self.configure(path=path, queue=queue, more=CONFIGURATION.format(**{**right, **changes}))


def packages() -> str:
    """The volume that a host needs to be one that has an object store."""
    found = subprocess.run([PROJECT / "lab/object_store_packages"], check=True, capture_output=True, text=True)
    return f"{found.stdout.strip()}:{PACKAGES}:ro"


@contextmanager
def opened() -> Iterator[OffSite]:
    """The cluster archives into both repositories, which have no stanza yet."""
    with started("offsite", packages()) as host:
        store = ObjectStore(host)
        store.start()
        archive = OffSite(host, store)
        archive.configure_both()
        archive.start_archiving()
        yield archive
