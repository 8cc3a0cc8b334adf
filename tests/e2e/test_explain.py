"""authgear-cache explain beside the daemon: the same verdict on every row of
the tables of other tests, by the steps of the same gate, and without asking
Authgear unless it is told to."""

import json
import os
import subprocess

import asking
import gate
import installed
import sessions
import tap
import test_policy
import test_sessions_matrix as matrix

STEPS = ['credential', 'token', 'key', 'claims', 'session', 'rules',
         'revocations']


def lines(said):
    """What a request says, as a browser shows it."""
    return ''.join('%s: %s\n' % (name, value) for name, value in zip(
        ('Authorization', 'Cookie'), said) if value is not None)


def explain(site, text, *arguments, policy='default'):
    run = site.cache('explain', '--policy', policy, '--json', *arguments,
                     stdin=text, check=False)
    try:
        return json.loads(run.text)
    except ValueError:
        return {'reason': run.text, 'verdict': None, 'user': None,
                'steps': []}


def agrees(site, daemon, said, name, policy='default'):
    """The daemon's answer, and what is explained of it."""
    got = sessions.ask(daemon.path, said, policy=policy)
    if got.headers.get('variable-authgear_decision') == 'pass':
        got = got._replace(reason='no-credential')
    text = lines(said)
    asked = explain(site, text, '--ask', policy=policy)
    held = asked['reason'] == got.reason and (
        got.reason != 'granted' or asked['user'] == got.user)
    tap.ok(held, 'the same: ' + name, (got, asked))

    def known():
        return explain(site, text, policy=policy)['reason']
    if got.reason == 'granted':
        # what it was told is written behind
        gate.until(lambda: known() == 'granted', 'its row: ' + name)
    else:
        tap.ok(known() in (got.reason, 'not-asked'),
               'or not known here: ' + name, known())
    return got


def test_matrix(site, daemon, mode):
    for state, kinds, befall in matrix.STATES:
        for kind in kinds:
            who = sessions.Person(site.sim.control, kinds=(kind,))
            befall(site, who, kind)
            agrees(site, daemon, who.way[kind],
                   '%s: %s, %s' % (mode, kind, state))


def test_departures(site, daemon, mode):
    control = site.sim.control
    a, b, off = [sessions.Person(control) for _ in range(3)]
    dead = sessions.Person(control, kinds=('opaque',))
    dead.log_out('opaque')
    off.change(disabled=True, keep_sessions=True)
    texts = {'a': a.text, 'b': b.text, 'dead': dead.text['opaque'],
             'off': off.text['opaque'], 'refresh': sessions.mint(
                 control, 'refresh', a.session['opaque'], sub=a.name)}
    for what, bearer, cookie, _, ours, _ in matrix.DEPARTURES:
        said = tuple(text.format(**texts) if text else None
                     for text in (bearer, cookie))
        got = agrees(site, daemon, said, '%s: %s' % (mode, what))
        tap.equal(got[:2], ours, '%s: %s: as it should' % (mode, what))


def test_tokens(site, daemon, mode):
    for what, how in (
            ('a signature of nobody', {'tamper': 'signature'}),
            ('changed claims', {'tamper': 'payload'}),
            ('expired', {'clock_offset': -4000}),
            ('not yet valid', {'clock_offset': 4000}),
            ('another issuer', {'claims': {'iss': 'https://b.example'}}),
            ('another audience', {'claims': {'aud': ['https://b.example']}}),
            ('no sub', {'claims': {'sub': None}}),
            ('no algorithm', {'alg': 'none'}),
            ('another key', {'kid': 'nobody', 'clock_offset': -200}),
            ('ID token', {'kind': 'id'}),
            ('machine', {'kind': 'm2m', 'client_id': 'robot',
                         'resource': site.endpoint})):
        token = site.sim.token(**dict({'session': 'kind' not in how}, **how))
        for policy in ('default', 'machines', 'strict'):
            agrees(site, daemon, ('Bearer ' + token, None),
                   '%s: %s, %s' % (mode, what, policy), policy)
    token = site.sim.token(session=True)
    for said in ((None, None), ('Bearer', None), ('Bearer x y', None),
                 ('Bearer ' + token[:-200], None),
                 ('Bearer ' + token + 'x' * 20000, None),
                 ('Basic ' + 'x' * 40, None), ('Basic !', None),
                 ('Digest x', 'session=flask')):
        for policy in ('default', 'basic', 'unknown'):
            agrees(site, daemon, said, '%s: %r, %s' % (
                mode, (said[0] or '')[:12], policy), policy)


