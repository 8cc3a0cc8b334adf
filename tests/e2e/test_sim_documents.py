"""The simulator's documents against the recorded ones of a real Authgear:
same members, same order, same types, same headers; rotation, counts, TLS,
and what it does with options it cannot use."""

import http.client
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import time

import sim
import tap

RECORDED = os.path.join(tap.SRC, 'tests/recorded')
DISCOVERY = '/.well-known/openid-configuration'
OAUTH = '/.well-known/oauth-authorization-server'
JWKS = '/oauth2/jwks'
HOME = tempfile.mkdtemp(prefix='authgear-sim-')

# What a real Authgear sent with its key set.
HEADERS = ['Access-Control-Allow-Origin', 'Access-Control-Max-Age',
           'Content-Security-Policy', 'Content-Type', 'Permissions-Policy',
           'Set-Cookie', 'Vary', 'X-Content-Type-Options', 'X-Frame-Options',
           'X-Robots-Tag', 'Date', 'Content-Length']
EXACT = {'Access-Control-Allow-Origin': '*', 'Vary': 'User-Agent',
         'Content-Type': 'application/json', 'X-Frame-Options': 'DENY',
         'X-Content-Type-Options': 'nosniff',
         'X-Robots-Tag': 'noindex, nofollow',
         'Access-Control-Max-Age': '900'}
ABSENT = ['Cache-Control', 'ETag', 'Expires', 'Last-Modified']


def recorded(name):
    with open(os.path.join(RECORDED, name), encoding='utf-8') as file:
        return json.load(file)


def fetch(authgear, path, method='GET', body=None, context=None):
    """(answer, body)"""
    if authgear.url.startswith('https:'):
        connection = http.client.HTTPSConnection(
            authgear.host, authgear.port, timeout=60, context=context)
    else:
        connection = http.client.HTTPConnection(authgear.host, authgear.port,
                                                timeout=60)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def document(authgear, path):
    return json.loads(fetch(authgear, path)[1])


def moved(value, old, new):
    """A document with one origin in the place of another."""
    return json.loads(json.dumps(value).replace(old, new))


def test_metadata(authgear):
    wanted = recorded('discovery.json')
    answer, body = fetch(authgear, DISCOVERY)
    got = json.loads(body)
    tap.equal(list(got), list(wanted), 'metadata: members in their order')
    tap.equal(got, moved(wanted, wanted['issuer'], authgear.origin),
              'metadata: values, but for the origin')
    tap.equal(got['issuer'], authgear.url, 'metadata: issuer is its URL')
    tap.equal(fetch(authgear, OAUTH)[1], body, 'both documents are one')
    tap.ok(body.endswith(b'}\n') and b'\n' not in body[:-1],
           'metadata: one line')
    tap.equal(answer.getheader('Content-Type'), 'application/json',
              'metadata: type')


def test_headers(authgear):
    for path in (DISCOVERY, JWKS):
        answer = fetch(authgear, path)[0]
        have = {name.lower() for name, _ in answer.getheaders()}
        tap.equal([name for name in HEADERS if name.lower() not in have], [],
                  '%s: no header is missing' % path)
        for name, value in EXACT.items():
            tap.equal(answer.getheader(name), value,
                      '%s: %s' % (path, name))
        tap.equal([name for name in ABSENT if name.lower() in have], [],
                  '%s: nothing about caching' % path)


def test_jwks(authgear):
    wanted = recorded('jwks.json')
    got = document(authgear, JWKS)
    tap.equal(list(got), list(wanted), 'key set: members')
    tap.equal(len(got['keys']), 1, 'key set: one key at first')
    key, model = got['keys'][0], wanted['keys'][0]
    tap.equal(list(key), list(model), 'key: members in their order')
    tap.equal([type(v) for v in key.values()],
              [type(v) for v in model.values()], 'key: types')
    for member in ('alg', 'e', 'kty', 'use'):
        tap.equal(key[member], model[member], 'key: ' + member)
    for member in ('kid', 'n'):
        tap.equal(len(key[member]), len(model[member]),
                  'key: length of ' + member)
        tap.ok(key[member] != model[member], 'key: %s is its own' % member)


