"""Many rows for the files of a state directory, in whatever schema they have:
put there by SQL, since through the programs millions would take hours.

    rows.revocations(path_of_trust_db, 1000000)
    rows.sessions(path_of_status_db, endpoint, tokens, more=1000000)
"""

import hashlib
import os
import sqlite3
import time
import uuid

OPAQUE = 2              # enum credential_kind in src/facts/credential.h
USER = 'fcf876b6-b5fa-4219-8dfc-%012x'


def columns(file, table):
    return {row[1] for row in file.execute('PRAGMA table_info(%s)' % table)}


def revocations(path, count):
    """So many revoked tokens, each with its audit row."""
    file = sqlite3.connect(path)
    has_state = 'credential' in columns(file, 'revocation')
    with file:
        last = file.execute('SELECT max(id) FROM audit').fetchone()[0]
        file.executemany(
            'INSERT INTO revocation (id, kind, value, rule, reason, actor,'
            " source, time) VALUES (?, 'token', ?, 'revoked', '', 'bench',"
            " 'cli', 1)", ((last + 1 + number, os.urandom(32) if has_state
                            else os.urandom(32).hex())
                           for number in range(count)))
        file.executemany(
            'INSERT INTO audit (id, time, actor, action, detail) '
            "VALUES (?, 1, 'bench', 'revoke', '')",
            ((last + 1 + number,) for number in range(count)))
        if has_state:
            file.execute('UPDATE state SET number = number + ?, '
                         'tag = zeroblob(8)', (count,))
    file.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    file.close()


def spread_keys(count):
    """Random keys in their order, so that rows are put in one by one."""
    step = (1 << 64) // max(count, 1)
    for number in range(count):
        yield (number * step + int.from_bytes(os.urandom(2), 'big')
               ).to_bytes(8, 'big') + os.urandom(24)


class Stamp:
    """When the lookups were: `age` seconds ago, on this boot."""

    def __init__(self, age):
        with open('/proc/sys/kernel/random/boot_id', encoding='ascii') as file:
            self.boot_id = file.read().strip()
        self.wall = int(time.time()) - age
        self.boottime = int((time.clock_gettime(time.CLOCK_BOOTTIME) - age) *
                            1000)


def put_before(file, endpoint, tokens, more, stamp):
    """As releases before schema 3 have them; src/state/status_schema.c."""
    known = sorted(hashlib.sha256('\0'.join(
        (endpoint, 'opaque-token', token)).encode()).digest()
        for token in tokens)
    file.executemany(
        'INSERT INTO session (key, is_live, started_wall, started_boottime, '
        'boot_id, user_id, roles, amr, anonymous, verified, '
        "can_reauthenticate, authenticated_at) VALUES "
        "(?, 1, ?, ?, ?, ?, '', '', 0, 1, 1, ?)",
        ((key.hex(), stamp.wall, stamp.boottime, stamp.boot_id,
          USER % number, stamp.wall - 3600)
         for keys in (spread_keys(more), known)
         for number, key in enumerate(keys)))


def row_id(key):
    """src/state/status_row.c: a number that begins as the key does."""
    number = int.from_bytes(key[:8], 'big') & ~3 | OPAQUE & 3
    return number - (1 << 64) if number >> 63 else number


def put(file, tokens, more, stamp):
    known = sorted(hashlib.sha256(token.encode()).digest()
                   for token in tokens)
    file.execute('INSERT OR IGNORE INTO boot (boot_id) VALUES (?)',
                 (stamp.boot_id,))
    boot = file.execute('SELECT number FROM boot WHERE boot_id = ?',
                        (stamp.boot_id,)).fetchone()[0]
    # before schema 4
    doubt = 'is_doubted' if 'is_doubted' in columns(file, 'session') \
        else 'doubted_at'
    file.executemany(
        'INSERT INTO session (id, key, kind, is_live, ' + doubt + ', boot, '
        'started, user_id, roles, amr, anonymous, verified, '
        'can_reauthenticate, authenticated_at) VALUES '
        "(?, ?, ?, 1, 0, ?, ?, ?, '', '', 0, 1, 1, ?)",
        ((row_id(key), key, OPAQUE, boot, stamp.boottime,
          uuid.UUID(USER % number).bytes, stamp.wall - 3600)
         for keys in (spread_keys(more), known)
         for number, key in enumerate(keys)))
    file.execute('UPDATE about SET sessions = (SELECT count(*) FROM session)')


def sessions(path, endpoint, tokens, more=0, age=0):
    """Live ones of opaque `tokens` and of as many `more`, which nobody knows,
    as of lookups `age` seconds ago."""
    stamp = Stamp(age)
    file = sqlite3.connect(path, timeout=60)
    with file:
        if 'id' in columns(file, 'session'):
            put(file, tokens, more, stamp)
        else:
            put_before(file, endpoint, tokens, more, stamp)
    file.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    file.close()