def in_mode(mode):
    policies = dict(matrix.POLICIES, strict={
        'require_role': 'admin', 'max_authentication_age': '60'},
        basic={'accept_basic': 'yes'})
    with gate.Site(settings=dict(matrix.SETTINGS, validate=mode,
                                 session_ttl='60'),
                   policies=policies) as site, site.daemon() as daemon:
        if mode != 'resolver':
            daemon.wait_for('keys fetched')
        test_matrix(site, daemon, mode)
        if mode != 'jwt':
            test_departures(site, daemon, mode)
        test_tokens(site, daemon, mode)


def test_basic(site, daemon):
    """Passwords of Basic, the account map, requests that pass."""
    token = site.sim.token(sub='lena-id')
    site.cache('map', 'add', 'lena-id', 'lena')
    for policy in test_policy.POLICIES:
        for name, password in (('lena', token), ('lena-id', token),
                               ('', token), ('lena', 'secret')):
            text = test_policy.basic(name, password)[1]
            agrees(site, daemon, (text, None), 'Basic %s, %s' % (
                name, policy), policy)
    got = explain(site, '', policy='open')
    tap.ok(got['may_pass'] and got['verdict'] == 'denied' and
           got['reason'] == 'no-credential', 'let pass, and nobody', got)


def test_pam(site):
    """--account: as the socket `ask` answers."""
    with asking.World(site) as world:
        people = {'alice': world.alice, 'bob': world.bob}
        site.cache('map', 'add', 'user-of-carol', 'carol')
        site.cache('block', 'user', 'user-of-carol')
        for account in ('alice', 'bob', 'carol', 'nobody'):
            for name, person in people.items():
                for kind, text in person.text.items():
                    got = asking.ask(world.path, account=account,
                                     credential=text)
                    told = explain(site, text, '--ask', '--account', account,
                                   policy='mail')
                    tap.equal((told['verdict'], told['reason']
                               if told['verdict'] != 'granted' else
                               told['remote_user']),
                              (asking.verdict(got)[0],
                               asking.verdict(got)[2]),
                              'PAM: %s with %s of %s' % (account, kind, name))
            got = asking.ask(world.path, account=account, phase='account')
            told = explain(site, '', '--account', account, policy='mail')
            tap.equal(told['verdict'], asking.verdict(got)[0],
                      'PAM: %s without a credential' % account)
        got = asking.ask(world.path, account='alice', credential='secret')
        told = explain(site, 'secret', '--account', 'alice', policy='mail')
        tap.equal(told['reason'], asking.verdict(got)[2], 'PAM: a password')


