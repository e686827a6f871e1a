-- The service's own table. version grows with every change of a row.
CREATE TABLE users (
	id         bigserial PRIMARY KEY,
	email      text   NOT NULL UNIQUE,
	first_name text   NOT NULL,
	last_name  text   NOT NULL,
	version    bigint NOT NULL DEFAULT 1
);

-- What each provider got last, and the provider's id of the user.
CREATE TABLE deliveries (
	user_id   bigint NOT NULL REFERENCES users,
	provider  text   NOT NULL,
	version   bigint NOT NULL,
	remote_id text   NOT NULL,
	outcome   text   NOT NULL,
	PRIMARY KEY (user_id, provider)
);
