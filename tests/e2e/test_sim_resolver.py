"""What the simulator's resolver answers: each row of the resolver's table of
exact answers (numbered as there), its credentials and times."""

import sim
import tap
from sim_people import (AT, FRONT, ORIGIN, PATHS, Made, ask, is_false,
                        is_none, is_valid, outage)


def test_rows_1_to_4(authgear, who):
    is_none('1: no credential', ask(authgear))
    for name, bearer, cookies in who.each():
        is_valid('2, 3: ' + name, ask(authgear, bearer, cookies), who.user)
    got = ask(authgear, who.opaque)
    names = [name for name, _ in got.all]
    tap.ok(not {'Cache-Control', 'Vary', 'ETag'} & set(names) and
           got.body == '', 'no cache headers, no body', names)
    foreign = (('host', [('Host', 'other.example'),
                         ('X-Forwarded-Proto', 'https')]),
               ('port', [('Host', 'auth.example:8443'),
                         ('X-Forwarded-Proto', 'https')]),
               ('scheme', [('Host', 'auth.example')]),
               ('forwarded scheme', FRONT[:2] + [
                   ('X-Forwarded-Proto', 'http')]),
               ('forwarded host', [('Host', 'auth.example'),
                                   ('X-Forwarded-Host', 'evil.example'),
                                   ('X-Forwarded-Proto', 'https')]))
    for name, front in foreign:
        is_none('4: JWT, other ' + name, ask(authgear, who.jwt, None, front))
        is_none('4: JWT in a cookie, other ' + name, ask(
            authgear, None, 'app_access_token=' + who.jwt, front))
        is_valid('4: opaque, other ' + name, ask(
            authgear, who.opaque, None, front), who.user)
        got = ask(authgear, None, 'session=' + who.cookie, front)
        is_valid('4: cookie, other ' + name, got, who.user)


def test_origin(authgear, who):
    for name, front in (
            ('the first forwarded host', [
                ('Host', 'a.example'), ('X-Forwarded-Proto', 'https'),
                ('X-Forwarded-Host', 'auth.example, b.example')]),
            ('X-Original-Host and -Proto', [
                ('Host', 'a.example'), ('X-Original-Host', 'auth.example'),
                ('X-Original-Proto', 'https')]),
            ('Host alone', [('Host', 'auth.example'),
                            ('X-Forwarded-Proto', 'https')])):
        is_valid('origin by ' + name, ask(authgear, who.jwt, None, front),
                 who.user)
    authgear.settings(trust_proxy=False)
    is_none('no proxy is trusted: its headers say nothing',
            ask(authgear, who.jwt))
    plain = authgear.token(sub=who.user, session=True, claims={
        'aud': ['http://auth.example']})
    is_valid('no proxy is trusted: the connection counts',
             ask(authgear, plain), who.user)
    authgear.settings(trust_proxy=True)
    is_none('4: a token for another origin', ask(authgear, plain))
    text = authgear.token(sub=who.user, session=True,
                          claims={'aud': ORIGIN})
    is_valid('aud as one text', ask(authgear, text), who.user)


def test_rows_5_and_6(authgear, who):
    short = authgear.token(kind='opaque', sub=who.user, lifetime=100)
    jwt = authgear.token(sub=who.user, session=True, lifetime=100)
    authgear.clock(at=AT + 99)
    is_valid('5: opaque, a second before its end', ask(authgear, short),
             who.user)
    is_valid('5: JWT, a second before its end', ask(authgear, jwt), who.user)
    authgear.clock(at=AT + 100)
    is_none('5: opaque, expired', ask(authgear, short))
    is_none('5: JWT, expired', ask(authgear, jwt))
    is_valid('5: expired, with a good cookie', ask(
        authgear, jwt, 'session=' + who.cookie), who.user)
    authgear.clock(at=AT)
    for name, members in (
            ('signature', {'tamper': 'signature'}),
            ('another key', {'header': {'kid': 'unknown'}}),
            ('no kid', {'drop_header': ['kid']}),
            ('none', {'alg': 'none'}), ('HMAC', {'alg': 'HS256-pem'}),
            ('nbf to come', {'claims': {'nbf': AT + 1}}),
            ('iat to come', {'clock_offset': 1}),
            ('without jti', {'drop': ['jti']}),
            ('without aud', {'drop': ['aud']})):
        bad = authgear.token(sub=who.user, session=True, **members)
        is_none('6: JWT, ' + name, ask(authgear, bad))
    is_none('6: a JWT of no session', ask(authgear,
                                          authgear.token(sub=who.user)))
    for name, value in (('garbage', 'garbage'), ('random', 'a' * 32),
                        ('two spaces', ' ' + who.opaque),
                        ('refresh token', who.refresh),
                        ('cookie', who.cookie), ('app session', who.app)):
        is_none('6: ' + name + ' as bearer', ask(authgear, value))
    for name, value in (('Basic', 'Basic Zm9vOmJhcg=='),
                        ('DPoP', 'DPoP ' + who.opaque),
                        ('no space', who.opaque),
                        ('tab', 'Bearer\t' + who.opaque),
                        ('empty', 'Bearer ')):
        is_none('6: ' + name, ask(authgear, more=[('Authorization', value)]))
    is_none('6: the second of two headers', ask(
        authgear, who.opaque, more=[('Authorization', 'Bearer garbage')]))
    is_valid('the first of two headers', ask(authgear, more=[
        ('Authorization', 'Bearer ' + who.opaque),
        ('Authorization', 'Bearer garbage')]), who.user)
    is_valid('scheme in any case', ask(authgear, more=[
        ('Authorization', 'bEARER ' + who.opaque)]), who.user)


