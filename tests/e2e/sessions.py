"""What the tests of live sessions share: people with a credential of each
kind, and asking a daemon about them.

    who = sessions.Person(site.sim.control, 'alice')
    sessions.ask(daemon.path, who.way['session'])

A way is what a request says: (Authorization, Cookie), either may be None.
"""

import collections
import hashlib
import itertools
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
    return control('mint', **body)['token']


def way(kind, text):
    if kind in ('opaque', 'JWT'):
        return 'Bearer ' + text, None
    return None, '%s=%s' % (kind.split(',')[0], text)


class Person:
    """A user with one credential of each kind, each of its own session."""

    def __init__(self, control, name=None, kinds=KINDS, **members):
        self.control = control
        self.name = name or 'user-' + uuid.uuid4().hex[:12]
        control('user', id=self.name, **members)
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
        self.control('user', id=self.name, **members)

    def log_out(self, kind):
        self.control('logout', session=self.session[kind])


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
    return site.sim.count(RESOLVER)


def warm(daemon, control):
    """The keys are fetched, so that no test waits for them."""
    who = Person(control, kinds=('JWT',))
    gate.until(lambda: say(daemon.path, who.way['JWT']) == LIVE,
               'the keys, and a granted JWT')


def status_db(site):
    """status.db for one who reads or changes rows; the daemon's own uid."""
    return sqlite3.connect(site.status, timeout=gate.PATIENCE)


def ask_rows(site, sql, *values):
    """The one value that a statement on status.db answers."""
    database = status_db(site)
    try:
        return database.execute(sql, values).fetchone()[0]
    finally:
        database.close()


def rows(site):
    return ask_rows(site, 'SELECT count(*) FROM session')


def change_rows(site, sql, *values):
    """One statement on status.db; how many rows it changed."""
    database = status_db(site)
    try:
        with database:
            return database.execute(sql, values).rowcount
    finally:
        database.close()


def forget_recent():
    """A daemon believes for RECENT_MS (src/gate/recent.h) what it read."""
    time.sleep(RECENT)


def set_age(site, seconds):
    """All rows were looked up so long before this returns; how many there
    are.  Answers are written behind: what comes late is made older too."""
    while True:
        boottime = time.clock_gettime(time.CLOCK_BOOTTIME) + RECENT
        started = int((boottime - seconds) * 1000)
        changed = change_rows(site, 'UPDATE session SET started = ?', started)
        forget_recent()
        if not ask_rows(site, 'SELECT count(*) FROM session '
                        'WHERE started <> ?', started):
            return changed


def forget_rows(site):
    """No session is known any more."""
    left = 1
    while left:
        change_rows(site, 'DELETE FROM session')
        forget_recent()
        left = rows(site)


def no_backoff(site):
    """As if the resolver had not failed yet."""
    left = 1
    while left:
        change_rows(site, 'DELETE FROM backoff')
        time.sleep(0.05)
        left = ask_rows(site, 'SELECT count(*) FROM backoff')


def adopt(site, texts):
    """Copies of the newest row for these opaque tokens, all of another boot;
    how many rows there are of it."""
    database = status_db(site)
    try:
        with database:
            boot = database.execute('INSERT INTO boot (boot_id) VALUES (?)',
                                    (str(uuid.uuid4()),)).lastrowid
            names = [row[1] for row in database.execute(
                'PRAGMA table_info(session)')]
            row = dict(zip(names, database.execute(
                'SELECT %s FROM session ORDER BY started DESC '
                'LIMIT 1' % ', '.join(names)).fetchone()))
            made = [dict(row, boot=boot, **place(text)) for text in texts]
            database.executemany(
                'INSERT OR REPLACE INTO session (%s) VALUES (%s)' % (
                    ', '.join(names), ', '.join('?' * len(names))),
                [[one[name] for name in names] for one in made])
            return database.execute(
                'SELECT count(*) FROM session WHERE boot = ?',
                (boot,)).fetchone()[0]
    finally:
        database.close()


def place(text, kind=2):
    """Key and number of an opaque token's row (src/state/status_row.c)."""
    key = hashlib.sha256(text.encode('ascii')).digest()
    number = int.from_bytes(key[:8], 'big', signed=True)
    return {'id': number & ~3 | kind & 3, 'key': key, 'kind': kind}
