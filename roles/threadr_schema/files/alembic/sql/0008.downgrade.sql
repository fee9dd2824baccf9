-- The schema stays: provisioning made it, with grants that no revision could give back.

DROP TABLE operations.drills;

DROP TABLE operations.heartbeat;