def test_rotation(authgear):
    first = document(authgear, JWKS)['keys'][0]
    second = authgear.rotate()
    kids = [key['kid'] for key in document(authgear, JWKS)['keys']]
    tap.equal(kids, [second, first['kid']], 'rotate: new first, old kept')
    shape = recorded('jwks-rotated.json')
    tap.equal([list(key) for key in document(authgear, JWKS)['keys']],
              [list(key) for key in shape['keys']],
              'rotate: as the recorded set with two keys')
    tap.equal(document(authgear, JWKS)['keys'][1], first,
              'rotate: the old key is as it was')
    authgear.retire(first['kid'])
    kids = [key['kid'] for key in document(authgear, JWKS)['keys']]
    tap.equal(kids, [second], 'retire: the old one is gone')
    third = authgear.rotate(keep=False)
    kids = [key['kid'] for key in document(authgear, JWKS)['keys']]
    tap.equal(kids, [third], 'rotate without keep: the new one alone')
    tap.ok(len({first['kid'], second, third}) == 3, 'three different kids')
    refused('retire: an unknown kid', authgear.retire, 'nobody')
    refused('retire: one that is gone', authgear.retire, second)
    for _ in range(17):
        last = authgear.rotate()
    keys = document(authgear, JWKS)['keys']
    tap.ok(len(keys) == 16 and keys[0]['kid'] == last,
           'rotate: 16 keys at most')
    tap.equal(len({key['n'] for key in keys}), 16, 'rotate: new moduli')
    authgear.rotate(keep=False)


def refused(name, function, *arguments, **members):
    try:
        got = function(*arguments, **members)
    except RuntimeError as error:
        tap.ok('error' in str(error), name + ' is refused', error)
    else:
        tap.ok(False, name + ' is refused', got)


def test_methods(authgear):
    table = [
        ('GET', '/', 404), ('GET', '/oauth2', 404),
        ('GET', '/oauth2/jwks/', 404), ('GET', '/oauth2/end_session', 404),
        ('POST', '/oauth2/token', 404), ('GET', '/_resolver', 404),
        ('HEAD', JWKS, 405), ('POST', JWKS, 405), ('PUT', JWKS, 405),
        ('HEAD', DISCOVERY, 405), ('DELETE', OAUTH, 405),
        ('GET', JWKS + '?x=1', 200), ('GET', '/_sim/nothing', 404),
        ('GET', '/_sim/', 404), ('GET', '/_sim', 404),
    ]
    for method, path, status in table:
        tap.equal(fetch(authgear, path, method)[0].status, status,
                  '%s %s' % (method, path))
    for body in ('[]', '{', '"text"', 'null', '\x00'):
        tap.equal(fetch(authgear, '/_sim/mint', 'POST', body)[0].status, 400,
                  'control: body %r' % body)


def test_counts(authgear):
    authgear.reset_counts()
    tap.equal(authgear.counts(), {'connections': 0}, 'counts: none')
    for _ in range(3):
        fetch(authgear, JWKS)
    fetch(authgear, '/nowhere')
    fetch(authgear, JWKS, 'HEAD')
    tap.equal(authgear.counts(),
              {JWKS: 4, '/nowhere': 1, 'connections': 5},
              'counts: by path, and connections')
    seen = authgear.requests()
    tap.equal([(r['method'], r['path']) for r in seen],
              [('GET', JWKS)] * 3 + [('GET', '/nowhere'), ('HEAD', JWKS)],
              'requests: in their order')
    tap.equal(seen[0]['headers'].get('Host'),
              '%s:%d' % (authgear.host, authgear.port),
              'requests: with their headers')
    connection = http.client.HTTPConnection(authgear.host, authgear.port,
                                            timeout=60)
    for number in range(203):
        connection.request('GET', '/n/%d' % number)
        connection.getresponse().read()
    connection.close()
    seen = authgear.requests()
    tap.ok(len(seen) == 200 and seen[-1]['path'] == '/n/202' and
           seen[0]['path'] == '/n/3', 'requests: the last 200')
    tap.equal(authgear.counts()['connections'], 6,
              'counts: a kept connection counts once')
    authgear.reset_counts()
    tap.equal(authgear.requests(), [], 'requests: forgotten')


