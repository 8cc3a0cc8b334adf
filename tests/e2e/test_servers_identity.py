"""Who it is, behind lighttpd, nginx and Apache: the application learns the
authorizer's word and never the client's; the credential stays outside."""

import itertools
import re

import checker
import tap
from checker import refused, values

PATHS = ('/show.cgi', '/fcgi/show', '/app/show')
NAMES = ('Remote-User', 'X-Remote-User', 'X-Forwarded-User',
         'X-Authgear-User-Id', 'X-Authgear-Remote-User',
         'X-Authgear-User-Roles', 'X-Authgear-User-Roles-Omitted',
         'X-Authgear-Omitted', 'X-Authgear-Decision',
         'X-Authgear-Session-Valid', 'X-Authgear-Session-Acr')


def spellings(name):
    """The name with -, _ or . in every place."""
    words = name.split('-')
    for marks in itertools.product('-_.', repeat=len(words) - 1):
        yield ''.join(a + b for a, b in zip(words, marks + ('',)))


def check_identity(name, what, answer):
    """Alice by the authorizer's word, and nothing of the forger."""
    shown = answer.shown()
    wanted = {'Remote-User': 'login-alice'}
    if shown['kind'] != 'http':
        wanted = {'REMOTE_USER': 'login-alice',
                  'AUTHGEAR_USER_ID': 'id-alice',
                  'AUTHGEAR_POLICY': 'default',
                  'AUTHGEAR_DECISION': 'granted'}
    else:
        wanted.update({'X-Authgear-User-Id': 'id-alice',
                       'X-Authgear-Policy': 'default'})
    got = {key: values(shown, key) for key in wanted}
    held = all(got[key] == [value] for key, value in wanted.items())
    held = held and b'forged' not in answer.body
    # how long it may be kept is said to the web server alone
    held = held and not answer.header('X-Authgear-Keep') and not re.search(
        rb'(?i)authgear[-_.]keep', answer.body)
    return tap.ok(held, '%s: %s' % (name, what), answer.body)


def granted(world, name):
    token = world.token(roles=['staff', 'editor'])
    for path in PATHS:
        answer = world.ask(name, path, token)
        check_identity(name, 'granted %s' % path, answer)
        tap.ok(token.encode() not in answer.body and
               token.split('.')[2].encode() not in answer.body,
               '%s: the credential stays outside %s' % (name, path))
        key = 'X-Authgear-User-Roles' if path == '/app/show' else \
            'AUTHGEAR_USER_ROLES'
        tap.equal(values(answer.shown(), key), ['staff,editor'],
                  '%s: roles at %s' % (name, path))


def roles_without_room(world, name):
    """They are left out whole and told; the policy looks at all of them."""
    fits = world.token(roles=checker.ROLES_THAT_FIT)
    many = world.token(roles=checker.MANY_ROLES + ['admin'])
    at = len(world.said())
    for path in PATHS:
        shown = world.ask(name, path, fits).shown() or {'env': []}
        tap.equal(checker.roles_told(shown), (
            [','.join(checker.ROLES_THAT_FIT)], []),
            '%s: %d roles at %s' % (name, len(checker.ROLES_THAT_FIT), path))
        answer = world.ask(name, path, many)
        check_identity(name, 'roles without room %s' % path, answer)
        tap.equal(checker.roles_told(answer.shown() or {'env': []}),
                  ([], ['1']), '%s: left out, and told %s' % (name, path))
    told = set()
    for count in range(70, 96):
        answer = world.ask(name, '/show.cgi', world.token(
            roles=checker.MANY_ROLES[:count]))
        roles, omitted = checker.roles_told(answer.shown() or {'env': []})
        if roles == [','.join(checker.MANY_ROLES[:count])]:
            told.add(count)
        if answer.status != 200 or [roles != [], omitted] not in (
                [True, []], [False, ['1']]):
            tap.ok(False, '%s: %d roles' % (name, count), answer)
    # the longest answer there is comes through, and no longer one is made
    tap.ok(told and told == set(range(70, max(told) + 1)) and
           70 < max(told) < 95, name + ': up to %d roles' % max(told), told)
    answer = world.ask(name, '/admin/show.cgi', many)
    tap.ok(answer.status == 200, name + ': the policy sees every role',
           answer)
    answer = world.ask(name, '/admin/show.cgi', world.token(
        roles=checker.MANY_ROLES))
    tap.equal((answer.status, answer.header('X-Authgear-Reason')),
              (403, 'role-missing'), name + ': and that one is not there')
    lines = [line for line in world.said(at).splitlines()
             if 'decision=granted' in line]
    tap.ok(len(lines) >= len(PATHS) and all(
        'left out: roles' in line and 'identity_roles' in line
        for line in lines), name + ': the log says so', lines[:3])


