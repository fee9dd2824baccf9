-- What the platform keeps of itself: the time of the newest commit, by which a drill knows what would be lost, and the drills.

-- Provisioning makes the schema with its grants first; a database without them gets a bare one.
CREATE SCHEMA IF NOT EXISTS operations;

-- One row, written every minute. It has to be in the database that is dumped, or a dump could not tell how old its data are.
CREATE TABLE operations.heartbeat (
    only_row boolean NOT NULL DEFAULT true,
    -- Since when there is one: from then on drills are expected.
    began_at timestamptz NOT NULL DEFAULT now(),
    beat_at timestamptz NOT NULL,
    CONSTRAINT heartbeat_pkey PRIMARY KEY (only_row),
    CONSTRAINT heartbeat_only_row_check CHECK (only_row)
);

-- Durations in seconds, by phase; null for a phase that there is not, or that was not reached.
CREATE TABLE operations.drills (
    drill_id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    host text NOT NULL,
    -- Null where no backup could be found or read.
    backup text,
    repository integer,
    began_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    passed boolean NOT NULL,
    fetch_s double precision,
    restore_s double precision,
    replay_s double precision,
    verify_s double precision,
    rto_s double precision,
    rpo_s double precision,
    heartbeat_at timestamptz,
    checks jsonb NOT NULL DEFAULT '[]',
    problems jsonb NOT NULL DEFAULT '[]',
    CONSTRAINT drills_pkey PRIMARY KEY (drill_id),
    CONSTRAINT drills_kind_began_at_host_key UNIQUE (kind, began_at, host),
    CONSTRAINT drills_kind_check CHECK (kind IN ('logical', 'physical')),
    CONSTRAINT drills_finished_at_check CHECK (finished_at >= began_at)
);
