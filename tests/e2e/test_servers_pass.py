"""unauthenticated = pass behind the servers: nobody is nobody, whatever the
client sends; Apache refuses. And Authgear's own nginx recipe, moved."""

import os

import checker
import nginx_site
import servers
import tap
from checker import refused, values

PATHS = ('/show.cgi', '/fcgi/show', '/app/show')
FORGED = [(name, 'forged') for name in (
    'Remote-User', 'X-Remote-User', 'X-Forwarded-User', 'Remote_User',
    'X-Authgear-User-Id', 'X-Authgear-Remote-User', 'X-Authgear-User-Roles',
    'X-Authgear-Decision', 'X-Authgear-Session-Valid', 'X_Authgear_User_Id',
    'REMOTE-USER')]
RULES = '\nunauthenticated = pass\nexport = email'


def is_nobody(shown, name):
    # Debian's own list has an empty REMOTE_USER for nobody
    if name == 'nginx-module' and values(shown, 'REMOTE_USER') == ['']:
        shown = {'env': [pair for pair in shown['env'] if pair[1]]}
    return not any(values(shown, key) for key in (
        'REMOTE_USER', 'AUTHGEAR_USER_ID', 'AUTHGEAR_USER_ROLES',
        'X-Remote-User', 'X-Authgear-User-Id', 'X-Authgear-Remote-User',
        'HTTP_REMOTE_USER', 'HTTP_X_AUTHGEAR_USER_ID',
        'X-Authgear-Session-Valid', 'HTTP_X_AUTHGEAR_SESSION_VALID'))


def nobody(world, name):
    for path in PATHS:
        for what, headers in (('plain', []), ('forging', FORGED)):
            called = '%s: %s, %s' % (name, path, what)
            answer = world.ask(name, path, headers=headers)
            shown = answer.shown()
            if shown is None:
                tap.ok(what == 'forging' and answer.status in (400, 403),
                       called + ' is not served', answer)
                continue
            key = 'X-Authgear-Decision' if shown['kind'] == 'http' else \
                'AUTHGEAR_DECISION'
            tap.ok(answer.status == 200 and is_nobody(shown, name) and
                   values(shown, key) == ['pass'] and
                   b'forged' not in answer.body, called + ' is nobody',
                   answer.body)


def somebody(world, name):
    token = world.token(claims={'email': 'a@example.com'})
    for path in PATHS:
        answer = world.ask(name, path, token)
        shown = answer.shown() or {'env': []}
        key = 'Remote-User' if path == '/app/show' else 'REMOTE_USER'
        tap.ok(values(shown, key) == ['login-alice'],
               '%s: %s with a token is alice' % (name, path), answer.body)
        key = 'X-Authgear-Claim-Email' if path == '/app/show' else \
            'AUTHGEAR_CLAIM_EMAIL'
        if name == 'lighttpd':
            tap.equal(values(shown, key), ['a@example.com'],
                      '%s: %s has the claim' % (name, path))


def bad_credentials(world, name):
    for what, token in (('malformed', 'nonsense'),
                        ('expired', world.token(clock_offset=-7200)),
                        ('opaque', 'K7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu')):
        for path in PATHS:
            refused(world, name, what + ' ' + path, (401,), path, token)


def apache(world):
    for path in PATHS:
        refused(world, 'apache', 'nobody, ' + path, (401,), path)
    answer = world.ask('apache', '/show.cgi', world.token())
    tap.ok(answer.status == 200 and
           values(answer.shown(), 'REMOTE_USER') == ['login-alice'],
           'apache: alice', answer)


def recipe(world):
    """nginx-resolver-recipe.conf, in a server of its own."""
    text = 'server { @LISTEN@ location /public/ { root @WWW@; }\n%s}' % \
        servers.example('nginx-resolver-recipe.conf', [
            ('/usr/share/authgear-gate/nginx/', '@INCLUDES@/', 2),
            ('http://127.0.0.1:8000', 'http://@HTTP@', 1)])
    with nginx_site.running(world, text) as server:
        recipe_of_sessions(world, server)
        recipe_of_nobody(world, server)


