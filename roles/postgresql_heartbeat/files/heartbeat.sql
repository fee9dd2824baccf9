-- The time of the newest commit. A standby gets it from its primary, and one that is given up takes no more.
SET statement_timeout = '30s';

SET lock_timeout = '5s';

SET ROLE :"role";

DO $$
BEGIN
    IF NOT current_setting('transaction_read_only')::boolean THEN
        INSERT INTO operations.heartbeat (beat_at) VALUES (clock_timestamp())
        ON CONFLICT (only_row) DO UPDATE SET beat_at = EXCLUDED.beat_at;
    END IF;
END;
$$;
