"""How sessions end in the simulator's resolver, its faults and its lock, and
what its control refuses."""
# beside others: it mostly waits

import hashlib
import http.client
import threading
import time

import process
import sim
import tap
from sim_people import (AT, ORIGIN, VALID, Made, ask, is_false, is_none,
                        is_valid, outage)


def test_groups(authgear):
    def group(name):
        cookie = authgear.mint(kind='cookie', sub=name)
        grants = [authgear.mint(kind='opaque', sub=name,
                                sso=cookie['session']) for _ in 'ab']
        return cookie, grants

    def seen(cookie, grants):
        return [ask(authgear, None, 'session=' + cookie['token']).kind()] + [
            ask(authgear, grant['token']).kind() for grant in grants]

    ended = ['false', 'none', 'none']
    cookie, grants = group('g1')
    alone = authgear.token(kind='opaque', sub='g1')
    tap.equal(seen(cookie, grants), ['valid'] * 3, 'a group lives')
    authgear.logout(session=grants[0]['session'])
    tap.equal(seen(cookie, grants), ended, 'and ends with one of its grants')
    is_valid('but not what stands alone', ask(authgear, alone), 'g1')
    authgear.logout(user_id='g1')
    is_none('which ends with the user', ask(authgear, alone))
    cookie, grants = group('g2')
    authgear.logout(session=cookie['session'])
    tap.equal(seen(cookie, grants), ended, 'a group ends with its cookie')
    cookie, grants = group('g3')
    authgear.session(id=cookie['session'], delete=True)
    tap.equal(seen(cookie, grants), ended, 'a lost cookie, no grants')
    cookie, grants = group('g4')
    refresh = authgear.token(kind='refresh', session_id=grants[1]['session'])
    tap.equal(authgear.revoke(refresh[:-1] + '+'), 200, 'revoke: 200')
    tap.equal(seen(cookie, grants), ['valid'] * 3, 'revoke: another secret')
    authgear.revoke(refresh)
    tap.equal(seen(cookie, grants), ended, 'revoke: refresh token')
    who = Made(authgear, 'g5')
    authgear.revoke(who.opaque)
    authgear.revoke(who.jwt)
    authgear.revoke(who.cookie)
    tap.equal([ask(authgear, bearer, cookies).kind()
               for _, bearer, cookies in who.each()],
              ['none', 'valid', 'valid', 'none', 'valid', 'valid'],
              'revoke: an opaque token only, not JWT, not cookie')
    cookie = authgear.mint(kind='cookie', sub='g6')
    token = authgear.token(kind='opaque', session_id=cookie['session'])
    is_valid('a token of an idp session', ask(authgear, token), 'g6')
    third = authgear.token(kind='app-session', sub='g6', scope='openid')
    is_none('an app session without full access', ask(
        authgear, None, 'app_session=' + third))
    authgear.control('flush')
    is_none('flush: no token', ask(authgear, token))
    is_false('flush: no cookie', ask(authgear, None, 'session=' +
                                     cookie['token']), True)


def test_rotation(authgear):
    old = authgear.token(sub='r', session=True)
    kid = authgear.mint(sub='r')['kid']
    authgear.rotate()
    is_valid('an older key verifies', ask(authgear, old), 'r')
    authgear.retire(kid)
    is_none('a retired key does not', ask(authgear, old))
    tap.equal(len(authgear.tokens(3, kind='opaque')), 3, 'count')
    first, second = authgear.tokens(2, session=True, sub='r')
    tap.equal((ask(authgear, first).kind(), ask(authgear, second).kind()),
              ('valid', 'valid'), 'count, of JWTs with a session')


