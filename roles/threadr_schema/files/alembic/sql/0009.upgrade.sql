-- What backups took, also of those that are gone since; and when all that are kept were read to their end, and what was found.

-- Sizes in bytes: what it takes in its repository by itself, and the database or the databases that it is of.
CREATE TABLE operations.backups (
    backup_id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    type text NOT NULL,
    name text NOT NULL,
    -- Of a physical one.
    repository integer,
    -- Of a logical one.
    database text,
    finished_at timestamptz NOT NULL,
    duration_s double precision NOT NULL,
    size_bytes bigint NOT NULL,
    database_size_bytes bigint NOT NULL,
    CONSTRAINT backups_pkey PRIMARY KEY (backup_id),
    CONSTRAINT backups_kind_name_repository_key UNIQUE NULLS NOT DISTINCT (kind, name, repository),
    CONSTRAINT backups_kind_check CHECK (kind IN ('logical', 'physical'))
);

CREATE TABLE operations.verifications (
    verification_id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    host text NOT NULL,
    began_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    passed boolean NOT NULL,
    backups integer NOT NULL,
    problems jsonb NOT NULL DEFAULT '[]',
    CONSTRAINT verifications_pkey PRIMARY KEY (verification_id),
    CONSTRAINT verifications_kind_began_at_host_key UNIQUE (kind, began_at, host),
    CONSTRAINT verifications_kind_check CHECK (kind IN ('logical', 'physical')),
    CONSTRAINT verifications_finished_at_check CHECK (finished_at >= began_at)
);