def test_rows_7_to_10(authgear, who, other):
    for name, _, cookies in other.each()[2:]:
        for bad in ('garbage', who.jwt[:-8] + 'aaaaaaaa', who.refresh):
            is_valid('7: bad bearer, good %s' % name, ask(
                authgear, bad, cookies), other.user)
    is_valid('8: bearer before a bad cookie', ask(
        authgear, who.opaque, 'session=garbage'), who.user)
    order = (('bearer', who, who.jwt, ''),
             ('app_session', who, None, 'app_session=%s; ' % who.app),
             ('app_access_token', who, None,
              'app_access_token=%s; ' % who.opaque))
    for name, first, bearer, cookies in order:
        is_valid('8: %s before session' % name, ask(
            authgear, bearer, cookies + 'session=' + other.cookie),
                 first.user)
    is_valid('8: app_session before app_access_token', ask(
        authgear, None, 'app_access_token=%s; app_session=%s' % (
            other.opaque, who.app)), who.user)
    for name, value in (('garbage', 'garbage'), ('empty', ''),
                        ('two dots', who.cookie + '.a'),
                        ('another end', who.cookie[:-1] + '.'),
                        ('another secret', who.cookie[:37] + 'a' * 32),
                        ('unknown id', 'a' + who.cookie),
                        ('refresh token', who.refresh)):
        is_false('9: %s as session cookie' % name, ask(
            authgear, None, 'session=' + value), True)
    is_false('9: with a bad bearer', ask(authgear, 'garbage',
                                         'session=garbage'), True)
    for name in ('app_session', 'app_access_token'):
        is_none('10: bad ' + name, ask(authgear, None, name + '=garbage'))
        is_none('10: no ' + name, ask(authgear, None,
                                      name + '=' + who.cookie))
    is_none('10: access token as app session', ask(
        authgear, None, 'app_session=' + who.opaque))


def test_cookies(authgear, who, other):
    for name, line in (
            ('quoted', 'session="%s"' % who.cookie),
            ('the first of two', 'session=%s; session=%s' % (
                who.cookie, other.cookie)),
            ('after others', 'a=b;c=d;  session=' + who.cookie + ' ;e=f'),
            ('no prefix of a name', 'session2=x; xsession=y; session=%s' %
             who.cookie),
            ('after one that is no cookie', 'session=a"b; session=%s' %
             who.cookie)):
        is_valid('cookie: ' + name, ask(authgear, None, line), who.user)
    is_valid('cookie: of a second line', ask(authgear, more=[
        ('Cookie', 'a=b'), ('Cookie', 'session=' + who.cookie)]), who.user)
    is_false('cookie: the first of two is bad', ask(
        authgear, None, 'session=a.b; session=' + who.cookie), True)
    authgear.settings(cookie_prefix='my_', cookie_domain='example')
    is_none('prefix: not without', ask(authgear, None,
                                       'session=' + who.cookie))
    is_valid('prefix: with', ask(authgear, None, 'my_session=' + who.cookie),
             who.user)
    got = ask(authgear, None, 'my_session=garbage',
              FRONT[:2] + [('X-Forwarded-Proto', 'http')])
    tap.equal(got.cookies, [
        'my_session=; Path=/; Domain=example; Expires=Thu, 01 Jan 1970 '
        '00:00:00 GMT; HttpOnly; SameSite=Lax'],
              'the clearing has prefix and domain, Secure only with https')
    authgear.settings(cookie_prefix=None, cookie_domain=None)


