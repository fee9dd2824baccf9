-- How much is used, and how threads do.

-- One counter a row. A day's and a month's are different rows, and neither is the sum of the other.
CREATE TABLE usage_counters (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id uuid,
    ip_address inet,
    email text,
    -- Whom the source names where that is none of the three.
    subject_raw text,
    endpoint text NOT NULL,
    action text NOT NULL,
    period_type text NOT NULL,
    period_start date NOT NULL,
    count bigint NOT NULL DEFAULT 0,
    -- Null for what was counted before there were such columns.
    first_request_at timestamptz,
    last_request_at timestamptz,
    metadata jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT usage_counters_pkey PRIMARY KEY (id),
    CONSTRAINT usage_counters_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    -- Three of the subject's columns are null, so nulls have to be equal for ON CONFLICT to fire.
    CONSTRAINT usage_counters_key UNIQUE NULLS NOT DISTINCT
        (user_id, ip_address, email, subject_raw, endpoint, action, period_type, period_start),
    CONSTRAINT usage_counters_subject_check CHECK (num_nonnulls(user_id, ip_address, email, subject_raw) = 1),
    CONSTRAINT usage_counters_ip_address_check
        CHECK (masklen(ip_address) = CASE family(ip_address) WHEN 4 THEN 32 ELSE 128 END),
    CONSTRAINT usage_counters_email_lower_check CHECK (email = lower(email)),
    CONSTRAINT usage_counters_email_form_check CHECK (char_length(email) <= 254 AND email LIKE '%@%'),
    CONSTRAINT usage_counters_subject_raw_length_check CHECK (octet_length(subject_raw) <= 1000),
    CONSTRAINT usage_counters_endpoint_check CHECK (char_length(endpoint) <= 100),
    CONSTRAINT usage_counters_action_check CHECK (char_length(action) <= 50),
    CONSTRAINT usage_counters_period_type_check CHECK (period_type IN ('day', 'month')),
    CONSTRAINT usage_counters_period_start_check
        CHECK (period_type = 'day' OR period_start = date_trunc('month', period_start::timestamp)::date),
    CONSTRAINT usage_counters_count_check CHECK (count >= 0)
);

-- For retention.
CREATE INDEX usage_counters_period_start_idx ON usage_counters (period_start);

CREATE TABLE usage_events (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    occurred_at timestamptz NOT NULL DEFAULT now(),
    user_id uuid,
    ip_address inet,
    -- What was recorded as the address, where it is none.
    ip_raw text,
    email text,
    metadata jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT usage_events_pkey PRIMARY KEY (id),
    CONSTRAINT usage_events_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT usage_events_ip_address_check
        CHECK (masklen(ip_address) = CASE family(ip_address) WHEN 4 THEN 32 ELSE 128 END),
    CONSTRAINT usage_events_email_lower_check CHECK (email = lower(email))
);

CREATE INDEX usage_events_occurred_at_idx ON usage_events (occurred_at);

CREATE INDEX usage_events_user_id_idx ON usage_events (user_id) WHERE user_id IS NOT NULL;

-- Totals of the whole application.
CREATE TABLE app_counters (
    metric text NOT NULL,
    period_type text NOT NULL,
    -- 1970-01-01 for a total.
    period_start date NOT NULL,
    value bigint NOT NULL DEFAULT 0,
    CONSTRAINT app_counters_pkey PRIMARY KEY (metric, period_type, period_start),
    CONSTRAINT app_counters_metric_length_check CHECK (octet_length(metric) <= 1000),
    CONSTRAINT app_counters_period_type_check CHECK (period_type IN ('day', 'month', 'total')),
    CONSTRAINT app_counters_period_start_check CHECK (
        CASE period_type
            WHEN 'month' THEN period_start = date_trunc('month', period_start::timestamp)::date
            WHEN 'total' THEN period_start = date '1970-01-01'
            ELSE true
        END
    ),
    CONSTRAINT app_counters_value_check CHECK (value >= 0)
);

