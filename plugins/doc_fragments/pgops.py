"""Options that every module with a PostgreSQL connection shares."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  login_host:
    description: Host name or address of the server. Empty for the UNIX socket in C(/var/run/postgresql).
    type: str
    default: ""
  login_port:
    description: Port of the server.
    type: int
    default: 5432
  login_user:
    description: Role to log in as.
    type: str
    default: postgres
  login_password:
    description: Password of O(login_user). Not needed for peer authentication on the socket.
    type: str
  login_db:
    description: Database to connect to.
    type: str
    default: postgres
  login_role:
    description: Role to take on with C(SET ROLE) after the login; objects that are made belong to it.
    type: str
  ssl_mode:
    description: How the connection is encrypted, as libpq's C(sslmode).
    type: str
    default: prefer
    choices: [disable, allow, prefer, require, verify-ca, verify-full]
  ca_cert:
    description: Certificate authority that signed the server's certificate, as libpq's C(sslrootcert).
    type: path
  connect_timeout_s:
    description: Seconds to wait for the server.
    type: int
    default: 5
requirements:
  - psycopg2
attributes:
  check_mode:
    description: Makes the same plan without applying it.
  diff_mode:
    description: Returns what the run changes, as before and after.
"""