def test_steps(site, daemon):
    """What is told beside the verdict."""
    who = sessions.Person(site.sim.control, kinds=('JWT',))
    text = who.text['JWT']
    sessions.say(daemon.path, who.way['JWT'])
    gate.until(lambda: explain(site, text)['reason'] == 'granted', 'its row')
    site.cache('block', 'user', who.name, '--from', '+1h')
    told = explain(site, text)
    names = []
    for step in told['steps']:
        if step['step'] not in names:
            names.append(step['step'])
    tap.equal(names, STEPS, 'the steps, in order')
    tap.ok(all(step['result'] in ('ok', 'told') for step in told['steps']),
           'nothing speaks against it', told)
    tap.ok(any(who.name + ' blocked, which does not hit' in step['text']
               for step in told['steps']), 'a revocation that does not hit')
    site.cache('block', 'user', who.name)
    told = explain(site, text)
    tap.ok(told['reason'] == 'user-blocked' and any(
        step['result'] == 'refused' and step['step'] == 'revocations'
        for step in told['steps']), 'and one that does', told)
    for given, why in (((), '--policy was not given'),
                       (('--policy', 'nope'), '--policy names none')):
        told = json.loads(site.cache('explain', '--json', *given,
                                     stdin=text).text)
        tap.ok(told['detail'].startswith(why) and 'strict' in told['detail'],
               'whose word it is: ' + why, told)
    plain = site.cache('explain', '--policy', 'default', stdin=text).text
    tap.ok('user-blocked' in plain and
           max(len(line) for line in plain.splitlines()) <= 100 and
           text not in plain, 'for people: fits, without the token', plain)
    told = explain(site, text, policy='strict')
    tap.ok([step['text'] for step in told['steps']
            if step['result'] == 'refused' and step['step'] == 'rules'] ==
           ['require_role is admin, require_all_roles is none; its roles: '
            'none'], 'the rule that refuses', told)


def test_never_asks(site):
    """Authgear hears of nothing; what is not known is said."""
    who = sessions.Person(site.sim.control)
    before = site.sim.count(sessions.RESOLVER)
    for kind, said in who.way.items():
        told = explain(site, lines(said))
        tap.equal(told['reason'], 'not-asked', 'not known: ' + kind)
        named = [step for step in told['steps']
                 if step['step'] == 'revocations']
        tap.ok(len(named) == 1 and ('JWT' in kind) == (
            named[0]['result'] == 'ok'), 'whose a cookie is only Authgear '
               'can tell, so what names its user is not ok: ' + kind, named)
    told = explain(site, '%s\n' % who.text['session'])
    tap.equal(told['kind'], 'session-cookie', 'a cookie by its value')
    tap.equal(site.sim.count(sessions.RESOLVER), before, 'nobody asked')
    told = explain(site, who.text['JWT'], '--ask')
    tap.equal((told['reason'], site.sim.count(sessions.RESOLVER)),
              ('granted', before + 1), 'with --ask once')


def told_of(site, request, log, *arguments):
    run = site.cache('explain', '--request', request, '--json', *arguments,
                     stdin=log, check=False)
    try:
        return json.loads(run.text)
    except ValueError:
        return {'reason': run.text}


def test_request(site, daemon):
    """A refusal of the log: what it means and what it goes by here."""
    who = sessions.Person(site.sim.control, kinds=('JWT',))
    refused = sessions.ask(daemon.path, who.way['JWT'], policy='strict')
    request = refused.headers['x-authgear-request-id']
    daemon.wait_for(request)
    log = daemon.log()
    told = told_of(site, request, log)
    tap.ok(told['reason'] == 'role-missing' and
           told['verdict'] == 'forbidden' and told['user'] == who.name and
           told['policy'] == 'strict' and
           'require_role = admin' in told['settings'] and
           request in told['line'], 'a refusal', told)
    path = os.path.join(site.folder, 'some.log')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('x' * 20000 + '\n' + log)
    tap.equal(told_of(site, request, '', '--file', path), told, 'of a file')
    plain = site.cache('explain', '--request', request, stdin=log).text
    tap.ok('require_role = admin' in plain and
           max(len(line) for line in plain.splitlines()) <= 100,
           'for people', plain)
    site.cache('block', 'user', who.name)
    got = sessions.ask(daemon.path, who.way['JWT'])
    request = got.headers['x-authgear-request-id']
    daemon.wait_for(request)
    told = told_of(site, request, daemon.log())
    tap.equal((told['reason'], told['command']), (
        'user-blocked', 'authgear-cache list revocations --active --user ' +
        who.name), 'what to look with')
    for text, why in ((log.replace('decision=', 'decided='), 'no decision'),
                      ('decision=denied reason=nonsense request=%s\n' %
                       request, 'no reason'),
                      ('decision=denied detail="request=%s" '
                       'request=0000000000000000\n' % request,
                       'no decision'), ('\0\n' * 9, 'no decision')):
        told = told_of(site, request, text)
        tap.ok(why in told['reason'], 'not found: ' + why, told)
    line = ('decision=denied reason=expired policy=default request=%s '
            'user="a\\\\\\"b\\x1b[2J$(x)" detail="\\xff"\n' % request)
    told = told_of(site, request, line)
    tap.ok(told['user'] == 'a\\"b\x1b[2J$(x)' and told['detail'] is None,
           'what is escaped there', told)
    plain = site.cache('explain', '--request', request, stdin=line).text
    tap.ok('\x1b' not in plain, 'stays text', plain)
    line = line.replace('expired', 'signed-out')
    tap.equal(told_of(site, request, line)['command'], None,
              'no command with what a shell would run')


