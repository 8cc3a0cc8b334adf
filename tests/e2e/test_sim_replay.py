"""The recorded exchanges with a real Authgear, asked again of the simulator:
its users and sessions are put into the recorded state, its clock to the
recorded time, and every answer of the resolver must be the same."""

import base64
import calendar
import json
import os
import time

import sim
import tap

FOLDER = os.path.join(tap.SRC, 'tests/recorded')
# the headers that are Authgear's; the others are of the HTTP library
OURS = ('x-authgear-', 'set-cookie', 'permissions-policy', 'x-content-type-',
        'x-robots-', 'cache-control', 'vary', 'etag', 'location', 'allow',
        'content-type', 'content-length')
# seconds, more than the recording took
FAR = 1800
# users whose sessions were made before: the row that shows the cookie, and
# those of the other sessions' tokens
WINDOW = '540e78f4-0e9c-44d1-8338-7396699ddcbf'
UNSEEN = (
    ('000742a4-4214-4232-8304-859111c5a1df', '9c', ('11', '11j')),
    (WINDOW, '13c', ('13-',)),
)


def recorded(name):
    with open(os.path.join(FOLDER, name), encoding='utf-8') as stream:
        return json.load(stream)


def decoded(token):
    text = token.split('.')[1]
    return json.loads(base64.urlsafe_b64decode(text + '=' * (-len(text) % 4)))


def bare_id(node):
    """The user id in a node id of the Admin API."""
    raw = base64.urlsafe_b64decode(node + '=' * (-len(node) % 4))
    return raw.decode('ascii').split(':')[1]


def headers_of(pairs, without=()):
    kept = [(name.lower(), value.strip()) for name, value in pairs
            if name.lower().startswith(OURS) and
            name.lower() not in without]
    return sorted(kept)


def set_clock(authgear, at):
    authgear.clock(at=at)


def compare(authgear, exchange, name):
    """Ask it again at its time; what is said must be the same."""
    request, wanted = exchange['request'], exchange['response']
    set_clock(authgear, exchange['at'])
    status, headers, body = authgear.resolve(
        [tuple(pair) for pair in request['headers']], request['path'],
        request['method'])
    # the library's length of no body, and what the other port adds
    without = ('content-length',) if request['method'] == 'HEAD' else ()
    got = headers_of(headers, without)
    told = headers_of(wanted['headers'], without)
    if status == 404:
        got = told = []
    held = (status, got, blank_id(body)) == (
        wanted['status'], told, blank_id(wanted['body'] or ''))
    tap.ok(held, name, 'got %s %r %r, wanted %s %r %r' % (
        status, [pair for pair in got if pair not in told], body,
        wanted['status'], [pair for pair in told if pair not in got],
        wanted['body']))


def blank_id(body):
    """The tracking id is another one each time."""
    if 'tracking_id' not in body:
        return body
    answer = json.loads(body)
    answer['error']['tracking_id'] = len(answer['error']['tracking_id'])
    return answer


