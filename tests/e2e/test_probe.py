"""authgear-fcgi --probe: is an address closed to strangers? Against the three
servers, up and down, and against servers that are up to something."""

import json
import socket
import subprocess
import threading

import checker
import servers
import tap

SETTINGS = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE,
            'stderr': subprocess.STDOUT, 'timeout': 300}


def probe(*arguments, config='/nonexistent'):
    run = subprocess.run([tap.program('authgear-fcgi'), '--config', config,
                          '--probe'] + list(arguments), check=False,
                         **SETTINGS)
    return run.returncode, run.stdout.decode(errors='replace')


def ask(*urls, config='/nonexistent'):
    """(exit status, the probes of --json)"""
    run = subprocess.run([tap.program('authgear-fcgi'), '--config', config,
                          '--json', '--probe'] + list(urls), check=False,
                         **SETTINGS)
    try:
        return run.returncode, json.loads(run.stdout)['probes']
    except ValueError:
        return run.returncode, [{'verdict': run.stdout, 'cause': '',
                                 'askings': []}]


class Raw:
    """A server of one sentence: answer(request) gives bytes, None to close
    or 'hang'."""

    def __init__(self, answer):
        self.answer, self.over = answer, threading.Event()
        self.asked = []
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.url = 'http://127.0.0.1:%d/x' % self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,),
                             daemon=True).start()

    def _serve(self, peer):
        with peer:
            data = b''
            while b'\r\n\r\n' not in data:
                more = peer.recv(65536)
                if not more:
                    return
                data += more
            self.asked.append(data.decode('latin-1'))
            answer = self.answer(data.decode('latin-1'))
            try:
                if answer == 'hang':
                    self.over.wait(100)
                elif answer == 'endless':
                    while not self.over.is_set():
                        peer.sendall(b'X-More: ' + b'x' * 60000 + b'\r\n')
                elif answer is not None:
                    peer.sendall(answer)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        self.socket.close()


_ids = iter(range(1, 1 << 30))


def reply(status, fresh=True, more=''):
    """Ours: with a request id, of its own or always the same."""
    number = next(_ids) if fresh else 7
    return ('HTTP/1.1 %d X\r\nX-Authgear-Request-Id: %016x\r\n'
            'X-Authgear-Reason: no-credential\r\n%sContent-Length: 0\r\n'
            'Connection: close\r\n\r\n' % (status, number, more)).encode()


def other(status, more='', body=''):
    return ('HTTP/1.1 %d X\r\n%sContent-Length: %d\r\nConnection: close\r\n'
            '\r\n%s' % (status, more, len(body), body)).encode()


def method(request):
    return request.split(' ', 1)[0]


CASES = [
    ('a refusal of ours', lambda r: reply(401), 'closed', 'gets nothing'),
    ('503 of ours', lambda r: reply(503), 'closed', ''),
    ('a login redirect', lambda r: reply(302, more='Location: /l\r\n'),
     'closed', ''),
    ('closed without a word', lambda r: None, 'closed', ''),
    ('TRACE answered by the server', lambda r: other(405) if
     method(r) == 'TRACE' else reply(401), 'closed', ''),
    ('405 as for an unknown method', lambda r: reply(401) if
     method(r) in ('GET', 'HEAD', 'OPTIONS') else other(405), 'closed', ''),
    ('501 as for an unknown method', lambda r: reply(401) if
     method(r) in ('GET', 'HEAD', 'OPTIONS') else other(501), 'closed', ''),
    ('405 of an application', lambda r: other(405) if method(r) ==
     'PROPFIND' else reply(401), 'open', 'PROPFIND'),
    ('the page', lambda r: other(200, body='hello'), 'open',
     'Nobody is asked'),
    ('the page with an id', lambda r: reply(200), 'open', ''),
    ('PROPFIND', lambda r: other(207) if method(r) == 'PROPFIND' else
     reply(401), 'open', 'WebDAV'),
    ('TRACE that echoes', lambda r: other(200) if method(r) == 'TRACE' else
     reply(401), 'open', 'TRACE'),
    ('OPTIONS alone', lambda r: other(204) if method(r) == 'OPTIONS' else
     reply(401), 'open', 'OPTIONS'),
    ('forged identity believed', lambda r: other(200) if 'X-Authgear' in r
     else reply(401), 'open', 'claims is believed'),
    ('pass', lambda r: reply(401) if 'Authorization' in r or
     'X-Authgear' in r or 'Cookie' in r else other(200), 'open',
     'unauthenticated = pass'),
    ('a stored refusal', lambda r: reply(401, fresh=False), 'open', 'cache'),
    ('another 401', lambda r: other(401), 'open', 'Something else'),
    ('another 403', lambda r: other(403), 'open', 'Something else'),
    ('404', lambda r: other(404), 'open', 'nothing at this'),
    ('a redirect', lambda r: other(301, 'Location: https://a.example/\r\n'),
     'open', 'https://a.example/'),
    ('an id of another form', lambda r: other(
        401, 'X-Authgear-Request-Id: 12345\r\n'), 'open', ''),
    ('500', lambda r: other(500), 'not told', 'is the daemon up'),
    ('502', lambda r: other(502), 'not told', 'is the daemon up'),
    ('garbage', lambda r: b'hello\r\n\r\n', 'not told', ''),
    ('half a head', lambda r: b'HTTP/1.1 200 OK\r\nA: b\r\n', 'not told',
     ''),
    ('one page among refusals', lambda r: other(200) if method(r) == 'GET'
     and 'Cookie' in r else reply(401), 'open', 'GET'),
    ('a huge body', lambda r: other(200, body='x' * 300000), 'open', ''),
]


