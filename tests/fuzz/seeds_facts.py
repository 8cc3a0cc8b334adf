"""Seeds of the targets that read facts: keys, tokens, Authgear's answers."""

import base64
import json

OPAQUE = 'K7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu'
SESSION = '1b4e28ba-2fa1-41d2-883f-0016d3cca427.' + OPAQUE


def number(value):
    text = value.to_bytes((value.bit_length() + 7) // 8, 'big')
    return base64.urlsafe_b64encode(text).rstrip(b'=').decode()


def keys(recorded):
    """A key set around one good key, the key spoilt in every way."""
    good = json.loads(recorded('jwks.json'))['keys'][0]
    modulus = base64.urlsafe_b64decode(good['n'] + '==')
    value = int.from_bytes(modulus, 'big')
    spoilt = [
        {}, {'kid': ''}, {'kid': 'x' * 256}, {'kid': 7}, {'kid': 'a\x01'},
        {'alg': 'RS512'}, {'alg': 7}, {'use': 'enc'}, {'use': None},
        {'key_ops': ['verify']}, {'key_ops': ['sign']}, {'key_ops': 'verify'},
        {'key_ops': [7]}, {'kty': 'EC'}, {'kty': 'OKP', 'd': 'AQ'},
        {'kty': 7}, {'kty': 'AKP', 'priv': 'AQ'}, {'d': 'AQ'}, {'n': 'AQAB'},
        {'n': ''}, {'n': '=='}, {'n': 7}, {'n': 'AA' + good['n']},
        {'n': number(value + 1)}, {'n': number(value << 6200 | 1)},
        {'n': number(65537 ** 128)}, {'e': 'AQ'}, {'e': 'AAEAAQ'},
        {'e': 'AgA'}, {'e': 'AQABAQABAQABAQAB'}, {'e': None},
        {'n': number(value + 2)},
    ]
    sets = [recorded(name) for name in (
        'jwks.json', 'jwks-rotated.json', 'jwks-retired.json',
        'discovery.json')]
    for change in spoilt:
        bad = dict(good, kid='k')
        bad.update(change)
        sets.append(json.dumps({'keys': [bad]}))
        sets.append(json.dumps({'keys': [dict(good, kid='k'), bad]}))
    for keys_ in ([], [7], [{}], 7, [good, good], [good] * 5):
        sets.append(json.dumps({'keys': keys_}))
    sets.append(json.dumps({'keys': [7] * 1001}))
    sets += ['', '{', '[]', '{"keys":[],"keys":[]}', '{"keys":"x"}']
    return sets + metadata()


def metadata():
    endpoint = 'https://a.example'
    good = {'issuer': endpoint, 'jwks_uri': endpoint + '/k',
            'authorization_endpoint': endpoint + '/a'}
    changes = [
        {}, {'issuer': 7}, {'issuer': 'https://b.example'}, {'jwks_uri': 7},
        {'jwks_uri': 'https://b.example/k'}, {'jwks_uri': endpoint + '/#'},
        {'jwks_uri': endpoint + '/ '}, {'authorization_endpoint': 7},
        {'authorization_endpoint': 'a b'}, {'authorization_endpoint': None},
    ]
    return [json.dumps(dict(good, **change)) for change in changes] + [
        json.dumps({'issuer': endpoint, 'jwks_uri': endpoint + '/k'})]


def claims(recorded):
    """Claims as Authgear wrote them, and each of them spoilt."""
    tokens = json.loads(recorded('tokens.json'))
    good = next(token['claims'] for token in tokens
                if token.get('claims') and token['claims'].get('auth_time'))
    good = dict(good, amr=['pwd', 'otp'], nbf=good['iat'])
    bad = [good]
    for name in sorted(good):
        for value in (None, 7, -1, '', 'a b', 'a\x01', [], ['a', 'b'], ['a,b'],
                      [7], [''], ['x'] * 300, 'x' * 2100, 'w ' * 300, True,
                      1.5, 10 ** 19):
            bad.append(dict(good, **{name: value}))
        bad.append({key: value for key, value in good.items()
                    if key != name})
    bad.append(dict(good, sub='client_id_app'))
    return [json.dumps(value) for value in bad]


def tokens(recorded):
    texts = [token['token'] for token in json.loads(recorded('tokens.json'))]
    jwts = [text for text in texts if text.count('.') == 2]
    good = jwts[0]
    head = {'alg': 'RS256', 'kid': 'k', 'typ': 'at+jwt'}
    heads = [dict(head, **change) for change in (
        {}, {'alg': 'none'}, {'alg': 7}, {'typ': 'JWT'}, {'kid': ''},
        {'kid': 'x' * 256}, {'crit': ['b64']}, {'b64': False},
        {'typ': 'application/AT+JWT'})]
    seeds = texts + [good[:-4], good[:-300], good.split('.')[0], 'eyJ.',
                     good[:-1] + '!', good.replace('.', '..', 1), 'x', '',
                     good + 'A' * 1200, good[:-2] + 'AA', 'e$J.x']
    every = claims(recorded)
    seeds += [json.dumps(value) + '\0' + every[0] for value in heads]
    seeds += ['{}\0' + every[0], '\0', json.dumps(head) + '\0{']
    return seeds + [json.dumps(head) + '\0' + text for text in every]


# the first byte of a line picks the header, in the target's order
VALID, WHO, ROLES, AMR, ANONYMOUS, VERIFIED, AGAIN, TIME, OTHER, RETRY = (
    'FGHIJKLMNO')


def answers():
    live = [VALID + 'true', WHO + 'user-1']
    rest = [ROLES + 'admin,editor', AMR + 'pwd otp', ANONYMOUS + 'false',
            VERIFIED + 'true', AGAIN + 'true', TIME + '1795436083']
    heads = [
        live, live + rest, [VALID + 'false'], [], [VALID + 'yes'],
        [VALID + 'true'], [VALID + 'false', WHO + 'x'], live + live,
        [VALID + 'false', ROLES + 'a'], [OTHER + 'x'],
        [VALID + 'true', WHO], [VALID + 'true', WHO + 'x' * 300],
        [VALID + 'true', WHO + 'a b'], [VALID],
        live + [AMR], live + [AMR + 'a  b'], live + [AMR + 'x' * 101],
        live + [ROLES], live + [ROLES + 'a,,b'], live + [ROLES + 'a b'],
        live + [ROLES + ','.join(['r'] * 257)],
        live + [ROLES + 'x' * 101], live + [VERIFIED + 'maybe'],
        live + [ANONYMOUS + '1'], live + [AGAIN], live + [TIME],
        live + [TIME + '-1'], live + [TIME + '1x'],
        live + [TIME + '9' * 19], live + [TIME + '0'],
    ]
    seeds = ['\0\0' + '\n'.join(head) for head in heads]
    for outcome in '\xfa\xfb\xfc\xfd\xfe\xff':
        seeds.append(outcome + '\0' + '\n'.join(live))
    for status in '\3\4\5\6\7\xff':
        seeds.append('\0' + status + '\n'.join(live))
    for kind in range(16):
        seeds.append(chr(kind) + '\0' + 'x' * kind)
    for value in ('120', '9999999', 'x', '', '-1', '5',
                  'Sun, 06 Nov 1994 08:49:37 GMT',
                  'Fri, 15 Jan 2027 08:00:30 GMT',
                  'Fri, 15 Jan 2027 25:00:30 GMT',
                  'Fri, 15 Foo 2027 08:00:30 GMT',
                  'Fri, 15 Jan 2027 08:00:30 UTC'):
        seeds += ['\0\2' + RETRY + value, '\0\7' + RETRY + value]
    return seeds


def imports():
    """Files of `export', good and bad."""
    head = '{"export":1,"endpoint":"https://auth.example.com"}'
    user = ('{"kind":"user","value":"u","rule":"blocked","from":1,"until":2,'
            '"reason":"r","actor":"root","source":"cli","time":3,'
            '"credential":null,"expires":null}')
    token = ('{"kind":"token","value":"j","rule":"revoked","from":null,'
             '"until":null,"reason":"","actor":"root","source":"cli",'
             '"time":3,"credential":"0123456789abcdef","expires":4}')
    account = ('{"time":1,"account":"a","user":"u","reason":"",'
               '"actor":"root"}')

    def whole(*lines, last=None):
        end = '{"lines":%d}' % (len(lines) if last is None else last)
        return '\n'.join(lines + (end, ''))
    good = whole(head, user, token, account)
    return [good, good[:-1], good[:90], whole(head), whole(head, last=7),
            good + user + '\n', whole(head, user.replace('1', '1' * 30)),
            whole(head, user.replace(':2,', ':0,')), whole(head, ' ' * 33000),
            whole(head, token.replace('abcdef', 'abc')),
            whole(head.replace(':1', ':2')), whole(user), '', 'x\n',
            whole(head.replace('auth', 'b')), whole(head, '{}', 'x'),
            whole(head, user.replace('"r"', '"\\"\\u00fc"'))]


def records():
    """Comma-separated values, good and bad."""
    return ['a,b\nc,d\n', '\xef\xbb\xbfuser,account\r\na,"b ""c"", d"\r\n"",',
            '"a\nb",c', 'a"b\n', '"a"b\n', '"a', 'a\rb', 'a\0b\n', ',' * 20,
            'a' * 9000, '\n\n', 'a,b\r', '\xef\xbb\xbf"a",b', '\xefab,c', '"' + 'a' * 9000]


def handed(recorded):
    texts = [token['token'] for token in json.loads(recorded('tokens.json'))]
    texts += ['Bearer ' + OPAQUE + '\n', ' ' + SESSION + '\r\n', 'Bearer ',
              '', OPAQUE + '\0', 'correct horse', 'eyJhbGciOiJSUzI1NiJ9.e',
              'eyJh.eyJz.c2ln', 'x' * 70000, OPAQUE + ' ' + OPAQUE]
    good = texts[0].split('.')
    values = ['{}', '{"iss":"http://localhost:3000"}',
              '{"iss":"http://localhost:3000","jti":"j"}',
              '{"iss":"http://localhost:3000","jti":"j","sub":""}',
              '{"iss":"http://localhost:3000","jti":"j","sub":"s"}']
    for value in values:
        payload = base64.urlsafe_b64encode(value.encode()).rstrip(b'=')
        texts.append('.'.join((good[0], payload.decode(), good[2])))
    return ['\0'] + [chr(1 + i % 3) + text for i, text in enumerate(texts)]


def seeds(recorded):
    return {
        'jwks': keys(recorded),
        'jwt': tokens(recorded),
        'resolver': answers(),
        'handed': handed(recorded),
        'import': imports(),
        'csv': records(),
    }
