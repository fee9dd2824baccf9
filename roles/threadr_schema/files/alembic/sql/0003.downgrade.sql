DROP TABLE premium_grants;

DROP VIEW subscription_premium;

DROP TABLE subscriptions;
