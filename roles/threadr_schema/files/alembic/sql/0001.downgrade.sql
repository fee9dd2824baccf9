DROP FUNCTION cleanup_expired_invites();

DROP FUNCTION cleanup_expired_sessions();

DROP TABLE team_activities;

DROP TABLE team_invites;

DROP TABLE team_memberships;

DROP TABLE teams;

DROP TABLE user_sessions;

DROP TABLE users;

DROP FUNCTION set_updated_at();
