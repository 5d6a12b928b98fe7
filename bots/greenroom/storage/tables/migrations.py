"""The tables of the ledger, as numbered steps that are never edited once released: the one description for every
database, in the spelling of SQLite."""

__all__ = ["MIGRATIONS"]

MIGRATIONS: tuple[str, ...] = (
    # 1: the first release. Moments are microseconds since 1970 in UTC, money is millionths of a US dollar.
    """
    CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

    CREATE TABLE turns(
      seq INTEGER PRIMARY KEY,          -- given by the one writer, in order of arrival
      account TEXT NOT NULL,
      event_id TEXT NOT NULL,
      lane TEXT NOT NULL,
      kind TEXT NOT NULL,
      event TEXT NOT NULL,              -- JSON; emptied by retention
      surface TEXT NOT NULL,
      rule TEXT NOT NULL,
      trust TEXT NOT NULL,
      post_id TEXT,
      received INTEGER NOT NULL,
      expires INTEGER NOT NULL,
      state INTEGER NOT NULL,
      reason TEXT NOT NULL DEFAULT '',
      starts INTEGER NOT NULL DEFAULT 0,
      not_before INTEGER NOT NULL DEFAULT 0,
      persona TEXT NOT NULL DEFAULT '',
      draft TEXT,                       -- JSON
      outbox TEXT,                      -- JSON: posts, keys, tries, checkpoints
      changed INTEGER NOT NULL,
      UNIQUE(account, event_id));       -- outlives retention: nothing is answered twice
    CREATE INDEX turns_by_lane ON turns(lane, seq);
    -- Turns on which work is to be done (state < 4). A table and not a partial index: an index is touched by every
    -- change of the state, this only by the first and the last.
    CREATE TABLE at_work(seq INTEGER PRIMARY KEY);
    -- Spelled with OR: for three or more numbers IN builds a small tree at every change of a turn (3 us each).
    CREATE INDEX turns_aside ON turns(state, seq) WHERE state = 4 OR state = 5 OR state = 15;

    CREATE TABLE receipts(
      account TEXT NOT NULL, post_id TEXT NOT NULL, seq INTEGER NOT NULL, part INTEGER NOT NULL,
      url TEXT, published INTEGER NOT NULL,
      PRIMARY KEY(account, post_id)) WITHOUT ROWID;

    CREATE TABLE cursors(
      account TEXT NOT NULL, source TEXT NOT NULL, cursor TEXT NOT NULL,
      PRIMARY KEY(account, source)) WITHOUT ROWID;

    CREATE TABLE spend(
      id INTEGER PRIMARY KEY, at INTEGER NOT NULL, turn TEXT NOT NULL, model TEXT NOT NULL,
      reserved INTEGER NOT NULL, settled INTEGER);   -- settled NULL: the outcome is unknown, the reservation counts
    CREATE INDEX spend_by_time ON spend(at);

    CREATE TABLE pacing(
      account TEXT NOT NULL, bucket TEXT NOT NULL, "limit" INTEGER NOT NULL, remaining INTEGER NOT NULL,
      resets INTEGER NOT NULL,
      PRIMARY KEY(account, bucket)) WITHOUT ROWID;

    CREATE TABLE schedules(
      name TEXT PRIMARY KEY, until INTEGER, form TEXT NOT NULL, present INTEGER NOT NULL) WITHOUT ROWID;

    CREATE TABLE agenda(
      id INTEGER PRIMARY KEY, due INTEGER NOT NULL, late INTEGER NOT NULL, account TEXT NOT NULL,
      due_event TEXT NOT NULL);
    CREATE INDEX agenda_by_due ON agenda(due);

    CREATE TABLE commands(
      id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, name TEXT NOT NULL, arguments TEXT NOT NULL,
      answer TEXT);
    CREATE INDEX commands_open ON commands(id) WHERE answer IS NULL;

    CREATE TABLE paused(account TEXT PRIMARY KEY, at INTEGER NOT NULL, why TEXT NOT NULL) WITHOUT ROWID;

    CREATE TABLE journal(
      id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, seq INTEGER, what TEXT NOT NULL, why TEXT NOT NULL);
    CREATE INDEX journal_by_turn ON journal(seq);

    CREATE TABLE stopped(                -- who wants to be left alone
      platform TEXT NOT NULL, person TEXT NOT NULL, handle TEXT NOT NULL, at INTEGER NOT NULL,
      PRIMARY KEY(platform, person)) WITHOUT ROWID;

    CREATE TABLE hands(                  -- where somebody wrote by hand from the bot's account
      account TEXT NOT NULL, conversation TEXT NOT NULL, at INTEGER NOT NULL,
      PRIMARY KEY(account, conversation)) WITHOUT ROWID;
    -- The owner's files that were valid last, whole: with them a bot starts when an edit has broken one.
    CREATE TABLE files(
      role TEXT PRIMARY KEY, path TEXT NOT NULL, body BLOB NOT NULL, version TEXT NOT NULL, at INTEGER NOT NULL)
      WITHOUT ROWID;

    -- Small things that must be known over restarts, each under a name of its own.
    CREATE TABLE facts(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    """,
    # 2: no other tables. What is kept of somebody's last word has more numbers than programs of version 1 can read.
    "",
    # 3: the personas that were in force, whole, so that any of them can be put back.
    """
    CREATE TABLE versions(
      version TEXT PRIMARY KEY, body BLOB NOT NULL, since INTEGER NOT NULL, last INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO versions SELECT version,body,at,at FROM files WHERE role='persona';
    """,
    # 4: whom and what money was spent for. The model of a call to a platform was always called so.
    """
    ALTER TABLE spend ADD COLUMN account TEXT NOT NULL DEFAULT '';
    ALTER TABLE spend ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE spend ADD COLUMN person TEXT NOT NULL DEFAULT '';      -- a pseudonym
    UPDATE spend SET account=substr(model,9) WHERE model LIKE 'post on %';
    UPDATE spend SET account=substr(model,12) WHERE model LIKE 'reading on %';
    UPDATE spend SET account=substr(model,12) WHERE model LIKE 'looking on %';
    UPDATE spend SET account=substr(turn,1,instr(turn,' ')-1) WHERE account='' AND instr(turn,' ')>0;
    UPDATE spend SET seq=coalesce((
      SELECT t.seq FROM turns t WHERE t.account=spend.account AND t.event_id=substr(spend.turn,instr(spend.turn,' ')+1)
    ),0) WHERE instr(turn,' ')>0;
    CREATE INDEX spend_by_person ON spend(person,at) WHERE person<>'';
    """,
    # 5: what posts were made from, under all marks by which it is told again. Outlives retention: each once, ever.
    """
    CREATE TABLE marks(
      post TEXT NOT NULL, mark TEXT NOT NULL, period TEXT NOT NULL, at INTEGER NOT NULL,
      PRIMARY KEY(post, mark)) WITHOUT ROWID;
    """,
    # 6: what people told of themselves, each with the audience that heard it.
    """
    CREATE TABLE people_facts(
      platform TEXT NOT NULL, person TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
      audience TEXT NOT NULL, place TEXT NOT NULL, account TEXT NOT NULL, event_id TEXT NOT NULL,
      said INTEGER NOT NULL,
      spoke INTEGER NOT NULL,           -- when that person was last heard of
      UNIQUE(platform, person, kind, text, audience, place));
    """,
    # 7: turns that were put aside (states 4, 5, 15), as a table like that of turns at work: an index on the state makes
    # PostgreSQL write all indexes anew at every change of it. Some in it are not aside any more, until retention looks.
    """
    CREATE TABLE aside(seq INTEGER PRIMARY KEY);
    INSERT INTO aside(seq) SELECT seq FROM turns WHERE state=4 OR state=5 OR state=15;
    DROP INDEX turns_aside;
    """,
)
