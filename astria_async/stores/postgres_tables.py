"""
The PostgreSQL store's schema and statements. Each verb is one statement, so one transaction.

``ready_at`` is when a pending record can be claimed; ``fresh`` says whether the latest callback
was news, for the statement that put it to return. Metadata is JSON in a text, because ``jsonb``
refuses characters that a URL may carry.
"""

from collections.abc import Mapping
from typing import Any

from astria_async.protocol.callbacks import Callback
from astria_async.stores.base import Record, State
from astria_async.stores.wire import from_json

VERSION = 1
CHANNEL = "astria_async"
LOCK = 0x61737472_6961_01
"""Key of the advisory lock under which the schema is created."""

# Whether the schema is there. Not by to_regclass(), which may answer from before the lock.
HAS_META = """
    SELECT EXISTS (
        SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'astria_async' AND c.relname = 'meta'
    )
"""
# Which version of this package laid it out.
GET_VERSION = "SELECT version FROM astria_async.meta"
# The schema, as one script: one transaction, which a cancelled creator cannot leave half done. The
# lock lets one creator in at a time, and the others find everything there.
CREATE = f"""
    SELECT pg_advisory_xact_lock({LOCK});
    CREATE SCHEMA IF NOT EXISTS astria_async;
    CREATE TABLE IF NOT EXISTS astria_async.meta (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        version integer NOT NULL,
        checks bigint NOT NULL DEFAULT 0
    );
    CREATE TABLE IF NOT EXISTS astria_async.callbacks (
        wait text PRIMARY KEY,
        kind text NOT NULL,
        metadata text NOT NULL,
        body bytea NOT NULL,
        received_at timestamptz NOT NULL,
        state text NOT NULL,
        object_id bigint,
        count bigint NOT NULL,
        news bigint NOT NULL,
        attempts bigint NOT NULL DEFAULT 0,
        claims bigint NOT NULL DEFAULT 0,
        due_at timestamptz NOT NULL,
        lease_until timestamptz,
        owner text,
        error text,
        handled text,
        fresh boolean NOT NULL DEFAULT true,
        ready_at timestamptz NOT NULL GENERATED ALWAYS AS (GREATEST(due_at, lease_until)) STORED
    );
    CREATE INDEX IF NOT EXISTS ready
        ON astria_async.callbacks (kind, ready_at) WHERE state = 'pending';
    CREATE INDEX IF NOT EXISTS received ON astria_async.callbacks (received_at);
    CREATE INDEX IF NOT EXISTS state ON astria_async.callbacks (state, received_at);
    INSERT INTO astria_async.meta (version) VALUES ({VERSION}) ON CONFLICT DO NOTHING;
"""  # noqa: S608 - our own numbers

# A write that nobody reads, to prove that writes are kept; and what makes commits less than that.
PROVE = """
    UPDATE astria_async.meta SET checks = checks + 1
    RETURNING current_setting('synchronous_commit'), current_setting('fsync')
"""

_RECORD = (
    "c.wait, c.kind, c.metadata, c.body, c.received_at, c.state, c.object_id, c.count, c.news, "
    "c.attempts, c.claims, c.due_at, c.lease_until, c.owner, c.error, c.handled"
)
_SELECT = f"SELECT {_RECORD} FROM astria_async.callbacks c"  # noqa: S608 - our own names

# Note that a callback is to come; whether nothing was known of it. wait, kind, metadata, since,
# object id
EXPECT = """
    INSERT INTO astria_async.callbacks AS c
        (wait, kind, metadata, body, received_at, state, object_id, count, news, due_at)
    VALUES ($1, $2, $3, '', $4, 'expected', $5, 0, 0, $4)
    ON CONFLICT (wait) DO UPDATE SET object_id = COALESCE(excluded.object_id, c.object_id)
    RETURNING c.xmax = 0
"""
# Drop a record that is only expected. wait, since or null
FORGET = """
    DELETE FROM astria_async.callbacks
    WHERE wait = $1 AND state = 'expected' AND ($2::timestamptz IS NULL OR received_at = $2)
"""
# Records still expected since before a time, oldest first. before, limit
OVERDUE = (
    f"{_SELECT} WHERE c.state = 'expected' AND c.received_at < $1 ORDER BY c.received_at LIMIT $2"
)

_SAME = "c.state <> 'expected' AND c.body = excluded.body"
# Such a put was carried out before and is tried again: its answer was lost.
_AGAIN = f"$7 AND {_SAME} AND c.received_at = excluded.received_at"
# Commit a callback and wake the watchers; whether it says something new. wait, kind, metadata,
# body, received_at, now, whether this is tried again
PUT = f"""
    WITH put AS (
        INSERT INTO astria_async.callbacks AS c
            (wait, kind, metadata, body, received_at, state, count, news, due_at)
        VALUES ($1, $2, $3, $4, $5, 'pending', 1, 1, $6)
        ON CONFLICT (wait) DO UPDATE SET
            fresh = {_AGAIN} OR NOT ({_SAME}),
            count = c.count + CASE WHEN {_AGAIN} THEN 0 ELSE 1 END,
            news = c.news + CASE WHEN {_SAME} THEN 0 ELSE 1 END,
            kind = CASE WHEN {_SAME} THEN c.kind ELSE excluded.kind END,
            metadata = CASE WHEN {_SAME} THEN c.metadata ELSE excluded.metadata END,
            body = excluded.body,
            received_at = CASE WHEN {_SAME} THEN c.received_at ELSE excluded.received_at END,
            state = CASE WHEN {_SAME} THEN c.state ELSE 'pending' END,
            attempts = CASE WHEN {_SAME} THEN c.attempts ELSE 0 END,
            due_at = CASE WHEN {_SAME} THEN c.due_at ELSE excluded.due_at END,
            error = CASE WHEN {_SAME} THEN c.error END
        RETURNING wait, fresh
    )
    SELECT fresh, pg_notify('{CHANNEL}', wait) FROM put
"""  # noqa: S608 - our own names
# The latest callbacks of some wait ids. waits
FIND = f"{_SELECT} WHERE c.wait = ANY($1::text[]) AND c.state <> 'expected'"
# One record. wait
GET = f"{_SELECT} WHERE c.wait = $1"
# Records of one state or of all, newest first. state, before, limit
RECORDS = f"""
    {_SELECT}
    WHERE ($1::text IS NULL OR c.state = $1) AND ($2::timestamptz IS NULL OR c.received_at < $2)
    ORDER BY c.received_at DESC LIMIT $3
"""

