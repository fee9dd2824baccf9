-- How the servers and their hosts were, one look after the other: what reports draw.

-- Times, states and verdicts choose rows and are columns; what was measured goes by its name, as checks come and go with releases.
CREATE TABLE operations.measurements (
    taken_at timestamptz NOT NULL,
    host text NOT NULL,
    -- Null where the server did not say.
    state text,
    verdict text NOT NULL,
    -- By the name of the check: its value, null where that is no number, and its verdict.
    checks jsonb NOT NULL DEFAULT '{}',
    -- Numbers with their unit in the name. Those of what was counted grow until the counters begin anew.
    numbers jsonb NOT NULL DEFAULT '{}',
    -- Lists of what is largest, most used or most in need; never all there is.
    databases jsonb NOT NULL DEFAULT '[]',
    tables jsonb NOT NULL DEFAULT '[]',
    indexes jsonb NOT NULL DEFAULT '[]',
    statements jsonb NOT NULL DEFAULT '[]',
    CONSTRAINT measurements_pkey PRIMARY KEY (taken_at, host),
    CONSTRAINT measurements_state_check CHECK (state IN ('primary', 'standby')),
    CONSTRAINT measurements_verdict_check CHECK (verdict IN ('ok', 'unknown', 'warning', 'critical'))
);
