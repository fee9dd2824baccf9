"""What pgBackRest and rclone say of an object store that cannot be used, and what to do about it."""

from __future__ import annotations

import re

KEYS = "Correct threadr_backup_s3_key and threadr_backup_s3_key_secret in the vault, and run site.yml."
# The first that is found counts: a store that refuses a key answers with 403 as well.
REMEDIES = (
    ("no space left on device", "Make room on this host, or choose another directory."),
    (
        "unable to verify certificate presented by|certificate signed by unknown authority",
        "Its authority is not trusted here: give its certificate as ca in threadr_backup_s3, and run site.yml.",
    ),
    (
        "unable to find hostname .* in certificate|x509: (certificate is valid for|cannot validate certificate for)",
        "Its certificate is another host's: correct endpoint in threadr_backup_s3, and run site.yml.",
    ),
    ("InvalidAccessKeyId", f"The store does not know this key. {KEYS}"),
    ("SignatureDoesNotMatch", f"The secret is not that of the key. {KEYS}"),
    (
        "NoSuchBucket|directory not found",
        "There is no such bucket: make it, or correct bucket in threadr_backup_s3 and run site.yml.",
    ),
    (
        "HTTP request failed with 403|AccessDenied|Forbidden",
        f"The store refuses this key what it asked for: let it list, read, write and delete in the bucket. {KEYS}",
    ),
    (
        (
            "HostConnectError|unable to get address for|unable to connect to|timeout connecting to"
            "|no such host|connection refused|dial tcp .*i/o timeout|no route to host"
        ),
        "The store cannot be reached: see whether it runs, and whether endpoint and port in threadr_backup_s3 are right.",
    ),
    (
        r"ServiceError|HTTP request failed with 5\d\d|TlsError|timeout after|status code: 5\d\d|tls: |i/o timeout",
        "The store answers, but not as it should: see its own log, then try again.",
    ),
)


def remedy(log: str) -> str:
    """A sentence or two; nothing where LOG is of something else."""
    return next((advice for pattern, advice in REMEDIES if re.search(pattern, log)), "")