def test_usage(site):
    token = site.sim.token()
    for arguments in ([token], ['--account', ''], ['--user', 'x'], ['--json',
                      'x'], ['--policy'], ['--request', 'x'],
                      ['--request', '0' * 16, '--ask'],
                      ['--request', '0' * 16, '--policy', 'default']):
        run = site.cache('explain', *arguments, check=False)
        tap.ok(run.returncode == 2 and token not in run.text,
               'usage: %s' % [word[:12] for word in arguments], run.text)
    for text, why in (('x' * 70000, 'too long'), (b'a\0b', 'NUL')):
        run = site.cache('explain', stdin=text, check=False)
        tap.ok(run.returncode == 1 and why in run.text, why, run.text)
    path = os.path.join(site.folder, 'token')
    with open(path, 'w', encoding='ascii') as file:
        file.write(token + '\n')
    run = site.cache('explain', '--file', path, '--policy', 'default')
    tap.ok(run.returncode == 0 and 'verdict' in run.text, '--file')


def test_state(site, token):
    os.rename(site.trust, site.trust + '.aside')
    told = explain(site, token)
    tap.ok(told['reason'] == 'state-unreadable' and
           'trust.db' in told['detail'], 'no trust.db', told)
    os.rename(site.trust + '.aside', site.trust)


def test_as_user(who):
    """Root's command reads and writes as the daemon's user alone."""
    with installed.Site(who, {'validate': 'hybrid'}) as site:
        with site.daemon() as daemon:
            token = site.token('one', session=True)
            installed.warm(daemon, token)
        for name in os.listdir(os.path.join(site.state, 'daemon')):
            if name.endswith(('-wal', '-shm')):
                os.unlink(os.path.join(site.state, 'daemon', name))
        told = explain(site, token, '--ask')
        tap.equal(told['reason'], 'granted', 'without a daemon')
        for name in os.listdir(os.path.join(site.state, 'daemon')):
            path = os.path.join(site.state, 'daemon', name)
            tap.equal(os.lstat(path).st_uid, who.pw_uid, 'owner of ' + name)
        run = subprocess.run(
            ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] +
            site.command('explain', '--policy', 'default'),
            input=token.encode(), check=False, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        tap.ok(run.returncode == 1 and not run.stdout and run.stderr,
               'another user', (run.stdout, run.stderr[:2000]))


def main():
    for mode in matrix.MODES:
        in_mode(mode)
    with gate.Site(policies=test_policy.POLICIES) as site, \
            site.daemon() as daemon:
        daemon.wait_for('keys fetched')
        test_basic(site, daemon)
    with gate.Site({'validate': 'hybrid', 'lookup_rate': '60000'}, {
            'default': {}, 'mail': {'remote_user': 'map'}}) as site:
        test_pam(site)
    with gate.Site({'validate': 'hybrid', 'session_ttl': '60'}, {
            'default': {}, 'strict': {'require_role': 'admin'}}) as site:
        with site.daemon() as daemon:
            sessions.warm(daemon, site.sim.control)
            test_steps(site, daemon)
            test_never_asks(site)
            test_request(site, daemon)
        test_usage(site)
        test_state(site, site.sim.token())
    who = installed.user()
    if who:
        test_as_user(who)
    else:
        tap.skip('as the daemon\'s user', 'not root')
    tap.done()


if __name__ == '__main__':
    main()