def make_certificate():
    cert, key = os.path.join(HOME, 'cert.pem'), os.path.join(HOME, 'key.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048',
                    '-nodes', '-days', '2', '-subj', '/CN=localhost',
                    '-addext', 'subjectAltName=IP:127.0.0.1',
                    '-keyout', key, '-out', cert], check=True,
                   env=dict(os.environ, HOME=HOME, RANDFILE=HOME + '/rnd'),
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=120)
    return cert, key


def test_tls():
    if shutil.which('openssl') is None:
        tap.skip('https', 'no openssl program')
        return
    cert, key = make_certificate()
    context = ssl.create_default_context(cafile=cert)
    with sim.Sim(tls=(cert, key)) as authgear:
        tap.ok(authgear.url.startswith('https://127.0.0.1:'), 'https: URL')
        answer, body = fetch(authgear, DISCOVERY, context=context)
        tap.equal(answer.status, 200, 'https: verified by its certificate')
        tap.equal(json.loads(body)['issuer'], authgear.url, 'https: issuer')
        tap.ok(authgear.token().count('.') == 2, 'https: control')
        authgear.fault('status', JWKS, status=503, count=1)
        tap.equal(fetch(authgear, JWKS, context=context)[0].status, 503,
                  'https: a fault')
        authgear.fault('drop', JWKS, count=1)
        try:
            fetch(authgear, JWKS, context=context)
            tap.ok(False, 'https: dropped')
        except (OSError, http.client.HTTPException):
            tap.ok(True, 'https: dropped')
        for fault in ('drip', 'bad-status-line', 'cut-head', 'cut-body',
                      'double-length'):
            refused('https: ' + fault, authgear.fault, fault, JWKS)


def test_options():
    program = tap.program('tests/sim/authgear-sim')
    table = [
        (['--nonsense'], 2), (['operand'], 2), (['--tls-cert', '/x'], 2),
        (['--tls-key', '/x'], 2), (['--listen', 'localhost:0'], 2),
        (['--listen', '127.0.0.1'], 2), (['--listen', '127.0.0.1:70000'], 2),
        (['--listen', '127.0.0.1:1x'], 2), (['--listen', '[::1]:0'], 2),
        (['--tls-cert', HOME + '/no', '--tls-key', HOME + '/no'], 1),
        (['--ready-file', HOME + '/no/file'], 1),
        (['--help'], 0),
    ]
    for options, status in table:
        run = subprocess.run([program] + options, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             timeout=60, check=False)
        tap.equal(run.returncode, status, 'exit status: %s' % options[0])
        tap.ok(bool(run.stdout) == (status == 0) and
               bool(run.stderr) == (status != 0),
               'said where it belongs: %s' % options[0],
               run.stdout + run.stderr)


def test_help():
    run = subprocess.run([tap.program('tests/sim/authgear-sim'), '--help'],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         timeout=60, check=True)
    text = run.stdout.decode('ascii')
    tap.ok(all(len(line) < 80 for line in text.splitlines()),
           'help: fits a terminal')


def test_origin_and_ready_file():
    ready = os.path.join(HOME, 'ready')
    with sim.Sim(origin='https://auth.example',
                 arguments=['--ready-file', ready]) as authgear:
        with open(ready, encoding='ascii') as file:
            tap.equal(file.read(), authgear.url + '\n', 'ready file')
        got = document(authgear, DISCOVERY)
        tap.equal(got['issuer'], 'https://auth.example', 'public origin')
        tap.equal(got['jwks_uri'], 'https://auth.example' + JWKS,
                  'public origin: key set')
        claims = authgear.mint()['claims']
        tap.equal((claims['iss'], claims['aud']),
                  ('https://auth.example', ['https://auth.example']),
                  'public origin: claims')
        began = time.monotonic()
        tap.equal(authgear.stop(), 0, 'ends with SIGTERM, status 0')
        tap.note('ended after %.2f s' % (time.monotonic() - began))


def main():
    with sim.Sim() as authgear:
        test_metadata(authgear)
        test_headers(authgear)
        test_jwks(authgear)
        test_rotation(authgear)
        test_methods(authgear)
        test_counts(authgear)
    test_tls()
    test_options()
    test_help()
    test_origin_and_ready_file()


try:
    main()
finally:
    shutil.rmtree(HOME, ignore_errors=True)
tap.done()
