"""Redis over TLS: the certificate has to be signed by the given authority, and to be of the host that is asked."""

from __future__ import annotations

import pytest

PORT = 6390
AUDIT = "redis_keyspace_info"
# The names of the host, and of none.
NAMES = {"right": "IP:127.0.0.1,DNS:localhost", "wrong": "DNS:redis.example.com"}
MAKE = """
set -eu
mkdir -p /tmp/tls && cd /tmp/tls
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=redis -keyout redis.key -out redis.csr
for names in {names}; do
  name="${{names%%=*}}"
  echo "subjectAltName=${{names#*=}}" > "$name.ext"
  openssl x509 -req -days 2 -in redis.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile "$name.ext" -out "$name.crt"
done
chmod -R a+rX . && chmod a+r ./*.key
"""


@pytest.fixture(scope="module")
def certificates(host):
    names = " ".join(f"{name}={alternatives}" for name, alternatives in NAMES.items())
    host.run("bash", "-c", MAKE.format(names=names))


@pytest.fixture
def listening(host, certificates, request):
    """A second Redis with the certificate that the test asks for; options that reach it."""
    files = [f"/tmp/tls/{name}" for name in (f"{request.param}.crt", "redis.key", "ca.crt")]
    host.run(
        "redis-server", "--port", "0", "--tls-port", str(PORT), "--daemonize", "yes", "--save", "", "--tls-auth-clients", "no",
        "--tls-cert-file", files[0], "--tls-key-file", files[1], "--tls-ca-cert-file", files[2],
    )  # fmt: skip
    cli = ["redis-cli", "-p", str(PORT), "--tls", "--insecure"]
    assert host.run(*cli, "SET", "threadr:user:x", "{}").stdout.strip() == "OK"
    yield {"login_port": PORT, "tls": True, "ca_cert": files[2]}
    host.run(*cli, "SHUTDOWN", "NOSAVE", check=False)


@pytest.mark.parametrize("listening", ["right"], indirect=True)
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_certificate_of_the_host_is_accepted(host, listening, name):
    assert host.module(AUDIT, {"redis": {**listening, "login_host": name}})["keys"] == 1


@pytest.mark.parametrize("listening", ["wrong"], indirect=True)
def test_a_certificate_of_another_host_is_refused(host, listening):
    answer = host.module(AUDIT, {"redis": {**listening, "login_host": "localhost"}})
    assert "certificate verify failed" in answer["msg"]


@pytest.mark.parametrize("listening", ["right"], indirect=True)
def test_a_certificate_of_another_authority_is_refused(host, listening):
    answer = host.module(AUDIT, {"redis": {**listening, "ca_cert": "/etc/ssl/certs/ca-certificates.crt"}})
    assert answer["failed"] is True