# Lease due records, passing over those that another process is taking now. owner, now, until,
# kinds, limit
CLAIM = f"""
    WITH due AS (
        SELECT wait FROM astria_async.callbacks
        WHERE state = 'pending' AND kind = ANY($4::text[]) AND ready_at <= $2
        ORDER BY ready_at LIMIT $5 FOR UPDATE SKIP LOCKED
    )
    UPDATE astria_async.callbacks c
    SET attempts = c.attempts + 1, claims = c.claims + 1, owner = $1, lease_until = $3
    FROM due WHERE c.wait = due.wait
    RETURNING {_RECORD}
"""  # noqa: S608 - our own names
# When the next record of some kinds can be claimed. kinds
NEXT_DUE = """
    SELECT min(ready_at) FROM astria_async.callbacks
    WHERE state = 'pending' AND kind = ANY($1::text[])
"""

_HELD = "c.wait = $1 AND c.owner = $2 AND c.claims = $3 AND c.state = 'pending'"
# Extend a lease. wait, owner, claims, until
RENEW = f"""
    UPDATE astria_async.callbacks c SET lease_until = $4 WHERE {_HELD} RETURNING c.wait
"""  # noqa: S608 - our own names
# Mark a record done, or pending if more came. wait, owner, claims, now, handled, news as claimed
FINISH = f"""
    WITH freed AS (
        UPDATE astria_async.callbacks c SET
            state = CASE WHEN c.news = $6 THEN 'done' ELSE 'pending' END,
            due_at = CASE WHEN c.news = $6 THEN c.due_at ELSE $4 END,
            lease_until = NULL, owner = NULL, error = NULL, handled = $5
        WHERE {_HELD}
        RETURNING c.wait, c.state
    )
    SELECT CASE WHEN state = 'pending' THEN pg_notify('{CHANNEL}', wait)::text END FROM freed
"""  # noqa: S608 - our own names
# Give a record back, or set it aside. wait, owner, claims, now, error, due, news as claimed
RELEASE = f"""
    WITH freed AS (
        UPDATE astria_async.callbacks c SET
            state = CASE WHEN c.news = $7 AND $6::timestamptz IS NULL
                THEN 'set_aside' ELSE 'pending' END,
            due_at = CASE WHEN c.news = $7 THEN COALESCE($6, c.due_at) ELSE $4 END,
            attempts = CASE WHEN c.news = $7 AND $5::text IS NULL
                THEN GREATEST(0, c.attempts - 1) ELSE c.attempts END,
            error = CASE WHEN c.news = $7 THEN COALESCE($5, c.error) ELSE c.error END,
            lease_until = NULL, owner = NULL
        WHERE {_HELD}
        RETURNING c.wait, c.state
    )
    SELECT CASE WHEN state = 'pending' THEN pg_notify('{CHANNEL}', wait)::text END FROM freed
"""  # noqa: S608 - our own names
# Whether an attempt whose answer was lost gave the record back. wait, claims
GIVEN_BACK = """
    SELECT true FROM astria_async.callbacks WHERE wait = $1 AND claims = $2 AND owner IS NULL
"""
# Make a done or set-aside record pending. wait, now
REPLAY = f"""
    WITH freed AS (
        UPDATE astria_async.callbacks c
        SET state = 'pending', attempts = 0, due_at = $2, error = NULL
        WHERE c.wait = $1 AND c.state IN ('done', 'set_aside')
        RETURNING c.wait
    )
    SELECT pg_notify('{CHANNEL}', wait) FROM freed
"""  # noqa: S608 - our own names
# Whether an attempt whose answer was lost replayed it. wait, now
REPLAYED = """
    SELECT true FROM astria_async.callbacks WHERE wait = $1 AND state = 'pending' AND due_at = $2
"""
# Delete some of the records that are too old to keep. before, limit
PRUNE = """
    WITH gone AS (
        DELETE FROM astria_async.callbacks WHERE wait IN (
            SELECT wait FROM astria_async.callbacks
            WHERE received_at < $1 AND state <> 'set_aside' LIMIT $2 FOR UPDATE SKIP LOCKED
        ) RETURNING wait
    )
    SELECT count(*) FROM gone
"""


def to_callback(row: Mapping[str, Any]) -> Callback:
    """The callback in a row."""
    return Callback(
        kind=row["kind"],
        wait=row["wait"],
        metadata=from_json(row["metadata"]),
        body=row["body"],
        received_at=row["received_at"],
    )


def to_record(row: Mapping[str, Any]) -> Record:
    """The record in a row."""
    return Record(
        callback=to_callback(row),
        state=State(row["state"]),
        object_id=row["object_id"],
        count=row["count"],
        news=row["news"],
        attempts=row["attempts"],
        claims=row["claims"],
        due_at=row["due_at"],
        lease_until=row["lease_until"],
        owner=row["owner"],
        error=row["error"],
        handled=row["handled"],
    )
