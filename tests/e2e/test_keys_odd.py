"""Key sets in which some keys cannot serve, in the running daemon: the good
ones serve, a withdrawn one is out, the log names what was left out, once."""
# beside others: it mostly waits

import http.server
import json
import os
import subprocess
import threading
import time

import beside
import fastcgi
import gate
import jose
import tap

SETTINGS = {'validate': 'jwt', 'keys_ttl': '1', 'keys_cooldown': '1',
            'leeway': '0'}


class Authgear(http.server.ThreadingHTTPServer):
    """Metadata and whatever key set it is given; counts the fetches."""

    daemon_threads = True

    def __init__(self):
        self.text = b'{}'
        self.is_down = False
        self.fetches = 0
        super().__init__(('127.0.0.1', 0), Handler)
        self.url = 'http://127.0.0.1:%d' % self.server_port
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def serve(self, *keys):
        self.text = json.dumps({'keys': list(keys)}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        body = server.text
        if 'openid-configuration' in self.path:
            body = json.dumps({
                'issuer': server.url,
                'jwks_uri': server.url + '/oauth2/jwks'}).encode()
        else:
            server.fetches += 1
        self.send_response(500 if server.is_down else 200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Key:
    """An RSA key of openssl(1)."""

    def __init__(self, folder, kid, bits=2048):
        self.kid = kid
        self.path = os.path.join(folder, kid + '.pem')
        self.run('genrsa', '-traditional', '-out', self.path, str(bits))
        modulus = self.run('rsa', '-in', self.path, '-noout', '-modulus')
        digits = modulus.decode().strip().split('=')[1]
        self.jwk = {'kty': 'RSA', 'kid': kid, 'alg': 'RS256', 'use': 'sig',
                    'n': jose.encode(bytes.fromhex(digits)), 'e': 'AQAB'}

    @staticmethod
    def run(*arguments, data=None):
        return subprocess.run(('openssl',) + arguments, input=data,
                              stdout=subprocess.PIPE, check=True,
                              stderr=subprocess.DEVNULL).stdout

    def token(self, issuer, age=100):
        now = int(time.time())
        head = {'alg': 'RS256', 'typ': 'at+jwt', 'kid': self.kid}
        claims = {'iss': issuer, 'aud': [issuer], 'sub': 'ann',
                  'client_id': 'portal', 'jti': os.urandom(8).hex(),
                  'iat': now - age, 'exp': now + 3000,
                  'https://authgear.com/claims/user/is_anonymous': False,
                  'https://authgear.com/claims/user/is_verified': True,
                  'https://authgear.com/claims/user/can_reauthenticate':
                  True}
        parts = [jose.encode(json.dumps(part).encode())
                 for part in (head, claims)]
        text = '.'.join(parts)
        return text + '.' + jose.encode(self.run(
            'dgst', '-sha256', '-sign', self.path, data=text.encode()))


def ask(daemon, token):
    answer = fastcgi.ask(daemon.path, {
        'AUTHGEAR_POLICY': 'default',
        'HTTP_AUTHORIZATION': 'Bearer ' + token}, timeout=40)
    if answer is None:
        return 0, 'no answer'
    return answer.status, answer.headers.get('x-authgear-reason', 'granted')


def fetched(authgear):
    """Until what is served now was fetched, twice to be sure."""
    before = authgear.fetches
    gate.until(lambda: authgear.fetches >= before + 2, 'two fetches')
    time.sleep(0.2)             # it was sent; now it is stored


def shapes(good, weak, other):
    """What stood beside a good key when real set-ups were tried."""
    odd = dict(other.jwk, kid='odd')
    yield 'EC', {'kty': 'EC', 'crv': 'P-256', 'kid': 'odd', 'x': 'AA',
                 'y': 'AA'}, 'kty'
    yield 'OKP', {'kty': 'OKP', 'crv': 'Ed25519', 'kid': 'odd',
                  'x': 'AA'}, 'kty'
    yield '1024 bits', dict(weak.jwk, kid='odd'), '2048 bits'
    yield 'no kid', {k: v for k, v in odd.items() if k != 'kid'}, 'kid'
    yield 'kid null', dict(odd, kid=None), 'kid'
    yield 'kid 300 bytes', dict(odd, kid='k' * 300), 'kid'
    yield 'alg null', dict(odd, alg=None), 'malformed'
    yield 'padding', dict(odd, n=odd['n'] + '=='), 'its n'
    yield 'zeros', dict(odd, n='AAAA' + odd['n']), 'its n'
    yield 'no n', {k: v for k, v in odd.items() if k != 'n'}, 'its n'
    yield 'null', None, 'object'
    yield '{}', {}, 'kty'
    yield 'oct', {'kty': 'oct', 'kid': 'odd', 'k': 'AAAA'}, 'private'
    yield 'EC with d', {'kty': 'EC', 'kid': 'odd', 'd': 'AA'}, 'private'
    yield 'RSA with d', dict(odd, d='AA'), 'private'
    yield 'DSA', {'kty': 'DSA', 'kid': 'odd', 'p': 'AA', 'q': 'AA'}, 'kty'


def test_shapes(site, authgear, good, weak, other):
    authgear.serve(good.jwk)
    with site.daemon('shapes') as daemon:
        daemon.wait_for('keys fetched')
        token = good.token(authgear.url)
        for name, jwk, cause in shapes(good, weak, other):
            authgear.serve(jwk, good.jwk)
            gate.until(lambda: 'left out: ' in daemon.log() and cause in
                       daemon.log().split('left out: ')[-1], name)
            tap.equal(ask(daemon, token), (200, 'granted'),
                      'beside %s: the good key serves' % name)
        before = daemon.log().count('left out')
        fetched(authgear)
        tap.equal(daemon.log().count('left out'), before,
                  'each change is told once, not each fetch')
        authgear.serve(good.jwk, good.jwk)
        fetched(authgear)
        tap.equal(ask(daemon, token)[0], 200, 'the same key twice is one')


def test_left_out(site, authgear, good, weak, other):
    authgear.serve(good.jwk, weak.jwk)
    token = weak.token(authgear.url)
    with site.daemon('left-out') as daemon:
        daemon.wait_for('keys fetched')
        tap.equal(ask(daemon, token), (503, 'key-unusable'),
                  'a kid that was left out')
        gate.until(lambda: 'key weak is left out' in daemon.log(), 'the log')
        gate.until(lambda: 'reason=key-unusable' in daemon.log() and
                   'detail="key weak is left out: it is weak' in
                   daemon.log(), 'the line of the decision')
        tap.ok(True, 'the log names kid and cause')
        authgear.serve(good.jwk, dict(other.jwk, kid='good'))
        fetched(authgear)
        tap.equal(ask(daemon, good.token(authgear.url)),
                  (503, 'keys-unreachable'),
                  'two different keys of one kid, and no other')
        authgear.serve(good.jwk, dict(other.jwk, kid='good'), other.jwk)
        fetched(authgear)
        tap.equal(ask(daemon, good.token(authgear.url)),
                  (503, 'key-unusable'), 'and beside another')
        authgear.serve(good.jwk)
        fetched(authgear)
        tap.equal(ask(daemon, good.token(authgear.url))[0], 200,
                  'mended: it serves')


def test_withdrawn(site, authgear, good, weak, other):
    token = good.token(authgear.url)
    authgear.serve(good.jwk)
    with site.daemon('withdrawn') as daemon:
        daemon.wait_for('keys fetched')
        gate.until(lambda: ask(daemon, token)[0] == 200, 'a grant')
        for text in (b'{"keys":[]}', b'{"keys":[null]}', b'{}', b'[]', b''):
            authgear.text = text
            fetched(authgear)
            tap.equal(ask(daemon, token)[0], 200,
                      'no key set changes nothing: %r' % text)
        authgear.serve(weak.jwk, other.jwk)
        fetched(authgear)
        tap.equal(ask(daemon, token), (401, 'unknown-key'),
                  'a withdrawn key is out, a bad one beside')
        authgear.serve(good.jwk)
        gate.until(lambda: ask(daemon, token)[0] == 200, 'a grant again')
        authgear.serve(dict(good.jwk, d='AAAA'))
        gate.until(lambda: ask(daemon, token)[0] != 200, 'the next fetch')
        tap.equal(ask(daemon, token), (503, 'keys-unreachable'),
                  'published with its private half: out')
        gate.until(lambda: 'names no usable key' in daemon.log(), 'the log')
        tap.ok('key good is left out: its private half' in daemon.log(),
               'the log names it')
        daemon.stop()
    authgear.is_down = True
    with site.daemon('again') as daemon:
        daemon.wait_for('keys not fetched')
        tap.equal(ask(daemon, token), (503, 'keys-unreachable'),
                  'a restart without Authgear says the same')
        gate.until(lambda: 'names no usable key' in daemon.log(), 'the log')
    authgear.is_down = False


def alone(test):
    with Authgear() as authgear, gate.Site(SETTINGS, sim=False,
                                           endpoint=authgear.url) as site:
        test(site, authgear, Key(site.folder, 'good'),
             Key(site.folder, 'weak', 1024), Key(site.folder, 'other'))
        authgear.shutdown()


def main():
    beside.run(*[(test.__name__, alone, test) for test in (
        test_shapes, test_left_out, test_withdrawn)])
    tap.done()


if __name__ == '__main__':
    main()
