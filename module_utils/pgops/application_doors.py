"""Ways into a database that have to be closed: without TLS, under another authority, under another name."""

from __future__ import annotations

import os
import socket
import tempfile
from urllib.parse import unquote, urlsplit

from .application import OTHER_AUTHORITY, OTHER_NAME, WITHOUT_TLS, refusal
from .connection import psycopg2, sentence

# It has signed nothing, and its key was never kept.
UNKNOWN_AUTHORITY = """
-----BEGIN CERTIFICATE-----
MIIBqzCCAVGgAwIBAgIUcr2f9gfWsUC+kpRsEck/K5SLrR8wCgYIKoZIzj0EAwIw
KjEoMCYGA1UEAwwfQW4gYXV0aG9yaXR5IHRoYXQgbm9ib2R5IHRydXN0czAgFw0y
NjExMjUyMjIxMDRaGA8yMTI2MTEwMTIyMjEwNFowKjEoMCYGA1UEAwwfQW4gYXV0
aG9yaXR5IHRoYXQgbm9ib2R5IHRydXN0czBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABFPGM8YTd2I4kDTCzKG5xx2MOZLyawikQK0tvDI/O0sPqTBP56pSsbY5kC1L
a35hyNRKI483BDZWK+p+p4n3WxWjUzBRMB0GA1UdDgQWBBSYCzyp3X2iHepO9Epm
y3WZ6amAdDAfBgNVHSMEGDAWgBSYCzyp3X2iHepO9Epmy3WZ6amAdDAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQDO7MvQSJzBXDYDFCjIdB2/RG9w
cJ+Z+Z9u95wziR3SvwIgPvto0EL3LNPowVn0x7iENBqajqaorYpL+dNadW35Ds0=
-----END CERTIFICATE-----
"""


def try_doors(url: str, host: str, port: int, timeout_s: int) -> dict[str, str | None]:
    """How each was refused; nothing for one that was open. HOST and PORT are where the application has just been."""
    parts = urlsplit(url)
    login = {
        "dbname": unquote(parts.path.strip("/")),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "port": port,
        "connect_timeout": timeout_s,
    }
    own = dict(part.split("=", 1) for part in parts.query.split("&"))
    trusted = {"sslmode": "verify-full", "sslrootcert": unquote(own.get("sslrootcert", ""))}
    descriptor, name = tempfile.mkstemp(suffix=".crt")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(UNKNOWN_AUTHORITY)
        ways = {
            WITHOUT_TLS: {"host": host, "sslmode": "disable"},
            OTHER_AUTHORITY: {"host": host, "sslmode": "verify-full", "sslrootcert": name},
            # Where to is known by its number, so that nobody asks for the name.
            OTHER_NAME: {**trusted, "host": "another.invalid", "hostaddr": socket.gethostbyname(host)},
        }
        return {way: refusal(way, answer({**login, **options})) for way, options in ways.items()}
    finally:
        os.unlink(name)


def answer(options: dict) -> str | None:
    """Why it did not connect; nothing when it did."""
    try:
        psycopg2.connect(**options).close()
    except psycopg2.OperationalError as error:
        return sentence(error)
    return None
