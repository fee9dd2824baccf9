ALTER TABLE app_counters DROP COLUMN id;

-- What is not known gets the time of this step.
UPDATE user_thread_stats SET as_of = now() WHERE as_of IS NULL;

ALTER TABLE user_thread_stats ALTER COLUMN as_of SET NOT NULL;
