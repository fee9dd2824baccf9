-- The record that the migration from Redis keeps of itself.

-- Provisioning makes the schema with its grants first; a database without them gets a bare one.
CREATE SCHEMA IF NOT EXISTS migration;

CREATE TABLE migration.migration_runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY,
    profile text NOT NULL,
    source text NOT NULL,
    state text NOT NULL DEFAULT 'running',
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    operator text NOT NULL,
    accounting jsonb NOT NULL DEFAULT '{}',
    tables jsonb NOT NULL DEFAULT '{}',
    message text,
    CONSTRAINT migration_runs_pkey PRIMARY KEY (run_id),
    CONSTRAINT migration_runs_state_check CHECK (state IN ('running', 'finished', 'failed', 'interrupted'))
);

-- What could not be mapped, lossless, with the reason.
CREATE TABLE migration.migration_rejects (
    reject_id bigint GENERATED ALWAYS AS IDENTITY,
    profile text NOT NULL,
    pattern text NOT NULL,
    key bytea NOT NULL,
    -- Set where one member of a set, sorted set or hash was refused.
    member bytea,
    redis_type text NOT NULL,
    ttl_ms bigint,
    value bytea,
    readable text NOT NULL,
    reason_code text NOT NULL,
    reason text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    run_id bigint NOT NULL,
    resolved_run_id bigint,
    CONSTRAINT migration_rejects_pkey PRIMARY KEY (reject_id),
    CONSTRAINT migration_rejects_run_id_fkey FOREIGN KEY (run_id) REFERENCES migration.migration_runs (run_id),
    CONSTRAINT migration_rejects_resolved_run_id_fkey
        FOREIGN KEY (resolved_run_id) REFERENCES migration.migration_runs (run_id)
);

-- Digests: a key may be longer than an index entry. The empty member is one, and not the key itself.
CREATE UNIQUE INDEX migration_rejects_unresolved_key
    ON migration.migration_rejects (profile, sha256(key), sha256(member)) NULLS NOT DISTINCT
    WHERE resolved_run_id IS NULL;

CREATE INDEX migration_rejects_reason_code_idx ON migration.migration_rejects (reason_code)
    WHERE resolved_run_id IS NULL;

CREATE INDEX migration_rejects_run_id_idx ON migration.migration_rejects (run_id);

CREATE INDEX migration_rejects_resolved_run_id_idx ON migration.migration_rejects (resolved_run_id)
    WHERE resolved_run_id IS NOT NULL;
