-- Accounts, their sessions, teams.

-- Keeps updated_at. A migration that brings its own times says SET LOCAL threadr.keep_updated_at = 'on'.
CREATE FUNCTION set_updated_at() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

REVOKE EXECUTE ON FUNCTION set_updated_at() FROM PUBLIC;

CREATE TABLE users (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    -- Redis' name of the account: old tokens carry it as their subject. Null for accounts made since.
    legacy_id text,
    email text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL DEFAULT 'user',
    status text NOT NULL DEFAULT 'active',
    login_count bigint NOT NULL DEFAULT 0,
    failed_login_attempts bigint NOT NULL DEFAULT 0,
    last_failed_login timestamptz,
    last_login_at timestamptz,
    is_email_verified boolean NOT NULL DEFAULT false,
    -- Tokens are stored as SHA-256 digests only: whoever reads this table cannot use them.
    email_verification_token text,
    email_verification_expires timestamptz,
    password_reset_token text,
    password_reset_expires timestamptz,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_legacy_id_key UNIQUE (legacy_id),
    CONSTRAINT users_email_key UNIQUE (email),
    -- A B-tree entry has room for some 2,700 bytes; this and the other limits of 1,000 keep every key below that.
    CONSTRAINT users_legacy_id_length_check CHECK (octet_length(legacy_id) <= 1000),
    CONSTRAINT users_email_lower_check CHECK (email = lower(email)),
    CONSTRAINT users_email_form_check CHECK (char_length(email) <= 254 AND email LIKE '%@%'),
    CONSTRAINT users_role_check CHECK (role IN ('user', 'premium', 'admin')),
    CONSTRAINT users_status_check CHECK (status IN ('active', 'inactive', 'suspended')),
    CONSTRAINT users_login_count_check CHECK (login_count >= 0),
    CONSTRAINT users_failed_login_attempts_check CHECK (failed_login_attempts >= 0),
    CONSTRAINT users_email_verification_token_check CHECK (email_verification_token ~ '^[0-9a-f]{64}$'),
    CONSTRAINT users_password_reset_token_check CHECK (password_reset_token ~ '^[0-9a-f]{64}$')
);

CREATE INDEX users_created_at_idx ON users (created_at);

CREATE INDEX users_status_idx ON users (status) WHERE status <> 'active';

CREATE INDEX users_email_verification_token_idx ON users (email_verification_token)
    WHERE email_verification_token IS NOT NULL;

CREATE INDEX users_password_reset_token_idx ON users (password_reset_token)
    WHERE password_reset_token IS NOT NULL;

