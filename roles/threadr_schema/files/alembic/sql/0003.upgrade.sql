-- Who pays, and who was given premium.

CREATE TABLE subscriptions (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id uuid,
    team_id uuid,
    -- The Stripe ids are null where the source has none: they are not invented.
    stripe_subscription_id text,
    stripe_customer_id text,
    stripe_price_id text,
    stripe_product_id text,
    status text NOT NULL,
    plan_name text NOT NULL,
    billing_cycle text NOT NULL,
    amount_cents bigint NOT NULL,
    currency text NOT NULL DEFAULT 'USD',
    current_period_start timestamptz NOT NULL,
    current_period_end timestamptz NOT NULL,
    cancel_at_period_end boolean NOT NULL DEFAULT false,
    canceled_at timestamptz,
    ended_at timestamptz,
    trial_start timestamptz,
    trial_end timestamptz,
    premium_expires_at timestamptz,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT subscriptions_pkey PRIMARY KEY (id),
    -- Billing history does not vanish with its owner.
    CONSTRAINT subscriptions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT,
    CONSTRAINT subscriptions_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE RESTRICT,
    CONSTRAINT subscriptions_stripe_subscription_id_key UNIQUE (stripe_subscription_id),
    CONSTRAINT subscriptions_stripe_subscription_id_length_check CHECK (octet_length(stripe_subscription_id) <= 1000),
    CONSTRAINT subscriptions_owner_check CHECK (num_nonnulls(user_id, team_id) = 1),
    CONSTRAINT subscriptions_status_check CHECK (status IN (
        'active', 'canceled', 'incomplete', 'incomplete_expired', 'past_due', 'paused', 'trialing', 'unpaid'
    )),
    CONSTRAINT subscriptions_billing_cycle_check CHECK (billing_cycle IN ('monthly', 'yearly', 'one_time')),
    CONSTRAINT subscriptions_amount_cents_check CHECK (amount_cents >= 0),
    CONSTRAINT subscriptions_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT subscriptions_current_period_check CHECK (current_period_end >= current_period_start),
    CONSTRAINT subscriptions_trial_check CHECK (trial_end >= trial_start)
);

CREATE INDEX subscriptions_user_id_idx ON subscriptions (user_id) WHERE user_id IS NOT NULL;

CREATE INDEX subscriptions_team_id_idx ON subscriptions (team_id) WHERE team_id IS NOT NULL;

CREATE INDEX subscriptions_premium_expires_at_idx ON subscriptions (premium_expires_at) WHERE status = 'active';

CREATE TRIGGER subscriptions_set_updated_at BEFORE UPDATE ON subscriptions FOR EACH ROW
    WHEN (current_setting('threadr.keep_updated_at', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION set_updated_at();

-- Premium is a question of the present time: computed when read, never stored.
CREATE VIEW subscription_premium WITH (security_invoker = true) AS
    SELECT id, user_id, team_id, status, premium_expires_at,
           status IN ('active', 'trialing') AND (premium_expires_at IS NULL OR premium_expires_at > now()) AS is_premium
    FROM subscriptions;

-- Premium for a time, also for people without an account.
CREATE TABLE premium_grants (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id uuid,
    email text,
    ip_address inet,
    -- Whom the source names where that is neither address.
    subject_raw text,
    plan text NOT NULL DEFAULT 'premium',
    granted_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    duration_days bigint,
    payment_reference text,
    amount_cents bigint,
    currency text,
    payment_info jsonb NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT premium_grants_pkey PRIMARY KEY (id),
    CONSTRAINT premium_grants_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL,
    -- Without the user, who may be deleted: that sets user_id to null.
    CONSTRAINT premium_grants_subject_check CHECK (num_nonnulls(email, ip_address, subject_raw) >= 1),
    CONSTRAINT premium_grants_email_lower_check CHECK (email = lower(email)),
    CONSTRAINT premium_grants_email_form_check CHECK (char_length(email) <= 254 AND email LIKE '%@%'),
    CONSTRAINT premium_grants_ip_address_check
        CHECK (masklen(ip_address) = CASE family(ip_address) WHEN 4 THEN 32 ELSE 128 END),
    CONSTRAINT premium_grants_expires_at_check CHECK (expires_at >= granted_at),
    CONSTRAINT premium_grants_duration_days_check CHECK (duration_days >= 0),
    CONSTRAINT premium_grants_amount_cents_check CHECK (amount_cents >= 0),
    CONSTRAINT premium_grants_currency_check CHECK (currency ~ '^[A-Z]{3}$')
);

CREATE INDEX premium_grants_user_id_idx ON premium_grants (user_id) WHERE user_id IS NOT NULL;

CREATE INDEX premium_grants_email_expires_at_idx ON premium_grants (email, expires_at);

CREATE INDEX premium_grants_ip_address_expires_at_idx ON premium_grants (ip_address, expires_at);

-- Not unique: references made by hand may repeat. By hash: they may be of any length.
CREATE INDEX premium_grants_payment_reference_idx ON premium_grants USING hash (payment_reference)
    WHERE payment_reference IS NOT NULL;
