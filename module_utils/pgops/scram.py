"""SCRAM-SHA-256 verifiers as PostgreSQL stores them (RFC 5803), so that a password never reaches the server."""

from __future__ import annotations

import hashlib
import hmac
import re
import stringprep
import unicodedata
from base64 import b64decode, b64encode

ITERATIONS = 4096  # PostgreSQL 15's own, which has no setting for it
SALT_BYTES = 16
STORED_FORM = re.compile(r"SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)")
PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,
)


def prepared(password: str) -> str:
    """SASLprep (RFC 4013); a password that it refuses is used as it is, which is what libpq and the server do."""
    mapped = "".join(
        " " if stringprep.in_table_c12(c) else c for c in password if not stringprep.in_table_b1(c)
    )  # fmt: skip
    normal = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    if not normal or any(table(c) for c in normal for table in PROHIBITED):
        return password
    right_to_left = [stringprep.in_table_d1(c) for c in normal]
    if any(right_to_left):
        mixed = any(stringprep.in_table_d2(c) for c in normal)
        if mixed or not (right_to_left[0] and right_to_left[-1]):
            return password
    return normal


def verifier(password: str, salt: bytes, iterations: int = ITERATIONS) -> str:
    """What PostgreSQL stores in C(pg_authid.rolpassword) for this password and salt."""
    salted = hashlib.pbkdf2_hmac("sha256", prepared(password).encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    encoded = [b64encode(part).decode() for part in (salt, stored_key, server_key)]
    return f"SCRAM-SHA-256${iterations}:{encoded[0]}${encoded[1]}:{encoded[2]}"


def matches(password: str, stored: str | None) -> bool:
    """Whether STORED was made of PASSWORD; anything but a SCRAM verifier was not."""
    found = STORED_FORM.fullmatch(stored or "")
    if found is None:
        return False
    again = verifier(password, b64decode(found.group(2)), int(found.group(1)))
    return hmac.compare_digest(again, found.group(0))
