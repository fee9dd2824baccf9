"""What to do when a server does not let the health check in, by the answer it gave."""

from __future__ import annotations

ADVICE = (  # the first that matches; parts of the messages of libpq and of PostgreSQL 15
    (
        ("no such file or directory", "connection refused"),
        "Find the cluster with pg_lsclusters, read the end of its log for why it stopped, and start it.",
    ),
    (
        ("too many clients", "connection slots are reserved", "too many connections"),
        "End idle sessions, then find the application that opens more connections than its pool allows.",
    ),
    (("starting up", "not yet accepting"), "Wait until recovery has finished; the server's log shows how far it is."),
    (("shutting down",), "Find out who stops the server; if nobody does, read its log and start it again."),
    (
        ("authentication failed", "no password supplied", "no pg_hba.conf entry"),
        "Correct login_user and login_password, or the rule in pg_hba.conf that this connection meets.",
    ),
    (
        ("role ", "permission denied to set role"),
        "Create the role with site.yml, or correct login_user and login_role.",
    ),
    (("is version",), "See with pg_lsclusters which cluster listens on that port."),
    (("database ",), "Create the database with site.yml, or correct login_db."),
    (
        ("timeout expired", "timed out", "no route to host", "could not translate host name"),
        "Check the host's name, that it is up, and that its firewall lets this host reach the port.",
    ),
)
OTHERWISE = "Read the server's log and correct what it names."


def refusal_advice(message: str) -> str:
    lower = message.lower()
    return next((advice for parts, advice in ADVICE if any(part in lower for part in parts)), OTHERWISE)