def credential_outside(world, name):
    """No application gets it, in whatever it came, and others stay."""
    token = world.token()
    signature = token.split('.')[2].encode()
    carrier = 'app_access_token=' + token
    for path, before, after in itertools.product(
            PATHS, ('', 'a=1; ', 'a=1;'), ('', '; b=2', ';b=2')):
        answer = world.ask(name, path, headers=[
            ('Cookie', before + carrier + after)])
        shown = answer.shown() or {'env': []}
        cookies = ''.join(values(shown, 'HTTP_COOKIE') or
                          values(shown, 'Cookie'))
        tap.ok(answer.status == 200 and signature not in answer.body and
               'access_token' not in cookies and
               ('a=1' in cookies) == ('a=1' in before) and
               ('b=2' in cookies) == ('b=2' in after),
               '%s: a token in a cookie stays outside %s: %s...%s' % (
                   name, path, before, after), answer)
    for sent in ([carrier, carrier], ['a=1', carrier], [carrier, 'a=1'],
                 [carrier + '; ' + carrier], ['a=1, ' + carrier]):
        bad = [path for path in PATHS if signature in world.ask(
            name, path, token, headers=[('Cookie', each)
                                        for each in sent]).body]
        tap.ok(not bad, '%s: no token of %d cookie lines, %d bytes' % (
            name, len(sent), len(sent[0])), (bad, sent))
    answer = world.ask(name, '/app/show', token, headers=[
        ('Cookie', 'session=x; a=1')])
    tap.equal(values(answer.shown() or {'env': []}, 'Cookie'),
              ['session=x; a=1'], '%s: other cookies as they were' % name)
    random = 'IY73tucWDUyBWEFTvRiOHNth4qZVw0IQ'
    shaped = '1b4e28ba-2fa1-41d2-883f-0016d3cca427.' + random
    for path in PATHS:
        answer = world.ask(name, path, token, headers=[
            ('Cookie', 'b=2; session="%s"; app_session=%s; session=mine; '
             'p_session=%s; a=1' % (shaped, random, shaped))])
        tap.ok(answer.status == 200 and random.encode() not in answer.body and
               (b'a=1' in answer.body) and b'session=mine' in answer.body,
               '%s: no cookie of Authgear in %s, others as they were' % (
                   name, path), answer)
    answer = world.ask(name, '/public/show.cgi', token)
    tap.ok(answer.status == 200 and signature not in answer.body,
           '%s: the credential stays outside /public/' % name, answer)


def check_forged(name, what, answer):
    """Refused as a forgery, or Alice all the same."""
    if answer.shown() is not None:
        return check_identity(name, what, answer)
    return tap.equal((answer.status, answer.header('X-Authgear-Reason')),
                     (400, 'forged-identity'), '%s: %s' % (name, what))


def forged(world, name):
    token = world.token()
    for path in PATHS:
        plain = [(header, 'forged') for header in NAMES for _ in (1, 2)]
        check_forged(name, 'identity headers twice, %s' % path,
                     world.ask(name, path, token, headers=plain))
        odd = [(each, 'forged') for header in NAMES
               for each in spellings(header) if each != header]
        bad = []
        for header in odd:
            answer = world.ask(name, path, token, headers=[header])
            shown = answer.shown()
            if shown is None:
                if answer.status not in (400, 403):
                    bad.append((header[0], str(answer)))
            elif b'forged' in answer.body:
                bad.append((header[0], answer.body))
        tap.ok(not bad, '%s: %d odd spellings, %s' % (name, len(odd), path),
               bad[:3])


def forged_beside_empty(world, name):
    """An odd spelling is seen whatever stands before or behind it."""
    token = world.token()
    bad = []
    for path, header in itertools.product(PATHS, NAMES):
        odd = (header.replace('-', '_'), 'forged')
        empty = [(header.replace('-', '.'), ''), ('X-Authgear-Other', ''),
                 ('X_Remote_User' if header != 'X-Remote-User' else
                  'Remote_User', '')]
        for sent in ([odd] + empty, empty + [odd]):
            answer = world.ask(name, path, token, headers=sent)
            held = answer.status in (400, 403) if answer.shown() is None \
                else b'forged' not in answer.body
            if not held:
                bad.append((path, sent, str(answer)))
    tap.ok(not bad, '%s: odd spellings beside empty ones' % name, bad[:3])


def dropped_by_connection(world, name):
    token = world.token()
    for listed in ('x-authgear-user-id', 'remote-user',
                   'X-Authgear-Remote-User, Remote-User'):
        answer = world.ask(name, '/app/show', token,
                           headers=[('Connection', 'close, ' + listed)])
        if answer.shown() is None:
            tap.ok(answer.status in (400, 403),
                   '%s: Connection: %s refused' % (
                name, listed), answer)
        else:
            check_identity(name, 'Connection: %s' % listed, answer)


def trailers(world, name):
    token = world.token()
    for path in PATHS:
        text = ('POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n'
                'Transfer-Encoding: chunked\r\nTrailer: Remote-User\r\n'
                'Connection: close\r\n\r\n3\r\nabc\r\n0\r\n'
                'Remote-User: forged\r\nX-Authgear-User-Id: forged\r\n'
                'X_Authgear_User_Id: forged\r\n\r\n' % (path, token))
        port = world.servers[name].port
        # a program that reads no body may have the connection reset, and its
        # answer goes with that
        answers = (checker.exchange(port, text.encode()) for _ in range(9))
        data = next(filter(None, answers), b'')
        tap.ok(data.startswith(b'HTTP/1.1 ') and b'forged' not in data,
               '%s: trailers are no identity, %s' % (name, path), data)


def nobody(world, name):
    """Without a token no header helps, nor a name in the credentials."""
    headers = [(header, 'forged') for header in NAMES]
    for path in PATHS:
        refused(world, name, 'only identity headers, ' + path, (400, 401),
                path, headers=headers)
        refused(world, name, 'Basic, ' + path, (401,), path,
                headers=[('Authorization', 'Basic Zm9yZ2VkOng=')])
    answer = world.ask(name, '/page.txt')
    tap.ok((answer.header('WWW-Authenticate') or '').startswith('Bearer'),
           '%s: a challenge' % name, answer)


with checker.World() as here:
    checker.for_each(here, [granted, roles_without_room,
                            credential_outside, forged,
                            forged_beside_empty, dropped_by_connection,
                            trailers, nobody])
tap.done()
