"""A JSON document and its signature beside it, made with an operator's SSH key by ssh-keygen."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from .commands import ssh_keygen
from .errors import PgopsError

MODE = 0o640
PROOF = "Whether this key signs.\n"


def rendered(document: dict) -> str:
    """One text per document: what is signed are bytes."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def signature_of(path: Path) -> Path:
    return path.with_name(path.name + ".sig")


def sign(text: str, key: Path, namespace: str) -> str:
    done = ssh_keygen(["-Y", "sign", "-q", "-f", str(key), "-n", namespace], text)
    if done.code:
        raise PgopsError(
            f"The key {key} cannot sign: {done.said or 'ssh-keygen gave no reason'}. Name a private key without "
            "passphrase, or the public half of one that ssh-agent holds."
        )
    return done.said


def signer(text: str, signature: Path, namespace: str) -> str | None:
    """The fingerprint of the key whose signature fits TEXT; None where it fits not."""
    done = ssh_keygen(["-Y", "check-novalidate", "-n", namespace, "-s", str(signature)], text)
    return None if done.code else fingerprint_in(done.said)


def fingerprint(key: Path) -> str | None:
    done = ssh_keygen(["-l", "-E", "sha256", "-f", str(key)], "")
    return None if done.code else fingerprint_in(done.said)


def fingerprint_in(said: str) -> str | None:
    return next((word for word in said.split() if word.startswith("SHA256:")), None)


def keep(path: Path, document: dict | None, key: Path, namespace: str, check_mode: bool) -> dict:
    """The result of signed_file. Another document in its place is never overwritten: it may be signed, too."""
    sign(PROOF, key, namespace)
    if not path.parent.is_dir():
        raise PgopsError(
            f"There is no directory {path.parent} for the file {path.name}. Make it, or choose another path."
        )
    text = None if document is None else rendered(document)
    present = path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
    if present is not None and present != text:
        raise PgopsError(f"{path} exists and is another document. Choose another path; nothing was changed.")
    beside = signature_of(path)
    signed = (
        present is not None and beside.exists() and signer(present, beside, namespace) in {fingerprint(key)} - {None}
    )
    if text is not None and not signed and not check_mode:
        signature = sign(text, key, namespace)
        # The signature first: a document without one never looks complete.
        write(beside, signature)
        write(path, text)
    changed = text is not None and not signed
    return {
        "changed": changed,
        "signature": str(beside),
        "key": fingerprint(key),
        "diff": {"before": present or "", "after": (text or "") if changed else (present or "")},
    }


def write(path: Path, text: str) -> None:
    """Whole or not at all."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(name, MODE)
    os.replace(name, path)
