"""Settings that are good on every host: name, value, reason."""

from __future__ import annotations

VACUUM_DELAY = ("autovacuum_vacuum_cost_delay", "2ms", "Pauses short enough to keep up; the limit above sets the pace.")

CONNECTIONS = (
    ("superuser_reserved_connections", "3", "Somebody can still look in when the application has taken all others."),
    (
        "idle_in_transaction_session_timeout",
        "30min",
        "A session that waits in a transaction keeps dead rows and locks.",
    ),
    ("tcp_keepalives_idle", "60s", "A client that vanished is asked after one minute, not after two hours."),
    ("tcp_keepalives_interval", "10s", "Asked again every ten seconds."),
    ("tcp_keepalives_count", "6", "Given up after one minute without an answer."),
    ("client_connection_check_interval", "10s", "A statement whose client has gone is cancelled."),
)

LOGGING = (
    ("logging_collector", "on", "The server writes and rotates its log itself, and loses no line."),
    ("log_directory", "/var/log/postgresql", "Where Debian keeps it, and logrotate finds it."),
    ("log_filename", "{log_name}-%Y-%m-%d_%H%M%S.log", "One file a day, or more when it grows large."),
    ("log_file_mode", "0640", "Statements may hold data: for the server and its group only."),
    ("log_rotation_age", "1d", "A file a day."),
    ("log_rotation_size", "100MB", "Files that an editor still opens."),
    ("log_line_prefix", "%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ", "Read by pgbadger as it is."),
    ("log_min_duration_statement", "1s", "Slow statements are named with their time."),
    ("log_checkpoints", "on", "Tells when WAL, not time, forces them."),
    ("log_connections", "on", "Who came in, from where, and how they proved it."),
    ("log_disconnections", "on", "How long they stayed."),
    ("log_lock_waits", "on", "Who waited for longer than deadlock_timeout, and for whom."),
    ("log_temp_files", "10MB", "Sorts that did not fit into work_mem."),
    ("log_autovacuum_min_duration", "10s", "Tables that keep autovacuum busy."),
    ("log_timezone", "UTC", "One clock in all logs."),
)