def recipe_of_sessions(world, server):
    answer = checker.ask(server.port, '/show', world.token(), headers=FORGED)
    tap.equal((answer.status, answer.shown(),
               answer.header('X-Authgear-Reason')),
              (400, None, 'forged-identity'), 'recipe: forged names')
    token = world.token(roles=['staff', 'editor'])
    answer = checker.ask(server.port, '/show', headers=[
        ('Cookie', 'a=1; app_access_token=%s; b=2' % token)])
    shown = answer.shown() or {'headers': []}
    got = {key.lower(): value for key, value in shown['headers']}
    tap.ok(got.get('x-authgear-session-valid') == 'true' and
           got.get('x-authgear-user-id') == 'id-alice' and
           got.get('x-authgear-user-roles') == 'staff,editor' and
           got.get('x-authgear-user-anonymous') == 'false' and
           got.get('x-authgear-session-authenticated-at', '').isdigit(),
           "recipe: the resolver's headers", answer.body)
    tap.equal(got.get('cookie'), 'a=1; b=2',
              "recipe: Authgear's cookies stay outside")
    answer = checker.ask(server.port, '/show', token)
    tap.ok(answer.status == 200 and token.split('.')[2].encode() not in
           answer.body, 'recipe: the token stays outside', answer.body)


def recipe_of_nobody(world, server):
    answer = checker.ask(server.port, '/show')
    shown = answer.shown() or {'headers': [('X-Authgear-User-', '')]}
    tap.ok(answer.status == 200 and
           values(shown, 'X-Authgear-Decision') == ['pass'] and not [
               key for key, _ in shown['headers'] if key.lower()
               .startswith(('x-authgear-user-', 'x-authgear-session-'))],
           'recipe: no session, no header', answer.body)
    answer = checker.ask(server.port, '/show', 'nonsense')
    tap.equal((answer.status, answer.shown()), (401, None),
              'recipe: a bad token is refused')
    tap.equal(answer.header('X-Authgear-Reason'), 'malformed',
              'recipe: and why')
    # the state gone, or the daemon: never 500 without a word when
    aside = world.state + '.aside'
    os.rename(world.state, aside)
    answer = checker.ask(server.port, '/show', world.token())
    os.rename(aside, world.state)
    tap.ok(answer.status == 503 and answer.shown() is None and
           answer.header('Retry-After') and answer.header(
               'X-Authgear-Reason') == 'state-unreadable',
           'recipe: what cannot be told is 503', answer.body)


CLAIM_LINES = (('auth_request_set $ag_claim_email', 2),
               ('    $upstream_http_x_authgear_claim_email;', 2),
               ('proxy_set_header X-Authgear-Claim-Email', 1),
               ('fastcgi_param AUTHGEAR_CLAIM_EMAIL', 1),
               ('fastcgi_param HTTP_X_AUTHGEAR_CLAIM_EMAIL', 1))


def claims(world):
    """nginx.conf with the lines for an exported claim taken into use."""
    def made(site, at, port, address):
        text, command = servers.MAKERS['nginx'](site, at, port, address)
        for line, count in CLAIM_LINES:
            if text.count('#' + line) != count:
                raise ValueError('not in nginx.conf: ' + line)
            text = text.replace('#' + line, line)
        return text, command

    server = servers.start('claims', world.site, world.addresses['nginx'],
                           made)
    forged = [('X-Authgear-Claim-Email', 'forged@example.com')]
    try:
        for path in PATHS[1:]:
            for token, wanted in (
                    (world.token(claims={'email': 'me@example.com'}),
                     'me@example.com'), (world.token(), None)):
                answer = checker.ask(server.port, path, token)
                shown = answer.shown() or {'env': []}
                got = set(values(shown, 'X-Authgear-Claim-Email') +
                          values(shown, 'AUTHGEAR_CLAIM_EMAIL')) - {''}
                tap.ok(answer.status == 200 and
                       got == ({wanted} if wanted else set()),
                       'claims: %s, %s' % (path, wanted), answer.body)
            answer = checker.ask(server.port, path, token, headers=forged)
            tap.equal((answer.status, answer.header('X-Authgear-Reason')),
                      (400, 'forged-identity'), 'claims: %s, forged' % path)
    finally:
        server.stop()


with checker.World(rules=RULES) as here:
    for each in here.names:
        if each == 'apache':
            continue
        for case in (nobody, somebody, bad_credentials):
            case(here, each)
    apache(here)
    claims(here)
    recipe(here)
tap.done()
