"""The certificate that the server shows: a real one, made here, at each side of its limits."""

from __future__ import annotations

import os
import subprocess

import pytest
from ansible.module_utils.pgops.health_certificate import DAY_S, certificate_checks, read_certificate

from health_limits import LIMITS


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data directory with a certificate of 100 days."""
    directory = tmp_path_factory.mktemp("data")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "100",
         "-subj", "/CN=pg1", "-keyout", os.devnull, "-out", directory / "server.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    (directory / "server.txt").write_text("no certificate\n")
    return directory


def checks(data, certificate="server.crt", days_left=100.0, loaded_later_s=0.0):
    """What is found when the certificate has DAYS_LEFT."""
    known = read_certificate(str(data / "server.crt"))
    server = {
        "data_directory": str(data),
        "certificate": certificate,
        "loaded_epoch_s": known.written_s + loaded_later_s,
    }
    return certificate_checks(server, LIMITS, known.ends_s - days_left * DAY_S)


@pytest.mark.parametrize(
    ("days_left", "verdict", "says"),
    [
        pytest.param(99.5, "ok", "is valid for 99 d 12 h more", id="long"),
        pytest.param(30, "warning", "is valid for 30 d more", id="warning"),
        pytest.param(7, "critical", "is valid for 7 d more", id="critical"),
        pytest.param(-1, "critical", "has been invalid for 1 d", id="expired"),
    ],
)
def test_the_days_that_are_left_are_judged(data, days_left, verdict, says):
    [check] = checks(data, days_left=days_left)
    assert (check.verdict, check.value, check.unit) == (verdict, days_left, "days")
    assert check.finding == f"{data}/server.crt {says}."
    assert ("run site.yml" in check.advice) == (verdict != "ok")


def test_one_that_the_server_has_not_read_yet_is_no_comfort(data):
    [check] = checks(data, loaded_later_s=-1)
    assert (check.verdict, check.value) == ("warning", 100.0)
    assert "pg_reload_conf" in check.advice


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        pytest.param("gone.crt", "gone.crt: No such file or directory.", id="missing"),
        pytest.param("server.txt", "server.txt cannot be read as a certificate: ", id="something-else"),
    ],
)
def test_one_that_cannot_be_read_is_unknown(data, certificate, reason):
    [check] = checks(data, certificate)
    assert check.verdict == "unknown"
    assert reason in check.finding


@pytest.mark.parametrize("server", [{}, {"certificate": None, "data_directory": "/data"}])
def test_a_server_without_tls_or_without_an_answer_has_none(server):
    assert certificate_checks(server, LIMITS, 0) == []
