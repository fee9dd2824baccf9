"""The option redis, shared by every module that reads a keyspace."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  redis:
    description: The Redis to read. It is never written to.
    type: dict
    required: true
    suboptions:
      login_host:
        description: Host name or address of the server.
        type: str
        default: 127.0.0.1
      login_port:
        description: Port of the server.
        type: int
        default: 6379
      login_unix_socket:
        description: Socket of a server on the same host, which is asked instead of O(redis.login_host).
        type: path
      login_db:
        description: Number of the logical database.
        type: int
        default: 0
      login_user:
        description: ACL user. Empty for the default user.
        type: str
      login_password:
        description: Password of the user.
        type: str
      tls:
        description: Encrypt the connection and check the server's certificate.
        type: bool
        default: false
      ca_cert:
        description: Certificate authority that signed the server's certificate; the system's own when not given.
        type: path
      timeout_s:
        description: Seconds to wait for an answer.
        type: int
        default: 10
requirements:
  - redis
"""