def test_rows_11_to_14(authgear):
    for row, change in ((11, {'disabled': True}),
                        (11, {'anonymized': True}), (14, {'delete': True})):
        who = Made(authgear, 'user%d%s' % (row, list(change)[0]))
        authgear.user(id=who.user, **change)
        for name, bearer, cookies in who.each():
            got = ask(authgear, bearer, cookies)
            if name == 'session':
                is_false('%d: %s, %s' % (row, name, change), got, True)
            else:
                is_none('%d: %s, %s' % (row, name, change), got)
        authgear.user(id=who.user, disabled=False, anonymized=False)
        is_none('%d: back again, the old token is dead' % row,
                ask(authgear, who.opaque))
        fresh = authgear.token(kind='opaque', sub=who.user)
        is_valid('%d: back again, a new token' % row, ask(authgear, fresh),
                 who.user)
    bad_now = ({'disabled': True, 'keep_sessions': True},
               {'anonymized': True, 'keep_sessions': True},
               {'valid_from': AT + 1}, {'valid_until': AT},
               {'disabled_from': AT, 'disabled_until': AT + 1})
    for number, change in enumerate(bad_now):
        who = Made(authgear, 'now%d' % number)
        authgear.user(id=who.user, **change)
        for name, bearer, cookies in who.each():
            is_false('13: %s, %s' % (name, change),
                     ask(authgear, bearer, cookies), name == 'session')
        for cookie in (who.cookie, 'garbage'):
            is_false('13: bearer and cookie, %s' % change, ask(
                authgear, who.opaque, 'session=' + cookie), True)
    good_now = ({'valid_from': AT, 'valid_until': AT + 1},
                {'disabled_from': AT + 1, 'disabled_until': AT + 9},
                {'disabled_from': AT - 9, 'disabled_until': AT})
    for number, change in enumerate(good_now):
        who = Made(authgear, 'good%d' % number, **change)
        is_valid('13: good at this instant, %s' % change,
                 ask(authgear, who.opaque), who.user)


def test_rows_15_to_20(authgear, who):
    for path in PATHS:
        authgear.fault('outage', path)
        outage('15: nothing is asked', ask(authgear, path=path))
        for name, bearer, cookies in who.each():
            outage('15: ' + name, ask(authgear, bearer, cookies, path=path))
        authgear.fault('silent', path)
        for name, bearer, cookies in who.each():
            is_none('16: ' + name, ask(authgear, bearer, cookies, path=path))
        is_false('16: a bad cookie is told', ask(
            authgear, None, 'session=garbage', path=path), True)
        authgear.fault('internal', path)
        got = ask(authgear, who.opaque, path=path)
        tap.equal((got.kind(), got.cookies, got.ours, got.body),
                  ('500 internal error', [], {}, 'internal error\n'),
                  '17: ' + path)
        is_none('17: nobody, ' + path, ask(authgear, path=path))
        authgear.no_fault()
    authgear.settings(hosts=['auth.example'])
    is_valid('18: a known host', ask(authgear, who.opaque), who.user)
    got = ask(authgear, who.opaque, None, [('Host', 'other.example')])
    tap.equal((got.status, got.body, got.ours),
              (404, 'app not found\n', {}), '18: an unknown host')
    is_none('18: a port is removed', ask(authgear, None, None,
                                         [('Host', 'auth.example:8443')]))
    authgear.settings(hosts=None)
    is_none('19: M2M', ask(authgear, authgear.token(kind='m2m')))
    is_none('20: ID token', ask(authgear, authgear.token(kind='id')))


def test_routes(authgear, who):
    for path in PATHS:
        got = ask(authgear, who.jwt, path=path, method='HEAD')
        is_valid('HEAD ' + path, got, who.user)
        for wrong in (path + '/', path.upper(), path.title()):
            got = ask(authgear, who.jwt, path=wrong)
            tap.equal((got.status, dict(got.all).get('Location'), got.ours),
                      (301, path, {}), 'GET ' + wrong)
        for method in ('POST', 'PUT', 'DELETE'):
            got = ask(authgear, who.jwt, path=path, method=method,
                      more=[('Content-Length', '0')])
            tap.equal((got.status, dict(got.all).get('Allow'), got.ours),
                      (405, 'GET, HEAD, OPTIONS', {}), method + ' ' + path)
    got = ask(authgear, path='/healthz')
    tap.equal((got.status, got.body), (200, 'OK'), '/healthz')
    got = ask(authgear, who.opaque, path='/resolve?a=b')
    is_valid('a query is nothing', got, who.user)


