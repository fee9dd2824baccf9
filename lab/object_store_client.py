"""What the S3 server of the lab holds, asked of it as a client: ``python3 object_store_client.py FOLDER PREFIX``.

Prints a JSON list of name, size, encryption and storage class. Runs where the server does; FOLDER is the server's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def listed(folder: Path, prefix: str, port: str = "443") -> list[dict]:
    import boto3
    from botocore.config import Config

    settings = json.loads((folder / "settings.json").read_text())
    client = boto3.client(
        "s3", endpoint_url=f"https://localhost:{port}", region_name=settings["region"], verify=str(folder / "ca.crt"),
        aws_access_key_id=settings["key"], aws_secret_access_key=settings["secret"], config=Config(s3={"addressing_style": "path"}),
    )  # fmt: skip
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=settings["bucket"], Prefix=prefix)
    found = []
    for key in [one["Key"] for page in pages for one in page.get("Contents", [])]:
        head = client.head_object(Bucket=settings["bucket"], Key=key)
        facts = {"encryption": head.get("ServerSideEncryption", ""), "class": head.get("StorageClass", "STANDARD")}
        found.append({"name": key, "size_bytes": head["ContentLength"], **facts})
    return found


if __name__ == "__main__":
    print(json.dumps(listed(Path(sys.argv[1]), sys.argv[2])))
