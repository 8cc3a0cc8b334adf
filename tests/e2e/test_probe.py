"""authgear-fcgi --probe against servers that are up to something: what is
asked, how each answer is judged, and that it comes to an end."""
# beside others: it mostly waits

import itertools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading

import http_server
import servers
import tap
from probing import ASKINGS, FEW, expect, probe, run

METHODS = ('GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'TRACE')

_ids = itertools.count(1)


def ours(status=401, more='', number=None):
    return ('HTTP/1.1 %d X\r\nX-Authgear-Request-Id: %016x\r\n'
            'X-Authgear-Reason: no-credential\r\n%sContent-Length: 0\r\n\r\n'
            % (status, next(_ids) if number is None else number,
               more)).encode()


def other(status, more='', body=''):
    return ('HTTP/1.1 %d X\r\n%sContent-Length: %d\r\n\r\n%s' % (
        status, more, len(body), body)).encode()


class Raw(http_server.Server):
    """answer(method, head) gives bytes: b'' closes, None says nothing."""

    def __init__(self, answer, context=None):
        def script(server, connection):
            head = server.request(connection).decode('latin-1')
            data = answer(head.split(' ')[0], head) if head else b''
            if data is None:
                server.hold()
            else:
                connection.sendall(data)
        super().__init__(script, context)


def for_methods(names, data):
    """These methods get this, all others a refusal of ours."""
    def answer(method, _):
        if method not in names:
            return ours()
        return data() if callable(data) else data
    return answer


def forged(head):
    return 'x-authgear-user' in head.lower().replace('_', '-').replace(
        '.', '-')


def brings(head):
    return 'Authorization:' in head or 'Cookie:' in head or forged(head)


# name, answer, verdict, code, words of the sentence
CASES = [
    ('refusals of ours', lambda m, h: ours(), 'closed', 'guarded', ''),
    ('503 of ours', lambda m, h: ours(503), 'closed', 'guarded', ''),
    ('400 of ours', lambda m, h: ours(400), 'closed', 'guarded', ''),
    ('a login of ours', lambda m, h: ours(302, 'Location: https://a/\r\n'),
     'closed', 'guarded', ''),
    ('closed without a word', lambda m, h: b'', 'closed', 'silent', ''),
    ('HEAD closed without a word', for_methods(('HEAD',), b''), 'closed',
     'guarded', ''),
    ('TRACE answered by the server', for_methods(('TRACE',), other(405)),
     'closed', 'guarded', ''),
    ('405 as for an unknown method', for_methods(
        ('PROPFIND', 'TRACE', 'NOSUCH'), other(405)), 'closed', 'guarded',
     ''),
    ('501 as for an unknown method', for_methods(
        ('PROPFIND', 'OPTIONS', 'NOSUCH'), other(501)), 'closed', 'guarded',
     ''),
    ('400 as for an unknown method', for_methods(
        ('PROPFIND', 'NOSUCH'), other(400)), 'closed', 'guarded', ''),
    # not told
    ('500', lambda m, h: other(500), 'not told', 'daemon',
     'is the daemon up?'),
    ('502 for one', for_methods(('HEAD',), other(502)), 'not told',
     'daemon', 'is the daemon up?'),
    ('405 for all', lambda m, h: other(405), 'not told', 'no-reading',
     'probe an address'),
    ('400 for all', lambda m, h: other(400), 'not told', 'no-reading', ''),
    # open
    ('405 of an application', for_methods(('PROPFIND',), other(405)),
     'open', 'method', 'PROPFIND'),
    ('405 where 501 is the server\'s', lambda m, h: other(
        {'NOSUCH': 501, 'PROPFIND': 405}[m]) if m in ('NOSUCH', 'PROPFIND')
     else ours(), 'open', 'method', 'PROPFIND'),
    ('the page', lambda m, h: other(200, body='hello'), 'open', 'nobody',
     'not guarded'),
    ('the page with an id of ours', lambda m, h: ours(200), 'open',
     'nobody', ''),
    ('PROPFIND', for_methods(('PROPFIND',), other(207)), 'open', 'method',
     'WebDAV'),
    ('two methods', for_methods(('PROPFIND', 'HEAD'), other(200)), 'open',
     'method', 'HEAD, PROPFIND'),
    ('TRACE that shows', for_methods(('TRACE',), other(200)), 'open',
     'trace', 'TraceEnable'),
    ('OPTIONS alone', for_methods(('OPTIONS',), other(204)), 'open',
     'method', 'OPTIONS'),
    ('a method nobody knows', for_methods(('NOSUCH',), other(200)), 'open',
     'unknown-method', 'limit_except'),
    ('forged identity', lambda m, h: other(200) if forged(h) else ours(),
     'open', 'forged-identity', 'believed'),
    ('forged by underscores', lambda m, h: other(200) if
     'X_Authgear_User_Id' in h and 'X-Authgear' not in h else ours(),
     'open', 'forged-identity', ''),
    ('forged by dots', lambda m, h: other(200) if
     'X.Authgear.User.Id' in h and 'X-Authgear' not in h else ours(),
     'open', 'forged-identity', ''),
    ('Remote-User for PROPFIND', lambda m, h: other(207) if
     m == 'PROPFIND' and '\r\nRemote-User:' in h else ours(), 'open',
     'forged-identity', ''),
    ('a bad cookie', lambda m, h: other(200) if 'Cookie:' in h else ours(),
     'open', 'bad-credential', ''),
    ('a bad token', lambda m, h: other(200) if 'Authorization:' in h else
     ours(), 'open', 'bad-credential', ''),
    ('nothing passes', lambda m, h: ours() if brings(h) else other(200),
     'open', 'unauthenticated-pass', 'unauthenticated = pass'),
    ('nothing passes to a login of its own', lambda m, h: ours() if
     brings(h) else other(401), 'open', 'unauthenticated-pass', ''),
    ('a preflight request passes', lambda m, h: other(204) if
     m == 'OPTIONS' and not brings(h) and 'Origin:' in h and
     'Access-Control-Request-Method:' in h else ours(), 'open',
     'cors-preflight-pass', 'cors_preflight = pass'),
    ('a stored refusal', lambda m, h: ours(number=7), 'open', 'cache',
     'cache'),
    ('a stored refusal of HEAD', for_methods(('HEAD',), lambda: ours(
        number=7)), 'open', 'cache', ''),
    ('another\'s 401', lambda m, h: other(401), 'open', 'other',
     'not authgear-fcgi'),
    ('another\'s 403', lambda m, h: other(403), 'open', 'other', ''),
    ('404', lambda m, h: other(404), 'open', 'nobody', ''),
    ('429', lambda m, h: other(429), 'open', 'nobody', ''),
    ('304', lambda m, h: other(304), 'open', 'nobody', ''),
    ('to https', lambda m, h: other(301, 'Location: https://a/\r\n'),
     'open', 'https', 'https address'),
    ('a redirect', lambda m, h: other(302, 'Location: /login\r\n'), 'open',
     'redirect', ''),
    ('an id too short', lambda m, h: other(
        401, 'X-Authgear-Request-Id: 12345\r\n'), 'open', 'other', ''),
    ('two ids', lambda m, h: ours(
        more='X-Authgear-Request-Id: 0123456789abcdef\r\n'), 'open',
     'other', ''),
    ('an id in an interim head', lambda m, h: ours(103).replace(
        b'Content-Length: 0\r\n', b'') + other(200), 'open', 'nobody', ''),
    ('one page among refusals', lambda m, h: other(200) if m == 'GET' and
     'Cookie:' in h else ours(), 'open', 'bad-credential', ''),
    ('garbage', lambda m, h: b'hello\r\n\r\n', 'open', 'broken',
     'does not speak HTTP'),
    ('half a head', lambda m, h: b'HTTP/1.1 200 OK\r\nA: b\r\n', 'open',
     'broken', ''),
    ('half a head of ours', lambda m, h: ours()[:-2], 'open', 'broken', ''),
    ('a NUL in the head', lambda m, h: ours(more='A: b\0\r\n'), 'open',
     'broken', ''),
    ('a head of 200 kB', lambda m, h: ours(more='A: %s\r\n' % (
        'x' * 60000) * 4), 'open', 'broken', ''),
    ('a body of 300 kB', lambda m, h: other(200, body='x' * 300000), 'open',
     'nobody', ''),
    ('a body without a length', lambda m, h:
     b'HTTP/1.0 200 OK\r\n\r\nhello', 'open', 'nobody', ''),
    ('a refusal without a length', lambda m, h: ours().replace(
        b'Content-Length: 0\r\n', b''), 'closed', 'guarded', ''),
]


def test_raw():
    for name, answer, verdict, code, words in CASES:
        with Raw(answer) as server:
            expect(name, probe(server.url()), verdict, code, words)
            tap.equal(server.accepted, ASKINGS, name + ': each asked once')


def test_asked():
    """What is on the wire."""
    with Raw(lambda m, h: ours()) as server:
        probe(server.url('/a/../%62?c=%20d#e'), environment={
            'http_proxy': 'http://127.0.0.1:9', 'all_proxy':
            'http://127.0.0.1:9'})
        heads = [head.decode('latin-1') for head in server.requests]
    lines = {head.split('\r\n')[0] for head in heads}
    tap.equal(lines, {method + ' /a/../%62?c=%20d HTTP/1.1' for method in
                      METHODS + ('NOSUCH',)}, 'asked: methods and the path')
    tap.ok(all('Content-Length' not in head for head in heads),
           'asked: no body')
    for method in METHODS:
        these = [head for head in heads if head.startswith(method + ' ')]
        tap.ok(any(not brings(head) for head in these) and
               any('Authorization: Bearer ' in head for head in these) and
               any('Cookie: app_session=' in head for head in these),
               'asked: %s with nothing, a token, a cookie' % method)
        for name in ('X-Authgear-User-Id', 'X-Authgear-Decision',
                     'Remote-User', 'X-Remote-User', 'X-Forwarded-User'):
            for mark in '-_.':
                written = '\r\n%s:' % name.replace('-', mark)
                tap.ok(any(written in head for head in these),
                       'asked: %s with %s' % (method, written.strip()))


def held_for(seconds, server, url, name, verdict, code, askings=ASKINGS):
    """Not for ever: `seconds` bounds a machine that is busy."""
    done = []
    thread = threading.Thread(target=lambda: done.append(probe(url)))
    thread.start()
    thread.join(seconds)
    server.over.set()
    if not tap.ok(done, name + ': comes to an end'):
        thread.join()
        return
    expect(name, done[0], verdict, code, askings=askings)


def test_bounded():
    def head(server, connection):
        server.request(connection)
        connection.sendall(b'HTTP/1.1 200 OK\r\n')
        while not server.over.is_set():
            connection.sendall(b'A: %s\r\n' % (b'x' * 1000))

    def body(server, connection):
        server.request(connection)
        connection.sendall(b'HTTP/1.1 200 OK\r\n\r\n')
        while not server.over.is_set():
            connection.sendall(b'x' * 1000)

    with Raw(lambda m, h: None) as server:
        held_for(120, server, server.url(), 'silence', 'not told', 'unheard',
                 FEW)
        tap.equal(server.accepted, FEW, 'silence: the rest is not asked')
    with Raw(lambda m, h: None if m == 'HEAD' and 'Cookie' in h else
             ours()) as server:
        held_for(120, server, server.url(), 'silence for one', 'not told',
                 'unheard')
    with http_server.Server(lambda server, _: server.hold()) as server:
        held_for(120, server, server.url(scheme='https'),
                 'silence in the handshake', 'not told', 'unheard', FEW)
    with http_server.Server(head) as server:
        held_for(120, server, server.url(), 'an endless head', 'open',
                 'broken')
    with http_server.Server(body) as server:
        held_for(120, server, server.url(), 'an endless body', 'open',
                 'nobody')


def test_unreachable():
    gone = 'http://127.0.0.1:%d/' % servers.free_port()
    expect('nobody listens', probe(gone), 'not told', 'unheard', 'onnect',
           FEW)
    expect('no such name', probe('http://no-such-host.invalid/'), 'not told',
           'unheard', 'no-such-host', FEW)
    with Raw(lambda m, h: ours()) as server:
        status, probes = probe(gone, server.url())
        tap.ok(status == 1 and [one['verdict'] for one in probes] ==
               ['not told', 'closed'], 'one of two is not there', probes)
        # an address that is no loopback by its name
        expect('plain http', probe(server.url(host='0.0.0.0')), 'closed',
               'guarded')
        expect('a name in capitals', probe(server.url(host='LOCALHOST',
                                                      scheme='HTTP')),
               'closed', 'guarded')
        expect('https where http is spoken', probe(server.url(
            scheme='https')), 'not told', 'unheard', '', FEW)
    listener = socket.socket(socket.AF_INET6)
    listener.bind(('::1', 0))
    with Raw(lambda m, h: ours()) as server:
        # the same script behind an IPv6 address
        def serve():
            while True:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                with connection:
                    if server.request(connection):
                        connection.sendall(ours())
        listener.listen(8)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        expect('IPv6', probe('http://[::1]:%d/' %
                             listener.getsockname()[1]), 'closed', 'guarded')
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(20)


def settings(folder, **values):
    path = os.path.join(folder, 'authgear.conf')
    with open(path, 'w', encoding='ascii') as file:
        file.write('[authgear]\nendpoint = http://127.0.0.1:9\n')
        for name, value in values.items():
            file.write('%s = %s\n' % (name, value))
        file.write('[policy default]\n')
    os.chmod(path, 0o644)
    return path


def test_tls():
    folder = tempfile.mkdtemp(prefix='authgear-probe-')
    try:
        made = http_server.Certificates(folder)
        config = settings(folder, ca_file=made.ca)
        with Raw(lambda m, h: ours(), http_server.context(
                made.sign('good'))) as server:
            expect('TLS by ca_file', probe(server.url(), config=config),
                   'closed', 'guarded')
            expect('TLS of nobody we know', probe(server.url()), 'not told',
                   'unheard', 'certificate', FEW)
            os.rename(made.ca, made.ca + '.gone')
            expect('TLS without the file', probe(
                server.url(), config=config), 'not told', 'unheard',
                   'certificate', FEW)
            os.rename(made.ca + '.gone', made.ca)
            expect('http where https is spoken', probe(server.url(
                scheme='http'), config=config), 'closed', 'silent')
        for name, more, word in (('expired', {'expired': True}, 'expired'),
                                 ('another', {'names': 'DNS:a.example'},
                                  'name')):
            with Raw(lambda m, h: ours(), http_server.context(
                    made.sign(name, **more))) as server:
                expect('TLS, %s certificate' % name, probe(
                    server.url(), config=config), 'not told', 'unheard',
                       word, FEW)
                tap.equal(server.requests, [], name + ': nothing was said')
        with Raw(lambda m, h: ours()) as server:
            settings(folder, cookie_prefix='p_')
            probe(server.url(), config=config)
            tap.ok(any(b'p_app_session=' in head for head in
                       server.requests), 'the cookie has our prefix')
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_usage():
    for url in ('example.com', 'ftp://a/', 'https://', 'http://a b/', '',
                'http://:80/', 'http://a:99999/', 'http://a/\n',
                'http://' + 'a' * 3000, 'http://a_b/'):
        status, out, error = run('--probe', url)
        tap.ok(status == 2 and out == '' and '--help' in error,
               'no address: %r' % url[:30], (status, out, error))
    status, out, error = run('--probe', 'https://user:hunter2@a/')
    tap.ok(status == 2 and 'user name' in error and
           'hunter2' not in out + error, 'a password is not repeated', error)
    for arguments in (('--probe',), ('http://a/',),
                      ('--probe=http://a/',), ('--check-config', 'http://a')):
        status, out, error = run(*arguments)
        tap.ok(status == 2 and out == '', 'usage: %s' % (arguments,), error)
    with Raw(lambda m, h: ours()) as server:
        status, out, error = run('--probe', server.url(), 'http://a b/')
        tap.ok(status == 2 and not server.accepted,
               'nobody is asked if one address is none', error)
        status, out, error = run('--config', '/nonexistent', '--probe',
                                 server.url())
        tap.ok(status == 0 and 'without settings: /nonexistent' in error,
               'settings that are not there are named', error)
        status, out, error = run('--probe', server.url(),
                                 '--probe', server.url('/b'), '--json')
        tap.ok(status == 0 and [one['url'] for one in json.loads(
            out)['probes']] == [server.url(), server.url('/b')],
            'the option may be repeated', out)
        with open('/dev/full', 'w') as full:
            status = subprocess.run(
                [tap.program('authgear-fcgi'), '--probe', server.url()],
                stdout=full, stdin=subprocess.DEVNULL, timeout=300,
                check=False).returncode
        tap.equal(status, 1, 'what cannot be written is not closed')


def test_table():
    with Raw(for_methods(('PROPFIND',), other(207))) as server:
        status, out, _ = run('--probe', server.url(), server.url('/b'))
    blocks = [block.splitlines() for block in out.split('\n\n')]
    tap.ok(status == 1 and len(blocks) == 2 and
           blocks[0][0] == server.url() and len(blocks[0]) == ASKINGS + 2,
           'table: a line for each, and a last one', out)
    lines = blocks[0][1:-1]
    tap.equal({line.index(word) for line in lines for word in
               (METHODS + ('NOSUCH',)) if ' %s ' % word in line}, {12},
              'table: columns')
    tap.ok(sum(line.startswith('  open      PROPFIND') for line in lines) ==
           4 and blocks[0][-1].startswith(server.url() + ': open: PROPFIND'),
           'table: verdicts', out)

    # told as it happens: the third asking hangs until the first two are read
    with Raw(lambda m, h: ours() if m == 'NOSUCH' else None) as server:
        child = subprocess.Popen(
            [tap.program('authgear-fcgi'), '--probe', server.url()],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        with child:
            first = [child.stdout.readline(), child.stdout.readline()]
            tap.ok(b'closed    NOSUCH' in first[1] and
                   child.poll() is None, 'table: each line as it comes',
                   first)
            child.kill()


def main():
    test_raw()
    test_asked()
    test_bounded()
    test_unreachable()
    test_tls()
    test_usage()
    test_table()
    tap.done()


if __name__ == '__main__':
    main()