CREATE TABLE user_thread_stats (
    user_id uuid NOT NULL,
    created bigint NOT NULL DEFAULT 0,
    viewed bigint NOT NULL DEFAULT 0,
    updated bigint NOT NULL DEFAULT 0,
    deleted bigint NOT NULL DEFAULT 0,
    copied bigint NOT NULL DEFAULT 0,
    as_of timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT user_thread_stats_pkey PRIMARY KEY (user_id),
    CONSTRAINT user_thread_stats_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT user_thread_stats_counters_check
        CHECK (created >= 0 AND viewed >= 0 AND updated >= 0 AND deleted >= 0 AND copied >= 0)
);

-- Numbers of another service, taken as they come: no lower bound, and rates in percent may exceed 100.
CREATE TABLE thread_analytics (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    thread_id uuid NOT NULL,
    user_id uuid NOT NULL,
    total_impressions bigint NOT NULL DEFAULT 0,
    total_engagements bigint NOT NULL DEFAULT 0,
    engagement_rate double precision NOT NULL DEFAULT 0,
    total_likes bigint NOT NULL DEFAULT 0,
    total_retweets bigint NOT NULL DEFAULT 0,
    total_replies bigint NOT NULL DEFAULT 0,
    total_bookmarks bigint NOT NULL DEFAULT 0,
    total_quotes bigint NOT NULL DEFAULT 0,
    profile_visits bigint NOT NULL DEFAULT 0,
    link_clicks bigint NOT NULL DEFAULT 0,
    new_followers bigint NOT NULL DEFAULT 0,
    thread_completion_rate double precision NOT NULL DEFAULT 0,
    -- Seconds.
    avg_time_on_thread double precision NOT NULL DEFAULT 0,
    virality_score double precision NOT NULL DEFAULT 0,
    content_type text NOT NULL DEFAULT 'other',
    best_tweet_position bigint,
    worst_tweet_position bigint,
    optimal_length bigint,
    posted_at timestamptz,
    peak_engagement_hour integer,
    peak_engagement_day text,
    tweet_metrics jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT thread_analytics_pkey PRIMARY KEY (id),
    CONSTRAINT thread_analytics_thread_id_key UNIQUE (thread_id),
    CONSTRAINT thread_analytics_thread_id_fkey FOREIGN KEY (thread_id) REFERENCES threads (id) ON DELETE CASCADE,
    CONSTRAINT thread_analytics_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT thread_analytics_content_type_check CHECK (content_type IN (
        'educational', 'news', 'personal', 'promotional', 'entertainment', 'technical', 'other'
    )),
    CONSTRAINT thread_analytics_peak_engagement_hour_check CHECK (peak_engagement_hour BETWEEN 0 AND 23),
    CONSTRAINT thread_analytics_tweet_metrics_check CHECK (jsonb_typeof(tweet_metrics) = 'array')
);

CREATE INDEX thread_analytics_user_id_idx ON thread_analytics (user_id);

CREATE INDEX thread_analytics_engagement_rate_idx ON thread_analytics (engagement_rate DESC);

CREATE INDEX thread_analytics_total_impressions_idx ON thread_analytics (total_impressions DESC);

CREATE TRIGGER thread_analytics_set_updated_at BEFORE UPDATE ON thread_analytics FOR EACH ROW
    WHEN (current_setting('threadr.keep_updated_at', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION set_updated_at();

CREATE TABLE analytics_timeseries (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL,
    -- Null: over all of the user's threads.
    thread_id uuid,
    metric_name text NOT NULL,
    metric_value double precision NOT NULL,
    bucket_at timestamptz NOT NULL,
    period_type text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT analytics_timeseries_pkey PRIMARY KEY (id),
    CONSTRAINT analytics_timeseries_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT analytics_timeseries_thread_id_fkey FOREIGN KEY (thread_id) REFERENCES threads (id) ON DELETE CASCADE,
    CONSTRAINT analytics_timeseries_key UNIQUE NULLS NOT DISTINCT
        (user_id, thread_id, metric_name, period_type, bucket_at),
    CONSTRAINT analytics_timeseries_metric_name_length_check CHECK (octet_length(metric_name) <= 1000),
    CONSTRAINT analytics_timeseries_period_type_check CHECK (period_type IN ('hour', 'day', 'week', 'month'))
);

CREATE INDEX analytics_timeseries_user_id_metric_name_bucket_at_idx
    ON analytics_timeseries (user_id, metric_name, bucket_at DESC);

CREATE INDEX analytics_timeseries_thread_id_idx ON analytics_timeseries (thread_id) WHERE thread_id IS NOT NULL;
