"""authgear-cache map and list map, and what a daemon makes of it at once."""

import json

import fastcgi
import gate
import tap


def cache(site, *arguments, stdin=''):
    run = site.cache(*arguments, check=False, stdin=stdin)
    return run.returncode, run.text


def ask(daemon, token):
    answer = fastcgi.ask(daemon.path, {
        'AUTHGEAR_POLICY': 'default', 'REQUEST_METHOD': 'GET',
        'REQUEST_URI': '/', 'REMOTE_ADDR': '192.0.2.1',
        'HTTP_AUTHORIZATION': 'Bearer ' + token})
    return answer.status, answer.headers.get('x-authgear-reason') or \
        answer.headers.get('variable-remote_user')


def test_daemon(site, daemon, token, user):
    tap.equal(ask(daemon, token), (403, 'wrong-account'),
              'a user without an account is refused')
    status, text = cache(site, 'map', 'add', user, 'lena', '--reason', 'new')
    tap.ok(status == 0 and 'lena' in text, 'map add', text)
    tap.equal(ask(daemon, token), (200, 'lena'), 'and from then on it is she')
    status, text = cache(site, 'map', 'add', 'somebody', 'lena')
    tap.ok(status == 1 and 'another user has the account' in text,
           'one account, one person', text)
    status, text = cache(site, 'map', 'add', 'tom', stdin=token)
    tap.ok(status == 0 and 'as the token says' in text,
           'the user of a token on stdin', text)
    tap.equal(ask(daemon, token), (200, 'tom'), 'has another account now')
    status, text = cache(site, 'list', 'map', '--json')
    rows = [json.loads(line) for line in text.splitlines()]
    tap.ok(status == 0 and [(row['user'], row['account']) for row in rows] ==
           [(user, 'tom')], 'list map --json', text)
    status, text = cache(site, 'list', 'map')
    tap.ok(status == 0 and 'ACCOUNT' in text and 'tom' in text, 'list map',
           text)
    status, text = cache(site, 'map', 'remove', user, '--json')
    tap.equal((status, json.loads(text)), (0, {'user': user,
                                               'account': None}),
              'map remove')
    tap.equal(ask(daemon, token), (403, 'wrong-account'), 'and she is out')
    status, text = cache(site, 'map', 'remove', user)
    tap.ok(status == 1 and 'has no account' in text, 'removed already', text)
    status, text = cache(site, 'list', 'map')
    tap.equal((status, text), (0, 'no user has an account\n'), 'an empty map')


def test_usage(site, token):
    for what, arguments in (
            ('nothing', []), ('only add', ['add']),
            ('another word', ['change', 'a', 'b']),
            ('too much', ['add', 'a', 'b', 'c']),
            ('a token as user', ['add', token, 'x']),
            ('a file too many', ['add', 'a', 'b', '--file', '/dev/null'])):
        status, text = cache(site, 'map', *arguments)
        tap.ok(status == 2 and "try 'authgear-cache map --help'" in text and
               token not in text, 'refused: ' + what, text)
    for account in ('', ' x', 'x ', 'a\nb', 'x' * 256, '\x7f'):
        status, text = cache(site, 'map', 'add', 'u', account)
        tap.ok(status in (1, 2), 'no account: %r' % account[:8], text)
    status, text = cache(site, 'map', '--help')
    tap.ok(status == 0 and 'remove' in text, 'help')


def main():
    with gate.Site(policies={'default': {'remote_user': 'map'}}) as site:
        user = 'user-1'
        token = site.sim.token(sub=user)
        with site.daemon() as daemon:
            test_daemon(site, daemon, token, user)
        test_usage(site, token)
    tap.done()


main()
