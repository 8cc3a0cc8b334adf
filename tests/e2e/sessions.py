"""What the tests of live sessions share: people with a credential of each
kind, and asking a daemon about them.

    who = sessions.Person(site.sim.control, 'alice')
    sessions.ask(daemon.path, who.way['session'])

A way is what a request says: (Authorization, Cookie), either may be None.
"""

import collections
import hashlib
import itertools
import os
import sqlite3
import time
import uuid

import fastcgi
import gate

RECENT = 1.1            # seconds
RESOLVER = '/_resolver/resolve'
OPAQUE = ('opaque', 'app_access_token, opaque', 'app_session', 'session')
JWTS = ('JWT', 'app_access_token, JWT')
KINDS = OPAQUE + JWTS
LIVE = (200, 'granted')
NOT_LIVE = (401, 'not-live')
ERRORS = ((503, 'resolver-unreachable'), (503, 'resolver-fault'))

# A minute of budget belongs to an address: what is not about the budget
# comes from another one each time.
_numbers = itertools.count(1)


def address():
    number = next(_numbers)
    return '10.%d.%d.%d' % (number >> 16 & 255, number >> 8 & 255,
                            number & 255)


def mint(control, kind, session, **members):
    """The text of one credential of that session."""
    made = {'opaque': 'opaque', 'app_access_token, opaque': 'opaque',
            'app_session': 'app-session', 'session': 'cookie',
            'refresh': 'refresh'}
    body = dict(members, session_id=session)
    if kind in made:
        body['kind'] = made[kind]
    else:
        body['session'] = True
    return control('mint', body)['token']


def way(kind, text):
    if kind in ('opaque', 'JWT'):
        return 'Bearer ' + text, None
    return None, '%s=%s' % (kind.split(',')[0], text)


class Person:
    """A user with one credential of each kind, each of its own session."""

    def __init__(self, control, name=None, kinds=KINDS, **members):
        self.control = control
        self.name = name or 'user-' + uuid.uuid4().hex[:12]
        control('user', dict(members, id=self.name))
        self.session, self.text, self.way = {}, {}, {}
        for kind in kinds:
            self.session[kind] = str(uuid.uuid4())
            self.add(kind)

    def add(self, kind, **members):
        """Another credential of that kind, which takes its place."""
        self.text[kind] = mint(self.control, kind, self.session[kind],
                               sub=self.name, **members)
        self.way[kind] = way(kind, self.text[kind])
        return self.way[kind]

    def log_in(self, kind, **members):
        """A new session with a credential of that kind."""
        self.session[kind] = str(uuid.uuid4())
        return self.add(kind, **members)

    def change(self, **members):
        self.control('user', dict(members, id=self.name))

    def log_out(self, kind):
        self.control('logout', {'session': self.session[kind]})


Got = collections.namedtuple('Got', 'status reason user headers')


def params(said, policy='default', client=None, more=()):
    pairs = [('AUTHGEAR_POLICY', policy), ('REQUEST_METHOD', 'GET'),
             ('REQUEST_URI', '/'), ('REMOTE_ADDR', client or address())]
    for name, value in zip(('HTTP_AUTHORIZATION', 'HTTP_COOKIE'), said):
        if value is not None:
            pairs.append((name, value))
    return pairs + list(more)


def ask(where, said, policy='default', client=None,
        role=fastcgi.AUTHORIZER, more=()):
    """One decision; a connection that broke has status 0."""
    try:
        answer = fastcgi.ask(where, params(said, policy, client, more), role,
                             timeout=gate.PATIENCE)
    except OSError as error:
        return Got(0, 'broken: %s' % error, None, {})
    if answer is None or not answer.ended:
        return Got(0, 'cut', None, {})
    headers = answer.headers
    user = headers.get('variable-authgear_user_id',
                       headers.get('x-authgear-user-id'))
    reason = headers.get('x-authgear-reason', 'granted')
    return Got(answer.status, reason, user, headers)


def say(where, said, **more):
    """Status and reason alone."""
    return ask(where, said, **more)[:2]


def lookups(site):
    return site.sim.counts().get(RESOLVER, 0)


def warm(daemon, control):
    """The keys are fetched, so that no test waits for them."""
    who = Person(control, kinds=('JWT',))
    gate.until(lambda: say(daemon.path, who.way['JWT']) == LIVE,
               'the keys, and a granted JWT')


def status_db(site):
    """status.db for one who reads or changes rows; the daemon's own uid."""
    return sqlite3.connect(os.path.join(site.state, 'daemon', 'status.db'),
                           timeout=gate.PATIENCE)


def rows(site):
    database = status_db(site)
    try:
        return database.execute('SELECT count(*) FROM session').fetchone()[0]
    finally:
        database.close()


def change_rows(site, sql, *values):
    """One statement on status.db; how many rows it changed."""
    database = status_db(site)
    try:
        with database:
            return database.execute(sql, values).rowcount
    finally:
        database.close()


def forget_recent():
    """A daemon believes for RECENT_MS (src/recent.h) what it read."""
    time.sleep(RECENT)


def set_age(site, seconds):
    """All rows were looked up so long before this returns; how many there
    are."""
    boottime = time.clock_gettime(time.CLOCK_BOOTTIME) + RECENT
    changed = change_rows(
        site, 'UPDATE session SET started_boottime = ?, started_wall = ?',
        int((boottime - seconds) * 1000), int(time.time() + RECENT - seconds))
    forget_recent()
    return changed


def no_backoff(site):
    """As if the resolver had not failed yet."""
    change_rows(site, 'DELETE FROM backoff')


def key(site, text, kind='opaque-token'):
    """The key of a credential's row."""
    whole = '\0'.join((site.endpoint, kind, text))
    return hashlib.sha256(whole.encode('ascii')).hexdigest()


def adopt(site, texts):
    """Copies of the newest row for these opaque tokens, all of another boot;
    how many rows there are of it."""
    boot = str(uuid.uuid4())
    database = status_db(site)
    try:
        with database:
            names = [row[1] for row in database.execute(
                'PRAGMA table_info(session)')]
            row = dict(zip(names, database.execute(
                'SELECT %s FROM session ORDER BY started_boottime DESC '
                'LIMIT 1' % ', '.join(names)).fetchone()))
            database.executemany(
                'INSERT OR REPLACE INTO session (%s) VALUES (%s)' % (
                    ', '.join(names), ', '.join('?' * len(names))),
                [[dict(row, key=key(site, text), boot_id=boot)[name]
                  for name in names] for text in texts])
            return database.execute(
                'SELECT count(*) FROM session WHERE boot_id = ?',
                (boot,)).fetchone()[0]
    finally:
        database.close()