def test_headers(authgear):
    who = Made(authgear, 'facts', roles=['a', 'b:c'], verified=False,
               can_reauthenticate=False, anonymous=True)
    got = ask(authgear, who.opaque)
    tap.equal((got.get('User-Roles'), got.get('User-Verified'),
               got.get('User-Anonymous'),
               got.get('User-Can-Reauthenticate'), got.get('Session-Amr'),
               got.get('Session-Authenticated-At')),
              ('a,b:c', 'false', 'true', 'false', '', str(AT)),
              'the facts of the user')
    claims = authgear.mint(sub='facts', session=True)['claims']
    told = 'https://authgear.com/claims/user/'
    tap.equal([claims[told + name] for name in
               ('roles', 'is_verified', 'is_anonymous',
                'can_reauthenticate')], [['a', 'b:c'], False, True, False],
              'a JWT of a session tells the same')
    authgear.user(id='facts', roles=['d'], verified=True, stale=True)
    got = ask(authgear, who.opaque)
    tap.equal((got.get('User-Roles'), got.get('User-Verified')),
              ('a,b:c', 'false'), 'an unannounced change is not yet seen')
    authgear.clock(at=AT + 300)
    got = ask(authgear, who.opaque)
    tap.equal((got.get('User-Roles'), got.get('User-Verified')),
              ('d', 'true'), 'it is after five minutes')
    authgear.clock(at=AT)
    authgear.user(id='facts', roles=[])
    got = ask(authgear, who.opaque)
    tap.equal((got.kind(), got.get('User-Roles')), ('valid', None),
              'without roles there is no header')
    token = authgear.token(kind='opaque', sub='facts', amr=['pwd', 'otp'],
                           authenticated_at=AT - 50)
    tap.equal(ask(authgear, token).get('Session-Amr'), '',
              'amr is always empty')
    authgear.settings(amr=True)
    got = ask(authgear, token)
    tap.equal((got.get('Session-Amr'),
               got.get('Session-Authenticated-At')),
              ('pwd otp', str(AT - 50)), 'unless it is asked for')
    authgear.settings(amr=False)


def test_lifetimes(authgear):
    def made(kind, **members):
        session = authgear.session(kind=kind, **members)['id']
        if kind == 'idp':
            return None, 'session=' + authgear.token(kind='cookie',
                                                     session_id=session)
        return authgear.token(kind='opaque', session_id=session,
                              lifetime=100000), None

    def lives(who, second):
        authgear.clock(at=AT + second)
        return ask(authgear, *who).kind() == 'valid'

    for kind in ('idp', 'grant'):
        who = made(kind, lifetime=100, idle=0)
        tap.equal([lives(who, 99), lives(who, 100)], [True, False],
                  kind + ': ends with its lifetime')
        authgear.clock(at=AT)
        who = made(kind, idle=12)
        tap.equal([lives(who, 11), lives(who, 23)], [True, False],
                  kind + ': ends idle')
        authgear.clock(at=AT)
    who = made('idp', idle=12)
    tap.equal([lives(who, second) for second in (6, 12, 18, 24)], [True] * 4,
              'idp: lives on while it is used')
    authgear.clock(at=AT)
    who = made('grant', idle=12)
    tap.equal([lives(who, 8), lives(who, 14)], [True, False],
              'grant: its record lags one access behind')
    authgear.clock(at=AT)
    who = made('grant', idle=12)
    tap.equal([lives(who, second) for second in (5, 11, 16, 22)], [True] * 4,
              'grant: lives on while it is used often')
    authgear.clock(at=AT)


def main():
    with sim.Sim(origin=ORIGIN) as authgear:
        authgear.clock(at=AT)
        who = Made(authgear, 'alice', roles=['staff'])
        other = Made(authgear, 'bob')
        test_rows_1_to_4(authgear, who)
        test_origin(authgear, who)
        test_rows_5_and_6(authgear, who)
        test_rows_7_to_10(authgear, who, other)
        test_cookies(authgear, who, other)
        test_rows_11_to_14(authgear)
        test_rows_15_to_20(authgear, who)
        test_routes(authgear, who)
        test_headers(authgear)
        test_lifetimes(authgear)
    tap.done()


if __name__ == '__main__':
    main()
