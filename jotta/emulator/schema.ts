// The tables. Times are Unix milliseconds, sizes bytes, MD5s hex.

/** Rows that are always there. */
export const accountNode = 1
/** Whatever hangs below it is gone for everybody and waits to be swept. */
export const doomedNode = 2

export const schema = `
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- The account, its devices, their mountpoints, folders and files: one tree. "deleted" is a node's own
-- stamp; everything below a stamped node is in the trash as well. "current" is the number of the
-- revision that is served; a file without one has only unfinished uploads.
CREATE TABLE IF NOT EXISTS nodes (
  id INTEGER PRIMARY KEY,
  parent INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('account', 'device', 'mountpoint', 'folder', 'file')),
  name TEXT NOT NULL,
  fold TEXT NOT NULL,
  uuid TEXT NOT NULL,
  deleted INTEGER,
  public_uri TEXT,
  device_type TEXT,
  next_number INTEGER NOT NULL DEFAULT 1,
  current INTEGER
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS nodes_name ON nodes (parent, fold, kind);
CREATE INDEX IF NOT EXISTS nodes_children ON nodes (parent, kind);
CREATE INDEX IF NOT EXISTS nodes_deleted ON nodes (deleted) WHERE deleted IS NOT NULL;
CREATE INDEX IF NOT EXISTS nodes_shared ON nodes (public_uri) WHERE public_uri IS NOT NULL;

-- Completed revisions. "content" is the MD5 in lower case: with the size it names a blob.
CREATE TABLE IF NOT EXISTS revisions (
  node INTEGER NOT NULL,
  number INTEGER NOT NULL,
  mountpoint INTEGER NOT NULL,
  content TEXT NOT NULL,
  size INTEGER NOT NULL,
  md5 TEXT NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY (node, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS revisions_content ON revisions (content, size);
CREATE INDEX IF NOT EXISTS revisions_updated ON revisions (updated);

-- Uploads that are not complete; the bytes are in a file named by the id. "path" is the folded path
-- that was asked for: a file moved meanwhile does not take the bytes with it.
CREATE TABLE IF NOT EXISTS partials (
  id TEXT PRIMARY KEY,
  node INTEGER NOT NULL,
  number INTEGER NOT NULL,
  path TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('INCOMPLETE', 'CORRUPT')),
  content TEXT NOT NULL,
  size INTEGER NOT NULL,
  md5 TEXT NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS partials_node ON partials (node, number);
CREATE TABLE IF NOT EXISTS uploads (id TEXT PRIMARY KEY, partial TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS uploads_partial ON uploads (partial);

-- Blobs that may have lost their last revision, or were put in place by a commit that never came.
CREATE TABLE IF NOT EXISTS garbage (
  content TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (content, size)
) STRICT, WITHOUT ROWID;
-- Partial files whose row is gone.
CREATE TABLE IF NOT EXISTS garbage_partials (id TEXT PRIMARY KEY) STRICT;

CREATE TABLE IF NOT EXISTS usage (
  mountpoint INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, modified INTEGER
) STRICT;
CREATE TRIGGER IF NOT EXISTS revision_added AFTER INSERT ON revisions BEGIN
  INSERT INTO usage VALUES (new.mountpoint, new.size, new.updated)
    ON CONFLICT DO UPDATE SET bytes = bytes + new.size, modified = new.updated;
END;
CREATE TRIGGER IF NOT EXISTS revision_moved AFTER UPDATE OF mountpoint ON revisions BEGIN
  UPDATE usage SET bytes = bytes - old.size WHERE mountpoint = old.mountpoint;
  INSERT INTO usage VALUES (new.mountpoint, new.size, new.updated)
    ON CONFLICT DO UPDATE SET bytes = bytes + new.size;
END;
CREATE TRIGGER IF NOT EXISTS revision_removed AFTER DELETE ON revisions BEGIN
  UPDATE usage SET bytes = bytes - old.size WHERE mountpoint = old.mountpoint;
  INSERT OR IGNORE INTO garbage VALUES (old.content, old.size);
END;
CREATE TRIGGER IF NOT EXISTS partial_removed AFTER DELETE ON partials BEGIN
  DELETE FROM uploads WHERE partial = old.id;
  INSERT OR IGNORE INTO garbage_partials VALUES (old.id);
END;

-- Login tokens, access tokens and refresh tokens, each as a SHA-256. A family is one login.
CREATE TABLE IF NOT EXISTS families (id INTEGER PRIMARY KEY, revoked INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS tokens (
  sha256 TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('login', 'access', 'refresh')),
  family INTEGER,
  used INTEGER NOT NULL DEFAULT 0,
  expires INTEGER
) STRICT, WITHOUT ROWID;
-- Whose login a family is; one without a row is jottacli's in the official realm. "legacy" is no realm
-- but the login with a password.
CREATE TABLE IF NOT EXISTS logins (
  family INTEGER PRIMARY KEY, realm TEXT NOT NULL, client TEXT NOT NULL
) STRICT;
-- Authorization codes; "family" is the login that one was spent on.
CREATE TABLE IF NOT EXISTS codes (
  sha256 TEXT PRIMARY KEY,
  realm TEXT NOT NULL,
  client TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  challenge TEXT,
  expires INTEGER NOT NULL,
  family INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tokens_expires ON tokens (expires) WHERE expires IS NOT NULL;
`