def test_faults(authgear, who):
    def spoilt(**members):
        authgear.fault('header', '/resolve', **members)
        return ask(authgear, who.opaque)

    name = 'X-Authgear-User-Id'
    for header in sorted(VALID):
        got = spoilt(header=header, copies=0)
        tap.ok(header not in got.ours and len(got.ours) == len(VALID) - 1,
               'left out: ' + header, got.ours)
        got = spoilt(header=header, copies=2)
        tap.equal([key for key, _ in got.all].count(header), 2,
                  'doubled: ' + header)
    tap.equal(spoilt(header=name, value='?').get('User-Id'), '?', 'changed')
    tap.equal(spoilt(header=name, value='').get('User-Id'), '', 'emptied')
    tap.equal(spoilt(header=name, size=50000).get('User-Id'), 'a' * 50000,
              'made long')
    tap.equal(spoilt(header='X-Authgear-Other', value='1').get('Other'),
              '1', 'added')
    for status in (204, 302, 401, 403, 404, 429, 500, 502, 503, 504):
        authgear.fault('status', '/resolve', status=status, count=1)
        got = ask(authgear, who.opaque)
        tap.equal((got.status, got.ours), (status, {}), 'status %d' % status)
    for fault, status in (('wrong-type', 200), ('huge', 200),
                          ('malformed', 200), ('empty', 200),
                          ('redirect', 307)):
        authgear.fault(fault, '/resolve', count=1)
        got = ask(authgear, who.opaque)
        tap.equal((got.status, got.ours), (status, {}), fault)
    is_valid('once', ask(authgear, who.opaque), who.user)
    for fault in ('drop', 'hang', 'cut-head', 'cut-body', 'bad-status-line'):
        authgear.fault(fault, '/resolve', count=1, seconds=0.1)
        try:
            got = ask(authgear, who.opaque)
            # Python takes half a head for a whole one
            tap.ok(fault == 'cut-head' and got.kind() != 'valid',
                   fault + ': no whole answer', got.all)
        except (http.client.HTTPException, OSError):
            tap.ok(True, fault + ': no whole answer')
    authgear.fault('delay', '/resolve', count=1, seconds=0.3)
    began = time.monotonic()
    is_valid('delay: the true answer', ask(authgear, who.opaque), who.user)
    tap.ok(time.monotonic() - began >= 0.29, 'delay: later')
    authgear.fault('drip', '/resolve', count=1, seconds=0.0005)
    is_valid('drip: the true answer', ask(authgear, who.opaque), who.user)
    authgear.no_fault()
    tap.equal(authgear.counts()['/resolve'] > 0, True, 'requests are counted')
    authgear.fault('outage', '*')
    got = ask(authgear, path='/healthz')
    tap.equal((got.status, got.body), (503, 'Service Unavailable\n'),
              'outage: health')
    tap.equal(ask(authgear, path='/oauth2/jwks').status, 200,
              'outage: documents need no database')
    authgear.no_fault()


def test_lock(authgear):
    made = authgear.mint(kind='opaque', sub='locked')
    token, session = made['token'], made['session']
    authgear.control('lock', session=session)
    outage('lock: held by another server', ask(authgear, token))
    authgear.control('lock', session=session, held=False)
    is_valid('lock: given back', ask(authgear, token), 'locked')
    # one holds it so long that the other gives up
    for _ in range(10):
        authgear.fault('lock', '/resolve', seconds=3, count=1)
        first = threading.Thread(target=swallow, args=(authgear, token))
        first.start()
        process.eventually(
            lambda: session in authgear.control('lock')['locked'], 20)
        got = ask(authgear, token)
        first.join()
        if got.status == 500:
            break       # else this program was stopped for seconds
    outage('lock: held by another request', got)
    is_valid('lock: and given back', ask(authgear, token), 'locked')


def swallow(authgear, token):
    """The holder; its answer may be cut when the fault is taken away."""
    try:
        ask(authgear, token)
    except (http.client.HTTPException, OSError):
        pass


def test_control(authgear):
    for name, control, body in (
            ('flag', 'user', {'disabled': 1}),
            ('time', 'user', {'valid_from': 'now'}),
            ('roles', 'user', {'roles': 'a'}),
            ('role', 'user', {'roles': [1]}),
            ('delete nobody', 'user', {'id': 'nobody', 'delete': True}),
            ('kind', 'session', {'kind': 'other'}),
            ('user', 'session', {'user_id': 1}),
            ('idle', 'session', {'idle': 'x'}),
            ('sso of nothing', 'session', {'sso': 'nothing'}),
            ('delete nothing', 'session', {'id': 'a', 'delete': True}),
            ('token', 'session', {'tokens': [{}]}),
            ('nobody', 'logout', {'user_id': 'nobody'}),
            ('nothing', 'logout', {}),
            ('hosts', 'resolver', {'hosts': [1]}),
            ('keys', 'keys', {}), ('key', 'keys', {'keys': [{}]}),
            ('mint', 'mint', {'kind': 'm2m', 'session': True}),
            ('fault', 'fault', {'path': '*', 'fault': 'header'}),
            ('copies', 'fault', {'path': '*', 'fault': 'header',
                                 'header': 'A', 'copies': 17})):
        try:
            authgear.control(control, **body)
            tap.ok(False, 'refused: ' + name)
        except RuntimeError as error:
            tap.ok("'error'" in str(error), 'refused: ' + name, error)
    session = authgear.session(cookie='a.b', id='a')
    tap.ok(hashlib.sha256(b'a.b').hexdigest() not in str(session),
           'no hash is told', session)


def main():
    with sim.Sim(origin=ORIGIN) as authgear:
        authgear.clock(at=AT)
        test_faults(authgear, Made(authgear, 'bob'))
        test_lock(authgear)
        test_groups(authgear)
        test_rotation(authgear)
        test_control(authgear)
    tap.done()


if __name__ == '__main__':
    main()