class Replay:
    """The recording's events, done to the simulator."""

    def __init__(self, authgear, exchanges):
        self.authgear = authgear
        self.exchanges = exchanges
        self.facts = {}

    def learn(self):
        """Each user's facts and session times from the answers."""
        for exchange in self.exchanges:
            pairs = dict(exchange['response']['headers'])
            user = pairs.get('X-Authgear-User-Id')
            if not user:
                continue
            roles = pairs.get('X-Authgear-User-Roles')
            self.facts[user] = {
                'roles': roles.split(',') if roles else [],
                'anonymous': pairs['X-Authgear-User-Anonymous'] == 'true',
                'verified': pairs['X-Authgear-User-Verified'] == 'true',
                'can_reauthenticate':
                    pairs['X-Authgear-User-Can-Reauthenticate'] == 'true'}
        for user, facts in self.facts.items():
            self.authgear.user(id=user, **facts)

    def session(self, kind, user, at, **members):
        return self.authgear.session(
            kind=kind, user_id=user, created_at=at, last_access=at,
            authenticated_at=at, amr=['pwd'], **members)['id']

    def grant(self, user, access, refresh, at, sso=None):
        """The tokens of one answer, and the session behind them."""
        token = {'token': access, 'until': at + FAR}
        if access.startswith('eyJ'):
            claims = decoded(access)
            token = {'jti': claims['jti'], 'until': claims['exp']}
            user = claims['sub']
        members = {'sso': sso} if sso else {}
        self.session('grant', user, at, id=refresh.split('.')[0],
                     refresh_token=refresh, tokens=[token], **members)

    def event(self, exchange):
        """What a request that is no resolver case changed."""
        at, name = exchange['at'], exchange['name']
        set_clock(self.authgear, at)
        sent = exchange['request']['body'] or ''
        said = exchange['response']['body'] or ''
        if name == 'jwks':
            self.authgear.control('keys', **json.loads(said))
        elif name.startswith('createSession'):
            user = json.loads(sent)['variables']['i']['userID']
            made = json.loads(said)['data']['createSession']
            self.grant(bare_id(user), made['accessToken'],
                       made['refreshToken'], at)
        elif name.startswith('revoke-'):
            self.authgear.revoke(sent[len('token='):])
        elif name in ('disable', 'reenable', 'deleteUser',
                      'disable-window'):
            self.admin(name, json.loads(sent)['variables']['i'])

    def admin(self, name, order):
        user = bare_id(order['userID'])
        if name == 'deleteUser':
            self.authgear.user(id=user, delete=True)
        elif name == 'disable-window':
            times = [calendar.timegm(time.strptime(
                order['temporarilyDisabled' + end], '%Y-%m-%dT%H:%M:%SZ'))
                     for end in ('From', 'Until')]
            self.authgear.user(id=user, disabled_from=times[0],
                               disabled_until=times[1])
        else:
            self.authgear.user(id=user, disabled=name == 'disable')

    def code_flow(self):
        """The sign-in by code: a cookie, its grant, and a refreshed JWT."""
        named = {exchange['name']: exchange for exchange in self.exchanges}
        tokens = json.loads(named['code-flow-token']['response']['body'])
        at = named['code-flow-token']['at']
        cookie = self.set_cookie(
            [exchange for exchange in self.exchanges
             if exchange['name'] == 'code-flow-flow-input'][-1])
        user = decoded(tokens['access_token'])['sub']
        sso = self.session('idp', user, at, id=cookie.split('.')[0],
                           cookie=cookie)
        self.grant(user, tokens['access_token'], tokens['refresh_token'], at,
                   sso)
        refreshed = json.loads(named['refresh']['response']['body'])
        claims = decoded(refreshed['access_token'])
        self.authgear.session(id=tokens['refresh_token'].split('.')[0],
                              tokens=[{'jti': claims['jti'],
                                       'until': claims['exp']}])

    def set_cookie(self, exchange):
        for name, value in exchange['response']['headers']:
            if name == 'Set-Cookie' and value.startswith('session='):
                return value[len('session='):].split(';')[0]
        raise RuntimeError('no cookie was set')

    def unseen(self):
        """Sessions whose making was not recorded, by the rows that show
        what led to them."""
        rows = {exchange.get('row'): exchange for exchange in self.exchanges}
        for user, cookie, tokens in UNSEEN:
            at = self.exchanges[1]['at']
            text = credential(rows[cookie])[len('session='):]
            self.session('idp', user, at, id=text.split('.')[0], cookie=text)
            for row in tokens:
                text = credential(rows[row])[len('Bearer '):]
                token = {'token': text, 'until': at + FAR}
                if text.startswith('eyJ'):
                    claims = decoded(text)
                    token = {'jti': claims['jti'], 'until': claims['exp']}
                self.session('grant', user, at, tokens=[token])


def credential(exchange):
    return [value for name, value in exchange['request']['headers']
            if name in ('Authorization', 'Cookie')][-1]


def replay(authgear):
    exchanges = recorded('exchanges.json')
    play = Replay(authgear, exchanges)
    set_clock(authgear, exchanges[0]['at'])
    play.learn()
    play.code_flow()
    play.unseen()
    cases = 0
    for number, exchange in enumerate(exchanges):
        name = '%d %s' % (number, exchange['name'])
        if exchange.get('row'):
            cases += 1
            compare(authgear, exchange, '%s, row %s %s' % (
                name, exchange['row'], exchange['note']))
        elif exchange['name'].startswith('route-'):
            compare(authgear, exchange, name)
        else:
            play.event(exchange)
    tap.equal(cases, 54, 'all recorded cases of the resolver were asked')


def replay_outage(authgear):
    """Database and session store away; what is asked in between is good."""
    exchanges = recorded('outage.json')
    at = exchanges[0]['at']
    user = dict(exchanges[0]['response']['headers'])['X-Authgear-User-Id']
    set_clock(authgear, at)
    authgear.user(id=user, verified=False)
    text = credential(exchanges[0])[len('Bearer '):]
    authgear.session(user_id=user, created_at=at, last_access=at,
                     authenticated_at=at,
                     tokens=[{'token': text, 'until': at + FAR}])
    for exchange in exchanges:
        name = exchange['name']
        if 'jwks' in name:
            continue        # the documents need no database: other tests
        if '-down' in name or '-hung' in name:
            authgear.fault('outage', '*')
        else:
            authgear.no_fault()
        compare(authgear, exchange, name)


def main():
    with sim.Sim(origin='http://localhost:3000') as authgear:
        replay(authgear)
    with sim.Sim(origin='http://localhost:3000') as authgear:
        replay_outage(authgear)
    tap.done()


if __name__ == '__main__':
    main()
