"""The S3 server of the lab: moto behind gunicorn, with TLS, one bucket, and one key whose signature is checked.

Runs in a container: ``python3 object_store_server.py FOLDER [PORT]``. FOLDER holds server.crt, server.key and settings.json:
bucket, region, key and secret. What is stored is in memory, and gone with the process. As everywhere since 2023, what the
bucket takes is encrypted by the store (AES256) unless the client asks for more.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
from pathlib import Path
from urllib.parse import parse_qsl, quote

REFUSAL = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'


def signature(secret: str, region: str, environ: dict, signed_headers: str) -> str:
    """Version 4, over the request as it came in."""
    path, _, query = environ["RAW_URI"].partition("?")
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parse_qsl(query, True))
    headers = "".join(f"{name}:{header(environ, name)}\n" for name in signed_headers.split(";"))
    canonical = "\n".join(
        [
            environ["REQUEST_METHOD"], path, "&".join(f"{name}={value}" for name, value in pairs), headers, signed_headers,
            header(environ, "x-amz-content-sha256"),
        ]
    )  # fmt: skip
    moment = header(environ, "x-amz-date")
    scope = [moment[:8], region, "s3", "aws4_request"]
    text = "\n".join(["AWS4-HMAC-SHA256", moment, "/".join(scope), hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def header(environ: dict, name: str) -> str:
    key = name.upper().replace("-", "_")
    value = environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", "")
    return " ".join(value.split())


def refusal(settings: dict, environ: dict) -> str:
    """The code with which S3 refuses this request; empty for one that may pass."""
    kind, _, rest = header(environ, "authorization").partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
    if kind != "AWS4-HMAC-SHA256" or not {"Credential", "SignedHeaders", "Signature"} <= parts.keys():
        return "AccessDenied"
    key, _, region, *_ = parts["Credential"].split("/")
    if key != settings["key"]:
        return "InvalidAccessKeyId"
    made = signature(settings["secret"], region, environ, parts["SignedHeaders"])
    return "" if hmac.compare_digest(made, parts["Signature"]) else "SignatureDoesNotMatch"


def guarded(application, settings: dict):
    """APPLICATION, for whoever knows the secret."""

    def answer(environ, start_response):
        code = refusal(settings, environ)
        if not code:
            return application(environ, start_response)
        # What was sent is read: otherwise the connection breaks before the refusal arrives.
        environ["wsgi.input"].read()
        start_response("403 Forbidden", [("Content-Type", "application/xml")])
        return [REFUSAL.format(code=code, message="The request is refused.").encode()]

    return answer


def store(settings: dict):
    """moto's S3 with one bucket, which encrypts what it takes."""
    from moto.moto_server.werkzeug_app import create_backend_app
    from moto.s3.models import s3_backends

    backend = s3_backends["123456789012"]["aws"]
    backend.create_bucket(settings["bucket"], settings["region"])
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    backend.put_bucket_encryption(settings["bucket"], {"Rule": rule})
    return guarded(create_backend_app("s3"), settings)


def main() -> None:
    folder = Path(sys.argv[1])
    settings = json.loads((folder / "settings.json").read_text())
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):
        def load_config(self) -> None:
            port = sys.argv[2] if len(sys.argv) > 2 else "443"
            # One process, because the store is its memory; threads, because a backup sends several files at once.
            chosen = {
                "bind": f"[::]:{port}", "workers": 1, "threads": 8, "timeout": 120, "accesslog": str(folder / "access.log"),
                "control_socket_disable": True, "certfile": str(folder / "server.crt"), "keyfile": str(folder / "server.key"),
            }  # fmt: skip
            for name, value in chosen.items():
                self.cfg.set(name, value)

        def load(self):
            return store(settings)

    Server().run()


if __name__ == "__main__":
    main()
