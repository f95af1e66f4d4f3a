-- One dialect for SQLite and PostgreSQL: TEXT and BIGINT, times in seconds since 1970, hashes in hexadecimal.
CREATE TABLE share (
  id TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  token_sealed TEXT NOT NULL,
  profile TEXT NOT NULL,
  -- A share of everything below a prefix; otherwise its objects are in share_item.
  bucket TEXT,
  prefix TEXT,
  name TEXT NOT NULL,
  note TEXT NOT NULL,
  password TEXT,
  password_rev BIGINT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  max_uses BIGINT,
  used BIGINT NOT NULL,
  again BIGINT NOT NULL,
  revoked BIGINT,
  failures BIGINT NOT NULL,
  locked_until BIGINT NOT NULL
);
CREATE INDEX share_expires ON share (expires);

CREATE TABLE share_item (
  share TEXT NOT NULL,
  position BIGINT NOT NULL,
  bucket TEXT NOT NULL,
  object_key TEXT NOT NULL,
  version TEXT,
  etag TEXT NOT NULL,
  size BIGINT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (share, position)
);

-- What lets a recipient go on with a download that was counted already.
CREATE TABLE share_grant (
  holder TEXT NOT NULL,
  share TEXT NOT NULL,
  item TEXT NOT NULL,
  remaining BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (holder, share, item)
);
CREATE INDEX share_grant_expires ON share_grant (expires);

CREATE TABLE drop_link (
  id TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  token_sealed TEXT NOT NULL,
  profile TEXT NOT NULL,
  bucket TEXT NOT NULL,
  prefix TEXT NOT NULL,
  name TEXT NOT NULL,
  note TEXT NOT NULL,
  password TEXT,
  password_rev BIGINT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  max_files BIGINT,
  max_bytes BIGINT,
  files BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  closed BIGINT,
  failures BIGINT NOT NULL,
  locked_until BIGINT NOT NULL
);

CREATE TABLE drop_upload (
  id TEXT PRIMARY KEY,
  drop_link TEXT NOT NULL,
  object_key TEXT NOT NULL,
  upload_id TEXT NOT NULL,
  name TEXT NOT NULL,
  size BIGINT NOT NULL,
  part_size BIGINT NOT NULL,
  -- open, done
  state TEXT NOT NULL,
  created BIGINT NOT NULL,
  touched BIGINT NOT NULL
);
CREATE INDEX drop_upload_drop_link ON drop_upload (drop_link);
CREATE INDEX drop_upload_touched ON drop_upload (state, touched);

-- Append-only.
CREATE TABLE event (
  id TEXT PRIMARY KEY,
  happened BIGINT NOT NULL,
  about TEXT NOT NULL,
  kind TEXT NOT NULL,
  item TEXT NOT NULL,
  address TEXT NOT NULL,
  agent TEXT NOT NULL
);
CREATE INDEX event_about ON event (about, id);
CREATE INDEX event_happened ON event (happened);

CREATE TABLE setting (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
