"""What the simulator mints against recorded tokens of a real Authgear: same
claims, same order, same types, same header; every option of /_sim/mint.
Signatures are verified here by jose.py, which shares nothing with it."""

import hashlib
import hmac
import http.client
import json
import os
import re
import time

import jose
import sim
import tap

UUID = re.compile(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z')
ROLES = 'https://authgear.com/claims/user/roles'
# Ours, the recorded ones that it has to look like.
KINDS = [('user', 'user-jwt-refreshed'), ('user', 'anonymous-jwt'),
         ('user', 'user-jwt-rotated'), ('m2m', 'm2m-jwt'),
         ('id', 'id-token')]
# Not of every login: how it was done.
SOMETIMES = ['amr']


def recorded():
    path = os.path.join(tap.SRC, 'tests/recorded/tokens.json')
    with open(path, encoding='utf-8') as file:
        return {entry['name']: entry for entry in json.load(file)}


def keys(authgear):
    """The published keys by kid."""
    connection = http.client.HTTPConnection(authgear.host, authgear.port,
                                            timeout=60)
    try:
        connection.request('GET', '/oauth2/jwks')
        listed = json.loads(connection.getresponse().read())['keys']
    finally:
        connection.close()
    return {key['kid']: key for key in listed}


def first_key(authgear):
    return next(iter(keys(authgear).values()))


def mint(authgear, **members):
    return jose.Token(authgear.token(**members))


def shape(value):
    """A type, and that of a list's members."""
    if isinstance(value, list):
        return ['list'] + sorted({type(item).__name__ for item in value})
    return type(value).__name__


def test_verifier(known):
    """jose.py itself, on tokens and keys that a real Authgear made."""
    path = os.path.join(tap.SRC, 'tests/recorded/jwks.json')
    with open(path, encoding='utf-8') as file:
        key = json.load(file)['keys'][0]
    held = jose.Token(known['user-jwt']['token'])
    tap.ok(jose.rsa_holds(held, key), 'verifier: a recorded token')
    other = jose.Token(known['user-jwt-rotated']['token'])
    tap.ok(not jose.rsa_holds(other, key), 'verifier: of another key')
    held.input += b' '
    tap.ok(not jose.rsa_holds(held, key), 'verifier: another text')
    tap.ok(not jose.pss_holds(jose.Token(known['user-jwt']['token']), key),
           'verifier: no PSS')


def test_kinds(authgear, known):
    key = first_key(authgear)
    for kind, name in KINDS:
        model = jose.Token(known[name]['token'])
        whole = authgear.mint(kind=kind, roles=['staff'])
        token = jose.Token(whole['token'])
        said = '%s as %s: ' % (kind, name)
        tap.equal(list(token.header.items()),
                  list(dict(model.header, kid=key['kid']).items()),
                  said + 'header')
        tap.equal(list(token.claims),
                  [c for c in model.claims if c not in SOMETIMES],
                  said + 'claims in their order')
        for claim, value in token.claims.items():
            wanted = model.claims[claim]
            if claim == ROLES:
                wanted = ['staff']
            tap.equal(shape(value), shape(wanted),
                      said + 'type of ' + claim)
        for claim in ('jti', 'sub'):
            if claim in token.claims and kind != 'm2m':
                tap.equal(len(token.claims[claim]),
                          len(model.claims[claim]), said + 'length of ' +
                          claim)
        tap.equal(token.claims, whole['claims'], said + 'claims as told')
        tap.equal(whole['kid'], key['kid'], said + 'kid as told')
        tap.ok(jose.rsa_holds(token, key), said + 'signature')
        tap.ok(b': ' not in token.raw_payload and
               b' ' not in token.raw_header, said + 'compact')


def test_claims(authgear):
    before = int(time.time())
    got = mint(authgear).claims
    after = int(time.time())
    tap.ok(before <= got['iat'] <= after, 'iat is now')
    tap.equal(got['exp'] - got['iat'], 300, 'lifetime unless given')
    tap.equal(got['auth_time'], got['iat'], 'auth_time')
    tap.equal(got['aud'], [authgear.origin], 'aud of a user')
    tap.equal(got['iss'], authgear.origin, 'iss')
    tap.equal(got[ROLES], [], 'roles unless given')
    tap.ok(UUID.match(got['sub']), 'sub is a UUID')
    tap.ok(re.match(r'[0-9a-f]{64}\Z', got['jti']), 'jti is 64 hex digits')
    again = mint(authgear).claims
    tap.ok(got['jti'] != again['jti'] and got['sub'] != again['sub'],
           'jti and sub are new each time')
    got = mint(authgear, kind='m2m', client_id='app').claims
    tap.equal((got['sub'], got['client_id']), ('client_id_app', 'app'),
              'm2m: sub names the client')
    got = mint(authgear, kind='m2m', resource='https://api.example').claims
    tap.equal(got['aud'], ['https://api.example'], 'm2m: resource')
    tap.equal(mint(authgear, kind='m2m', sub='x').claims['sub'], 'x',
              'm2m: sub')
    got = mint(authgear, kind='id', client_id='app', sub='u').claims
    tap.equal((got['aud'], got['sub']), (['app'], 'u'), 'id: aud, sub')
    tap.ok(jose.decode(got['sid']).startswith(b'offline_grant:'), 'id: sid')


def test_members(authgear):
    got = mint(authgear, sub='u-1', client_id='c-1', scope='a b',
               roles=['x', 'y'], lifetime=7).claims
    tap.equal((got['sub'], got['client_id'], got['scope'], got[ROLES],
               got['exp'] - got['iat']), ('u-1', 'c-1', 'a b', ['x', 'y'], 7),
              'sub, client_id, scope, roles, lifetime')
    got = mint(authgear, lifetime=-5).claims
    tap.equal(got['exp'] - got['iat'], -5, 'a lifetime that is over')
    got = mint(authgear, claims={'iss': 'https://other.example', 'new': [1],
                                 'exp': 'soon', 'sub': None}).claims
    tap.equal((got['iss'], got['new'], got['exp'], got['sub']),
              ('https://other.example', [1], 'soon', None),
              'claims added and replaced')
    got = mint(authgear, drop=['exp', 'aud', 'nothing']).claims
    tap.ok('exp' not in got and 'aud' not in got and 'iss' in got,
           'claims dropped')
    key = first_key(authgear)
    token = mint(authgear, header={'typ': 'JWT', 'crit': ['b64'], 'alg': 5},
                 drop_header=['kid'])
    tap.equal(token.header, {'alg': 5, 'typ': 'JWT', 'crit': ['b64']},
              'header changed and dropped')
    tap.ok(jose.rsa_holds(token, key), 'header changed: RS256 all the same')
    for text in ('', 'no json', '{"a":1,"a":2}', '[]', '{} {}', '\u00e9'):
        token = mint(authgear, raw_payload=text)
        tap.equal(token.raw_payload.decode('utf-8'), text,
                  'raw payload %r' % text)
        tap.ok(jose.rsa_holds(token, key), 'raw payload %r: signed' % text)


def test_clock(authgear):
    before = int(time.time())
    got = mint(authgear, clock_offset=-1000).claims
    tap.ok(before - 1000 <= got['iat'] <= time.time() - 1000,
           'clock_offset moves one token')
    authgear.clock(5000)
    got = mint(authgear, clock_offset=100).claims
    tap.ok(before + 5100 <= got['iat'] <= time.time() + 5100,
           'clock and clock_offset add up')
    authgear.rotate()
    created = first_key(authgear)['created_at']
    tap.ok(before + 5000 <= created <= time.time() + 5000,
           'clock moves created_at')
    authgear.clock(0)
    tap.ok(before <= mint(authgear).claims['iat'] <= time.time(),
           'clock set back')


def test_algorithms(authgear):
    key = first_key(authgear)
    for alg, digest in (('RS256', 'sha256'), ('RS384', 'sha384'),
                        ('RS512', 'sha512')):
        token = mint(authgear, alg=alg)
        tap.equal(token.header['alg'], alg, alg + ': header')
        tap.ok(jose.rsa_holds(token, key, digest), alg + ': signature')
    token = mint(authgear, alg='PS256')
    tap.equal(token.header['alg'], 'PS256', 'PS256: header')
    tap.ok(jose.pss_holds(token, key), 'PS256: signature')
    tap.ok(not jose.rsa_holds(token, key), 'PS256: no PKCS.1 v1.5')
    token = mint(authgear, alg='ES256')
    tap.equal((token.header['alg'], len(token.signature)), ('ES256', 64),
              'ES256: header, r and s')
    token = mint(authgear, alg='none')
    tap.equal((token.header['alg'], token.signature), ('none', b''),
              'none: no signature')
    tap.ok(token.text.endswith('.'), 'none: an empty third part')
    for form, secret in (('pem', jose.public_pem(key)),
                         ('der', jose.public_der(key)),
                         ('jwk', jose.public_jwk(key))):
        token = mint(authgear, alg='HS256-' + form)
        tap.equal(token.header['alg'], 'HS256', form + ': header')
        tap.equal(token.signature,
                  hmac.new(secret, token.input, hashlib.sha256).digest(),
                  'HS256 with the public key as ' + form)


def test_tamper(authgear):
    key = first_key(authgear)
    for part in ('signature', 'payload', 'header'):
        for _ in range(5):
            whole = authgear.mint(tamper=part)
            token = jose.Token(whole['token'])
            good = token.header['typ'] == 'at+jwt' and \
                token.header['kid'] == key['kid'] and \
                token.claims == whole['claims'] and \
                len(token.signature) == 256
            tap.ok(good and not jose.rsa_holds(token, key),
                   'tamper %s: reads well, does not hold' % part, token.text)
    for part, index in (('header', 0), ('payload', 1)):
        parts = authgear.token(tamper=part).split('.')
        data = jose.decode(parts[index])
        tap.ok(data.endswith(b'} '), 'tamper %s: a blank at its end' % part)
        parts[index] = jose.encode(data[:-1])
        tap.ok(jose.rsa_holds(jose.Token('.'.join(parts)), key),
               'tamper %s: nothing else' % part)


def test_keys(authgear):
    old = first_key(authgear)
    new = authgear.rotate()
    have = keys(authgear)
    token = mint(authgear)
    tap.equal(token.header['kid'], new, 'the first key signs')
    tap.ok(jose.rsa_holds(token, have[new]), 'and is the published one')
    token = mint(authgear, key=old['kid'])
    tap.equal(token.header['kid'], old['kid'], 'key: the one asked for')
    tap.ok(jose.rsa_holds(token, old), 'key: signs')
    tap.ok(not jose.rsa_holds(token, have[new]), 'key: and no other')
    token = mint(authgear, key=old['kid'], header={'kid': new})
    tap.ok(token.header['kid'] == new and jose.rsa_holds(token, old),
           'key: another kid in the header')
    authgear.retire(old['kid'])
    refused(authgear, 'a retired key', key=old['kid'])
    for kid in keys(authgear):
        authgear.retire(kid)
    tap.equal(keys(authgear), {}, 'all keys retired')
    refused(authgear, 'no key at all')
    authgear.rotate()
    tap.ok(jose.rsa_holds(mint(authgear), first_key(authgear)),
           'and one again')


def refused(authgear, name, **members):
    try:
        got = authgear.mint(**members)
    except RuntimeError as error:
        tap.ok('error' in str(error), name + ': refused', error)
    else:
        tap.ok(False, name + ': refused', got)


def test_refusals(authgear):
    refused(authgear, 'a kind of its own', kind='visitor')
    refused(authgear, 'an unknown key', key='nobody')
    refused(authgear, 'an unknown alg', alg='RS255')
    refused(authgear, 'no form of HS256', alg='HS256')
    refused(authgear, 'an unknown part', tamper='all')
    refused(authgear, 'less than none', count=-1)
    refused(authgear, 'too many', count=10001)


def test_many(authgear):
    key = first_key(authgear)
    began = time.monotonic()
    tokens = authgear.tokens(1000, roles=['staff'])
    spent = time.monotonic() - began
    tap.equal(len(tokens), 1000, '1000 tokens at once')
    tap.note('1000 tokens took %.2f s' % spent)
    tap.ok(spent < 60, 'within the patience of any test', spent)
    opened = [jose.Token(text) for text in tokens]
    tap.equal(len({token.claims['jti'] for token in opened}), 1000,
              'many: each jti once')
    tap.equal(len({token.claims['sub'] for token in opened}), 1000,
              'many: each sub once')
    tap.ok(all(jose.rsa_holds(token, key) for token in opened[::50]),
           'many: signed')
    tap.ok(all(token.claims[ROLES] == ['staff'] for token in opened),
           'many: as asked')
    tokens = authgear.tokens(3, sub='one', kind='m2m')
    tap.equal([jose.Token(text).claims['sub'] for text in tokens],
              ['one'] * 3, 'many: sub given')


def main():
    known = recorded()
    test_verifier(known)
    with sim.Sim() as authgear:
        test_kinds(authgear, known)
        test_claims(authgear)
        test_members(authgear)
        test_clock(authgear)
        test_algorithms(authgear)
        test_tamper(authgear)
        test_keys(authgear)
        test_refusals(authgear)
        test_many(authgear)


main()
tap.done()
