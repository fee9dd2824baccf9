-- What people make, and who asked to hear of it.

CREATE TABLE threads (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL,
    -- Null: personal.
    team_id uuid,
    -- An edit may leave it empty; the application limits its length, old records do not.
    title text NOT NULL,
    original_content text NOT NULL,
    tweets jsonb NOT NULL,
    -- jsonb_array_length raises on anything but an array, and AND promises no order: hence CASE, here and in the CHECK.
    tweet_count integer GENERATED ALWAYS AS (
        CASE WHEN jsonb_typeof(tweets) = 'array' THEN jsonb_array_length(tweets) END
    ) STORED,
    metadata jsonb NOT NULL DEFAULT '{}',
    source_url text,
    source_type text NOT NULL DEFAULT 'text',
    ai_model text NOT NULL DEFAULT 'gpt-3.5-turbo',
    generation_time_ms bigint,
    content_length bigint,
    -- Of any length, and nothing searches them: hence no index, whose entries have a limit.
    tags text[] NOT NULL DEFAULT '{}',
    view_count bigint NOT NULL DEFAULT 0,
    copy_count bigint NOT NULL DEFAULT 0,
    is_favorite boolean NOT NULL DEFAULT false,
    is_archived boolean NOT NULL DEFAULT false,
    status text NOT NULL DEFAULT 'published',
    assigned_to_id uuid,
    submitted_at timestamptz,
    submitted_by_id uuid,
    reviewed_at timestamptz,
    reviewed_by_id uuid,
    review_notes text,
    version integer NOT NULL DEFAULT 1,
    parent_version_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT threads_pkey PRIMARY KEY (id),
    CONSTRAINT threads_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    -- A deleted team leaves its members' threads to them.
    CONSTRAINT threads_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE SET NULL,
    CONSTRAINT threads_assigned_to_id_fkey FOREIGN KEY (assigned_to_id) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT threads_submitted_by_id_fkey FOREIGN KEY (submitted_by_id) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT threads_reviewed_by_id_fkey FOREIGN KEY (reviewed_by_id) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT threads_parent_version_id_fkey
        FOREIGN KEY (parent_version_id) REFERENCES threads (id) ON DELETE SET NULL,
    CONSTRAINT threads_tweets_check
        CHECK (CASE WHEN jsonb_typeof(tweets) = 'array' THEN jsonb_array_length(tweets) > 0 ELSE false END),
    CONSTRAINT threads_source_type_check CHECK (source_type IN ('url', 'text')),
    CONSTRAINT threads_ai_model_check CHECK (char_length(ai_model) <= 50),
    CONSTRAINT threads_view_count_check CHECK (view_count >= 0),
    CONSTRAINT threads_copy_count_check CHECK (copy_count >= 0),
    CONSTRAINT threads_status_check CHECK (status IN ('draft', 'submitted', 'approved', 'rejected', 'published')),
    CONSTRAINT threads_version_check CHECK (version >= 1)
);

-- Every list is of one user, newest first. A user has a thousand threads at most, so this serves the favourites and the
-- archived as well.
CREATE INDEX threads_user_id_created_at_idx ON threads (user_id, created_at DESC);

-- The work of reviewers: what is published, nearly all, needs none.
CREATE INDEX threads_status_idx ON threads (status) WHERE status <> 'published';

CREATE INDEX threads_team_id_idx ON threads (team_id) WHERE team_id IS NOT NULL;

CREATE INDEX threads_assigned_to_id_idx ON threads (assigned_to_id) WHERE assigned_to_id IS NOT NULL;

CREATE INDEX threads_submitted_by_id_idx ON threads (submitted_by_id) WHERE submitted_by_id IS NOT NULL;

CREATE INDEX threads_reviewed_by_id_idx ON threads (reviewed_by_id) WHERE reviewed_by_id IS NOT NULL;

CREATE INDEX threads_parent_version_id_idx ON threads (parent_version_id) WHERE parent_version_id IS NOT NULL;

CREATE TRIGGER threads_set_updated_at BEFORE UPDATE ON threads FOR EACH ROW
    WHEN (current_setting('threadr.keep_updated_at', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION set_updated_at();

-- Not users: they have neither password nor account.
CREATE TABLE email_subscribers (
    email text NOT NULL,
    -- Null when only the address is known.
    subscribed_at timestamptz,
    client_ip inet,
    -- What was recorded as the address, where it is none.
    client_ip_raw text,
    user_agent text,
    referrer text,
    source text,
    unsubscribed_at timestamptz,
    user_id uuid,
    metadata jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT email_subscribers_pkey PRIMARY KEY (email),
    CONSTRAINT email_subscribers_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT email_subscribers_email_lower_check CHECK (email = lower(email)),
    CONSTRAINT email_subscribers_email_form_check CHECK (char_length(email) <= 254 AND email LIKE '%@%'),
    CONSTRAINT email_subscribers_client_ip_check
        CHECK (masklen(client_ip) = CASE family(client_ip) WHEN 4 THEN 32 ELSE 128 END)
);

CREATE INDEX email_subscribers_user_id_idx ON email_subscribers (user_id) WHERE user_id IS NOT NULL;
