DROP TABLE email_subscribers;

DROP TABLE threads;