CREATE TRIGGER users_set_updated_at BEFORE UPDATE ON users FOR EACH ROW
    WHEN (current_setting('threadr.keep_updated_at', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION set_updated_at();

CREATE TABLE user_sessions (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL,
    -- SHA-256 digests, as in users. (A real token is longer than the 255 characters once meant for it, too.)
    session_token text NOT NULL,
    refresh_token text,
    device_id text,
    ip_address inet,
    user_agent text,
    device_name text,
    browser_name text,
    os_name text,
    is_active boolean NOT NULL DEFAULT true,
    is_remember_me boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT user_sessions_pkey PRIMARY KEY (id),
    CONSTRAINT user_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT user_sessions_session_token_key UNIQUE (session_token),
    CONSTRAINT user_sessions_refresh_token_key UNIQUE (refresh_token),
    CONSTRAINT user_sessions_session_token_check CHECK (session_token ~ '^[0-9a-f]{64}$'),
    CONSTRAINT user_sessions_refresh_token_check CHECK (refresh_token ~ '^[0-9a-f]{64}$'),
    -- inet would accept 203.0.113.9/24 together with its mask.
    CONSTRAINT user_sessions_ip_address_check
        CHECK (masklen(ip_address) = CASE family(ip_address) WHEN 4 THEN 32 ELSE 128 END),
    CONSTRAINT user_sessions_expires_at_check CHECK (expires_at > created_at)
);

-- Serves "the active sessions of a user" too: a user has a handful of sessions.
CREATE INDEX user_sessions_user_id_idx ON user_sessions (user_id);

CREATE INDEX user_sessions_expires_at_idx ON user_sessions (expires_at) WHERE is_active;

CREATE TABLE teams (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    slug text NOT NULL,
    description text,
    owner_id uuid NOT NULL,
    plan text NOT NULL DEFAULT 'free',
    billing_email text,
    stripe_customer_id text,
    stripe_subscription_id text,
    max_members integer NOT NULL DEFAULT 5,
    max_monthly_threads integer NOT NULL DEFAULT 100,
    settings jsonb NOT NULL DEFAULT '{}',
    features jsonb NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    suspended_at timestamptz,
    suspended_reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT teams_pkey PRIMARY KEY (id),
    CONSTRAINT teams_slug_key UNIQUE (slug),
    -- What team_memberships_owner_fkey refers to.
    CONSTRAINT teams_id_owner_id_key UNIQUE (id, owner_id),
    -- An owner has to hand the team over before the account can go.
    CONSTRAINT teams_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE RESTRICT,
    CONSTRAINT teams_name_check CHECK (char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT teams_slug_check CHECK (slug ~ '^[a-z0-9-]{3,50}$'),
    CONSTRAINT teams_plan_check CHECK (plan IN ('free', 'starter', 'pro', 'enterprise')),
    CONSTRAINT teams_max_members_check CHECK (max_members >= 1),
    CONSTRAINT teams_max_monthly_threads_check CHECK (max_monthly_threads >= 0)
);

CREATE INDEX teams_owner_id_idx ON teams (owner_id);

CREATE TRIGGER teams_set_updated_at BEFORE UPDATE ON teams FOR EACH ROW
    WHEN (current_setting('threadr.keep_updated_at', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION set_updated_at();

CREATE TABLE team_memberships (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    permissions jsonb NOT NULL DEFAULT '[]',
    is_active boolean NOT NULL DEFAULT true,
    last_activity_at timestamptz,
    thread_count bigint NOT NULL DEFAULT 0,
    joined_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    owner_id uuid GENERATED ALWAYS AS (CASE WHEN role = 'owner' THEN user_id END) STORED,
    CONSTRAINT team_memberships_pkey PRIMARY KEY (id),
    CONSTRAINT team_memberships_team_id_user_id_key UNIQUE (team_id, user_id),
    CONSTRAINT team_memberships_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE,
    CONSTRAINT team_memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    -- Whoever is a member as owner is the owner that the team names. Checked at COMMIT, so that one transaction can
    -- hand a team over.
    CONSTRAINT team_memberships_owner_fkey FOREIGN KEY (team_id, owner_id) REFERENCES teams (id, owner_id)
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT team_memberships_role_check CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
    CONSTRAINT team_memberships_permissions_check CHECK (jsonb_typeof(permissions) = 'array'),
    CONSTRAINT team_memberships_thread_count_check CHECK (thread_count >= 0)
);

CREATE UNIQUE INDEX team_memberships_owner_key ON team_memberships (team_id) WHERE role = 'owner';

CREATE INDEX team_memberships_user_id_idx ON team_memberships (user_id);

CREATE INDEX team_memberships_last_activity_at_idx ON team_memberships (last_activity_at DESC);

CREATE TRIGGER team_memberships_set_updated_at BEFORE UPDATE ON team_memberships FOR EACH ROW
    WHEN (current_setting('threadr.keep_updated_at', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION set_updated_at();

CREATE TABLE team_invites (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL,
    -- Null when that person's account is gone: the invite outlives it.
    invited_by_user_id uuid,
    -- The local part as it was typed.
    email text NOT NULL,
    role text NOT NULL,
    -- SHA-256 digest of what the invitation link carries.
    token text NOT NULL,
    message text,
    status text NOT NULL DEFAULT 'pending',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '7 days',
    accepted_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT team_invites_pkey PRIMARY KEY (id),
    CONSTRAINT team_invites_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE,
    CONSTRAINT team_invites_invited_by_user_id_fkey
        FOREIGN KEY (invited_by_user_id) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT team_invites_token_key UNIQUE (token),
    CONSTRAINT team_invites_token_check CHECK (token ~ '^[0-9a-f]{64}$'),
    CONSTRAINT team_invites_email_form_check CHECK (char_length(email) <= 254 AND email LIKE '%@%'),
    CONSTRAINT team_invites_role_check CHECK (role IN ('admin', 'editor', 'viewer')),
    CONSTRAINT team_invites_status_check CHECK (status IN ('pending', 'accepted', 'expired', 'revoked')),
    CONSTRAINT team_invites_expires_at_check CHECK (expires_at > created_at)
);

-- One open invite for an address, any number of closed ones.
CREATE UNIQUE INDEX team_invites_pending_key ON team_invites (team_id, lower(email)) WHERE status = 'pending';

CREATE INDEX team_invites_team_id_idx ON team_invites (team_id);

CREATE INDEX team_invites_invited_by_user_id_idx ON team_invites (invited_by_user_id)
    WHERE invited_by_user_id IS NOT NULL;

CREATE INDEX team_invites_email_idx ON team_invites (lower(email));

CREATE INDEX team_invites_expires_at_idx ON team_invites (expires_at) WHERE status = 'pending';

CREATE TABLE team_activities (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL,
    -- Null when that person's account is gone: the history stays.
    user_id uuid,
    action text NOT NULL,
    resource_type text NOT NULL,
    -- Text: events about members name accounts of Redis, which are no UUIDs.
    resource_id text,
    details jsonb NOT NULL DEFAULT '{}',
    ip_address inet,
    user_agent text,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT team_activities_pkey PRIMARY KEY (id),
    CONSTRAINT team_activities_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE,
    CONSTRAINT team_activities_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT team_activities_action_check CHECK (char_length(action) <= 50),
    CONSTRAINT team_activities_resource_type_check CHECK (char_length(resource_type) <= 20),
    CONSTRAINT team_activities_ip_address_check
        CHECK (masklen(ip_address) = CASE family(ip_address) WHEN 4 THEN 32 ELSE 128 END)
);

CREATE INDEX team_activities_team_id_occurred_at_idx ON team_activities (team_id, occurred_at DESC);

CREATE INDEX team_activities_user_id_idx ON team_activities (user_id) WHERE user_id IS NOT NULL;

CREATE INDEX team_activities_occurred_at_idx ON team_activities (occurred_at DESC);

CREATE INDEX team_activities_action_occurred_at_idx ON team_activities (action, occurred_at DESC);

-- Sessions whose time is over; marked, not deleted. Returns how many.
CREATE FUNCTION cleanup_expired_sessions() RETURNS bigint
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    WITH ended AS (
        UPDATE public.user_sessions
        SET is_active = false, revoked_at = coalesce(revoked_at, now())
        WHERE is_active AND expires_at <= now()
        RETURNING 1
    )
    SELECT count(*) FROM ended
$$;

REVOKE EXECUTE ON FUNCTION cleanup_expired_sessions() FROM PUBLIC;

-- Invites that nobody accepted in time. Returns how many.
CREATE FUNCTION cleanup_expired_invites() RETURNS bigint
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    WITH ended AS (
        UPDATE public.team_invites
        SET status = 'expired'
        WHERE status = 'pending' AND expires_at <= now()
        RETURNING 1
    )
    SELECT count(*) FROM ended
$$;

REVOKE EXECUTE ON FUNCTION cleanup_expired_invites() FROM PUBLIC;
