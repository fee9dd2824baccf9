"""How long the certificate that the server shows its clients is still valid."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .commands import certificate_end_s
from .errors import PgopsError
from .health import Check, Limit, duration
from .health_declared import Declared, Limits

DAY_S = 86_400
CERTIFICATE = Declared(
    name="certificate",
    unit="days",
    measures="Days that the certificate which the server shows is still valid",
    advice="Renew it: give its variables the new one and run site.yml, which reloads the server and drops no connection.",
    limit=Limit(30.0, 7.0, falling=True),
)
DECLARED = (CERTIFICATE,)
RELOAD = "Reload the server (SELECT pg_reload_conf()), and see in its log whether it took the new one."
READ_IT = "Run the module as the OS user that owns the data directory, with the package openssl installed."


@dataclass(frozen=True)
class Certificate:
    """Both times in epoch seconds: the end of its validity, and when its file was last written."""

    path: str
    ends_s: float
    written_s: float


def read_certificate(path: str) -> Certificate:
    try:
        written_s = os.stat(path).st_mtime
    except OSError as error:
        raise PgopsError(f"{path}: {error.strerror}.") from error
    return Certificate(path, certificate_end_s(path), written_s)


def certificate_checks(server: dict, limits: Limits, now_s: float) -> list[Check]:
    """SERVER is its own answer; no check where it is down, or where it does not offer TLS."""
    if not server.get("certificate"):
        return []
    try:
        certificate = read_certificate(os.path.join(server.get("data_directory") or "", server["certificate"]))
    except PgopsError as error:
        return [CERTIFICATE.unknown(limits, str(error), READ_IT)]
    return [judge_certificate(certificate, server["loaded_epoch_s"], limits, now_s)]


def judge_certificate(certificate: Certificate, loaded_s: float, limits: Limits, now_s: float) -> Check:
    """LOADED_S is when the server last read its files. What was written later, nobody is shown yet."""
    if certificate.written_s > loaded_s:
        finding = f"{certificate.path} is newer than what the server shows its clients."
        return CERTIFICATE.stated(round((certificate.ends_s - now_s) / DAY_S, 1), "warning", finding, RELOAD)
    left_s = certificate.ends_s - now_s
    state = f"is valid for {duration(left_s)} more" if left_s > 0 else f"has been invalid for {duration(-left_s)}"
    return CERTIFICATE.found(limits, left_s / DAY_S, f"{certificate.path} {state}.")