def test_raw():
    for name, answer, verdict, words in CASES:
        with Raw(answer) as server:
            status, probes = ask(server.url)
            got = probes[0]
            tap.ok(status == (0 if verdict == 'closed' else 1) and
                   got['verdict'] == verdict and words in got['cause'] and
                   len(got['askings']) == 20, '%s is %s' % (name, verdict),
                   (status, got))
            tap.ok(len(server.asked) <= 21, name + ': not many askings',
                   len(server.asked))
    with Raw(lambda r: reply(401)) as server:
        ask(server.url + '?a=%20b')
        seen = {(method(r), 'Authorization:' in r, 'Cookie:' in r,
                 'X-Authgear-User-Id:' in r) for r in server.asked}
        tap.ok(all((m, a, c, f) in seen for m in
                   ('GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'TRACE')
                   for a, c, f in ((0, 0, 0), (1, 0, 0), (0, 1, 0),
                                   (0, 0, 1))) and
               all(' /x?a=%20b HTTP' in r for r in server.asked) and
               any('X_Authgear_User_Id:' in r and 'Remote-User:' in r
                   for r in server.asked), 'what is asked', sorted(seen))


def test_bounded():
    for name in ('hang', 'endless'):
        with Raw(lambda r: name if method(r) == 'GET' else
                 reply(401)) as server:
            status, probes = ask(server.url)
            tap.ok(status == 1 and probes[0]['verdict'] == 'not told',
                   name + ' is not told', probes[0])
    gone = 'http://127.0.0.1:%d/' % servers.free_port()
    status, probes = ask(gone, 'http://no-such-host.invalid/')
    tap.ok(status == 1 and [p['verdict'] for p in probes] ==
           ['not told'] * 2 and 'cannot be reached' in probes[0]['cause'] and
           'onnect' in probes[0]['askings'][0]['why'],
           'nobody there, no such name', probes)


def test_usage():
    for url in ('example.com', 'ftp://a/', 'https://', 'http://a b/',
                'http://user:secret@a/', 'http://a/#x', 'http://:80/', '',
                'http://a/"', 'http://a/\n', 'http://' + 'a' * 3000):
        status, text = probe(url)
        tap.ok(status == 2 and '--help' in text, 'no address: %r' %
               url[:30], (status, text))
    status, text = probe()
    tap.ok(status == 2 and 'which address' in text, 'no address at all',
           text)
    with Raw(lambda r: reply(401)) as server:
        status, text = probe(server.url, 'http://a b/')
        tap.ok(status == 2 and not server.asked,
               'nobody is asked if one of them is none', text)
        status, text = probe(server.url, server.url)
        tap.ok(status == 0 and text.count('GET') == 8 and
               text.count('closed: ') == 2, 'as a table', text)


def test_servers():
    with checker.World() as world:
        for name in world.names:
            base = 'http://127.0.0.1:%d' % world.servers[name].port
            status, probes = ask(base + '/page.txt', base + '/show.cgi',
                                 base + '/app/show', base + '/admin/',
                                 config=world.config)
            tap.ok(status == 0 and [p['verdict'] for p in probes] ==
                   ['closed'] * 4, name + ': closed', [
                       (p['verdict'], p['cause'], [
                           a for a in p['askings'] if a['verdict'] !=
                           'closed']) for p in probes])
            status, probes = ask(base + '/public/page.txt')
            tap.ok(status == 1 and probes[0]['verdict'] == 'open',
                   name + ': a public page is open', probes)
        world.stop_daemon()
        for name in world.names:
            base = 'http://127.0.0.1:%d' % world.servers[name].port
            status, probes = ask(base + '/page.txt')
            tap.ok(status == 1 and probes[0]['verdict'] == 'not told' and
                   'daemon' in probes[0]['cause'],
                   name + ': not told without the daemon', probes)
    with checker.World(names=('nginx', 'lighttpd'),
                       rules='\nunauthenticated = pass') as world:
        for name in world.names:
            status, probes = ask('http://127.0.0.1:%d/page.txt' %
                                 world.servers[name].port,
                                 config=world.config)
            tap.ok(status == 1 and probes[0]['verdict'] == 'open' and
                   'policy default' in probes[0]['cause'] and
                   'unauthenticated = pass' in probes[0]['cause'],
                   name + ': pass is named', probes)


def main():
    test_raw()
    test_bounded()
    test_usage()
    test_servers()
    tap.done()


main()
