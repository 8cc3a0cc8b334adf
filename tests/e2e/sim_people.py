"""Asking the simulator's resolver, and people with a credential of each kind:
what the tests of it share."""

import tap

ORIGIN = 'https://auth.example'
AT = 1900000000
CLEARING = ('session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; '
            'HttpOnly; Secure; SameSite=Lax')
VALID = {'X-Authgear-Session-Amr', 'X-Authgear-Session-Authenticated-At',
         'X-Authgear-Session-Valid', 'X-Authgear-User-Anonymous',
         'X-Authgear-User-Can-Reauthenticate', 'X-Authgear-User-Id',
         'X-Authgear-User-Verified'}
ROLES = 'X-Authgear-User-Roles'
PATHS = ('/resolve', '/_resolver/resolve')
FRONT = [('Host', 'auth.example'), ('X-Forwarded-Host', 'auth.example'),
         ('X-Forwarded-Proto', 'https')]


class Got:
    def __init__(self, status, headers, body):
        self.status = status
        self.body = body
        self.all = headers
        self.ours = {name: value for name, value in headers
                     if name.lower().startswith('x-authgear-')}
        self.cookies = [value for name, value in headers
                        if name.lower() == 'set-cookie']

    def kind(self):
        """'valid', 'false', 'none', or the status and body."""
        if self.status != 200:
            return '%d %s' % (self.status, self.body.strip()[:30])
        if not self.ours:
            return 'none'
        valid = self.ours.get('X-Authgear-Session-Valid')
        if valid == 'false':
            return 'false' if len(self.ours) == 1 else 'false and more'
        if set(self.ours) - {ROLES} != VALID:
            return 'half'
        return 'valid'

    def whole(self):
        """The verdict, whose, and whether the cookie is cleared."""
        return (self.kind(), self.ours.get('X-Authgear-User-Id'),
                self.cookies)

    def get(self, name):
        return self.ours.get('X-Authgear-' + name)


def ask(authgear, bearer=None, cookies=None, front=None, path='/resolve',
        method='GET', more=()):
    headers = list(FRONT if front is None else front) + list(more)
    if bearer is not None:
        headers.append(('Authorization', 'Bearer ' + bearer))
    if cookies is not None:
        headers.append(('Cookie', cookies))
    return Got(*authgear.resolve(headers, path, method))


def is_valid(name, got, user):
    tap.equal(got.whole(), ('valid', user, []), name)


def is_none(name, got):
    tap.equal(got.whole(), ('none', None, []), name)


def is_false(name, got, clears):
    tap.equal(got.whole(), ('false', None, [CLEARING] if clears else []),
              name)


def outage(name, got):
    tap.ok(got.status == 500 and not got.ours and not got.cookies and
           '"reason":"UnexpectedError"' in got.body and
           ('Content-Type', 'application/json') in got.all, name,
           (got.status, got.all, got.body))


class Made:
    """A user with one credential of each kind."""

    def __init__(self, authgear, name, **members):
        self.user = authgear.user(id=name, **members)['id']
        self.opaque = authgear.token(kind='opaque', sub=name)
        self.jwt = authgear.token(sub=name, session=True)
        self.app = authgear.token(kind='app-session', sub=name)
        self.cookie = authgear.token(kind='cookie', sub=name)
        self.refresh = authgear.token(kind='refresh', sub=name)

    def each(self):
        """Name, bearer and cookies of every way to say it."""
        return (('opaque', self.opaque, None), ('JWT', self.jwt, None),
                ('app_session', None, 'app_session=' + self.app),
                ('app_access_token, opaque', None,
                 'app_access_token=' + self.opaque),
                ('app_access_token, JWT', None,
                 'app_access_token=' + self.jwt),
                ('session', None, 'session=' + self.cookie))
