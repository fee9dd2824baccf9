"""Options that every module with an object store shares."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  endpoint: {type: str, required: true, description: "Address of the store, such as C(https://s3.example.org)."}
  bucket: {type: str, required: true, description: Name of the bucket, which has to be there.}
  prefix: {type: str, default: dumps, description: Folder in the bucket.}
  region: {type: str, default: us-east-1, description: Region of the bucket.}
  key: {type: str, required: true, description: Access key.}
  secret: {type: str, required: true, description: Its secret.}
  ca: {type: str, default: "", description: "Certificates of the authorities that are trusted, in PEM; those of the host when empty."}
  path_style: {type: bool, default: true, description: "Whether the bucket is in the path of an address; otherwise it is in the name of the host."}
  encryption:
    type: str
    default: AES256
    description: Server-side encryption to ask for; empty for what the bucket does by itself.
  storage_class: {type: str, default: STANDARD_IA, description: Class of the objects; empty for the bucket's own.}
requirements:
  - rclone
"""
