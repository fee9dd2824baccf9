DROP TABLE analytics_timeseries;

DROP TABLE thread_analytics;

DROP TABLE user_thread_stats;

DROP TABLE app_counters;

DROP TABLE usage_events;

DROP TABLE usage_counters;
