"""Tokens, good and bad, through lighttpd, nginx and Apache: whatever some
other gate let through, and sizes up to the limit that each example says."""

import base64

import checker
import tap
from checker import refused

# What the token is, how it is minted.
BAD = (
    ('expired', {'clock_offset': -4000}),
    ('not yet valid', {'claims': {'nbf': 4000000000}}),
    ('HS256 keyed with the PEM', {'alg': 'HS256-pem'}),
    ('HS256 keyed with the DER', {'alg': 'HS256-der'}),
    ('HS256 keyed with the JWK', {'alg': 'HS256-jwk'}),
    ('no signature', {'alg': 'none'}),
    ('signature changed', {'tamper': 'signature'}),
    ('payload changed', {'tamper': 'payload'}),
    ('another issuer', {'claims': {'iss': 'https://other.example'}}),
    ('another audience', {'claims': {'aud': ['https://other.example']}}),
    ('no exp', {'drop': ['exp']}),
    ('no iss', {'drop': ['iss']}),
    ('no aud', {'drop': ['aud']}),
    ('no sub', {'drop': ['sub']}),
    ('exp "never"', {'claims': {'exp': 'never'}}),
    ('exp a date in quotes', {'claims': {'exp': '4000000000'}}),
    ('exp 1e300', {'claims': {'exp': 1e300}}),
    ('unknown crit', {'header': {'crit': ['x'], 'x': 1}}),
    ('crit b64', {'header': {'crit': ['b64'], 'b64': False}}),
    ('ID token', {'kind': 'id'}),
    ('M2M that no policy names', {'kind': 'm2m', 'sub': 'client_id_x'}),
)
UNDECIDED = (('a good signature under an unknown kid',
              {'header': {'kid': 'unknown'}}),
             ('header changed, so the kid too', {'tamper': 'header'}))

# Longest header line that the example of each server says it takes.
LIMITS = {'lighttpd': 32768, 'nginx': 32768, 'nginx-module': 32768,
          'apache': 16000}
MAX_CREDENTIAL = 16384


def forgeries(world, name):
    for what, how in BAD:
        token = world.token(**how)
        for method in ('GET', 'OPTIONS'):
            refused(world, name, '%s, %s' % (what, method), (401, 403),
                    '/show.cgi', token, method=method)
    for what, how in UNDECIDED:
        refused(world, name, what, (401, 503), '/show.cgi',
                world.token(**how))
    answer = world.ask(name, '/show.cgi', world.token())
    tap.ok(answer.status == 200, '%s: a good one passes' % name, answer)


def two_credentials(world, name):
    good, other = world.token(), world.token('bob')
    refused(world, name, 'two Authorization lines', (400, 401), '/show.cgi',
            good, headers=[('Authorization', 'Bearer ' + other)])
    refused(world, name, 'a bad bearer and a good cookie', (401,),
            '/show.cgi', good + 'x',
            headers=[('Cookie', 'app_access_token=' + good)])
    for value in (good, 'bearer', 'Bearer', 'Bearer  ' + good,
                  'Bearer %s,x' % good, 'Bearer\t' + good,
                  'Basic ' + base64.b64encode(b'x:' + good.encode())
                  .decode()):
        refused(world, name, 'Authorization: %.12r...' % value, (400, 401),
                '/show.cgi', headers=[('Authorization', value)])


def another_host(world, name):
    token = world.token('alice', claims={'aud': ['https://other.example']})
    for host in ('other.example', 'OTHER.example', 'other.example.'):
        refused(world, name, 'Host: ' + host, (401, 400), '/show.cgi', token,
                headers=[('X-Forwarded-Host', host)])


def sized(world, length):
    """A good token of about this many bytes, never more."""
    small = len(world.token(claims={'filler': ''}))
    return world.token(claims={'filler': 'x' * ((length - small) * 3 // 4)})


def sizes(world, name):
    line = len('Authorization: Bearer ') + 2
    most = min(LIMITS[name] - line, MAX_CREDENTIAL)
    for length in (4000, 8000, most - 64):
        token = sized(world, length)
        answer = world.ask(name, '/page.txt', token)
        tap.ok(answer.status == 200, '%s: a token of %d bytes' % (
            name, len(token)), answer)
    for length in (MAX_CREDENTIAL + 1000, LIMITS[name] + 1000, 60000):
        refused(world, name, 'a token of %d bytes' % length,
                (400, 401, 431), '/show.cgi', sized(world, length))


with checker.World() as here:
    checker.for_each(here, [forgeries, two_credentials, another_host, sizes])
tap.done()
