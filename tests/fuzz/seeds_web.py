"""Seeds of the targets that read what servers and clients send."""

import json
import os

from seeds_facts import OPAQUE, SESSION, claims

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
NONCE = '0123456789abcdef'
NOW = 1800000000		# of the targets
# behind `state`, and in a cookie: the marker of a login
TAILS = ['#s' + NONCE + '.0', '#p' + NONCE + '.3', '#s' + NONCE + '.9',
         '#s' + NONCE.upper() + '.0', '#' + NONCE, '#x' + NONCE + '.1',
         '#s' + NONCE + '.1x', '#s' + NONCE + '0']
COOKIES = ['%s.%d.0' % (NONCE, NOW), '%s.%d.1 ' % (NONCE, NOW - 50),
           '%s.%d.3' % (NONCE, NOW + 4), '%s.%d.0' % (NONCE, NOW - 99),
           '%s.%d.0' % (NONCE, NOW + 99), NONCE, NONCE + '.', NONCE + '.1.4',
           '%s.%s.0' % (NONCE, '1' * 13), NONCE + '0.%d.0' % NOW]


def record(kind, content, number=1, padding=0):
    return (bytes((1, kind)) + number.to_bytes(2, 'big') +
            len(content).to_bytes(2, 'big') + bytes((padding, 0)) + content +
            bytes(padding))


def pair(name, value):
    text = b''
    for part in (name, value):
        text += (bytes((len(part),)) if len(part) < 128 else
                 (0x80000000 | len(part)).to_bytes(4, 'big'))
    return text + name + value


END = record(3, bytes(8))


def heads():
    well = ['HTTP/1.1 200 OK', 'Content-Length: 2', '']
    lines = [
        well, ['HTTP/1.0 204', ''], ['HTTP/1.1 304 Not Modified', ''],
        ['HTTP/1.1 100 Continue', ''] + well, ['HTTP/1.1 103', ''],
        ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', 'A: b', ''],
        ['HTTP/1.1 200', ''], ['HTTP/2 200', ''], ['HTTP/1.1 099', ''],
        ['HTTP/1.1 2x0', ''], ['HTTP/1.1 2000', ''], well[:2], [],
        well[:2] + ['Content-Length: 2', ''],
        well[:2] + ['Transfer-Encoding: chunked', ''],
        ['HTTP/1.1 200 OK'] + ['Transfer-Encoding: chunked'] * 2 + [''],
    ]
    lines += [well[:2] + [line, ''] for line in (
        ' folded: x', '\tfolded', 'none', ': x', 'A b: c', 'A\x7f: c',
        'A: b\x01', 'A:\t b \t', 'A:', 'X-Authgear-Session-Valid: true')]
    lines += [['HTTP/1.1 200 OK', 'Content-Length:' + value, '']
              for value in ('', ' -1', ' 1, 1', ' +1', ' ' + '9' * 19)]
    lines.append(well[:2] + ['X: ' + 'x' * 1000] * 70 + [''])
    return ['\r\n'.join(head) + '\r\n' for head in lines] + [
        'HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'HTTP/1.1 200 OK\r\nA: b']


def answer_heads():
    good = ('Status: 200 OK\r\nVariable-REMOTE_USER: alice\r\n'
            'Variable-AUTHGEAR_DECISION: granted\r\n\r\n')
    return [
        good, good + '{}', good[:-2], good[:-1], 'Status: 401\r\n\r\n',
        'Status: 099 x\r\n\r\n', 'Status: 20\r\n\r\n', 'status: 200\r\n\r\n',
        'Status: 2000\r\n\r\n', 'A: b\r\nStatus: 200\r\n\r\n',
        'Status: 200 OK\r\nstatus: 200\r\n\r\n',
        'Status: 200 OK\r\nA: b\r\na: c\r\n\r\n',
        'Status: 200 OK\r\nA:\r\n\r\n', 'Status: 200 OK\r\nA:b\r\n\r\n',
        'Status: 200 OK\r\nA b: c\r\n\r\n', 'Status: 200 OK\r\n: c\r\n\r\n',
        'Status: 200 OK\r\nA: \x01\r\n\r\n', 'Status: 200 OK\n\n', '',
        'Status: 200 OK\r\n' + ''.join(
            'A%d: b\r\n' % i for i in range(40)) + '\r\n',
    ]


def answer_records():
    text = answer_heads()[0].encode()
    out = record(6, text)
    return [
        out + END, out + record(6, b'') + END, out, out[:20], b'', END,
        record(6, text[:9]) + record(6, text[9:], padding=7) + END,
        out + record(7, b'x') + END, out + record(6, b'') + out + END,
        out + END + b'x', out + record(3, b'\0\0\0\1\0\0\0\0'),
        out + record(3, b'\0\0\0\0\1\0\0\0'), out + record(3, b''),
        record(6, text, number=2) + END, b'\2' + out, b'HTTP/1.1 400 Bad',
        record(6, b'x' * 16000) + record(6, b'x' * 400) + END,
    ]


def questions():
    ask = ['AUTHGEAR_ASK=1', 'AUTHGEAR_POLICY=mail', 'AUTHGEAR_ACCOUNT=alice']
    good = ask + ['AUTHGEAR_PHASE=auth', 'AUTHGEAR_CREDENTIAL=' + OPAQUE]
    account = ask + ['AUTHGEAR_PHASE=account']
    rows = [
        good, account, good + ['AUTHGEAR_SERVICE=a b"', 'REMOTE_ADDR=::1'],
        account + ['REMOTE_ADDR=192.0.2.1'], account + ['REMOTE_ADDR=x'],
        ask + ['AUTHGEAR_PHASE=auth'], ask + ['AUTHGEAR_PHASE=x'], ask,
        good + good, good[1:], ['AUTHGEAR_ASK=2'] + good[1:],
        [good[0]] + good[2:], good[:2] + good[3:],
        account + ['AUTHGEAR_SERVICE=' + 'x' * 300],
        good[:2] + ['AUTHGEAR_ACCOUNT=' + 'x' * 400] + good[3:],
    ]
    return ['A' + '\n'.join(row) for row in rows]


def answers():
    return (answer_records() + ['\0' + head for head in answer_heads()] +
            questions())


def pam():
    """What is asked, for whom, and the answer."""
    texts = answer_records() + [
        record(6, head.encode()) + END for head in answer_heads()]
    rows = [bytes((i % 4,)) + b'alice\0' + text
            for i, text in enumerate(texts)]
    return rows + [b'\4alice\0', b'\x08alice\0', b'\0\0', b'\3' + b'x' * 3000 + b'\0' +
                   texts[0]]


def records():
    begin = record(1, bytes((0, 2, 0, 0, 0, 0, 0, 0)))
    responder = record(1, bytes((0, 1, 1, 0, 0, 0, 0, 0)))
    block = (pair(b'AUTHGEAR_POLICY', b'p') + pair(b'LONG', b'x' * 200) +
             pair(b'', b'') + pair(b'N' * 130, b''))
    params = record(4, block) + record(4, b'')
    body = record(5, b'body', padding=3) + record(5, b'')
    large = record(4, b'x' * 65535)
    return [
        begin + params, responder + params + body, responder + params,
        begin + record(4, block[:9]) + record(4, block[9:], padding=5) +
        record(4, b''), begin, begin[:5], begin + params[:30], b'\2',
        begin + record(4, pair(b'a=b', b'\0')) + record(4, b''),
        begin + record(4, block[:-5]) + record(4, b''),
        begin + record(4, b'\xff\xff') + record(4, b''),
        begin + record(4, b'\x84\0\0\0') + record(4, b''),
        begin + record(4, block, number=2), begin + record(5, block),
        record(1, bytes(8)), record(4, block), record(1, b'x'),
        record(1, bytes((0, 2, 0, 0, 0, 0, 0, 0)), number=0),
        record(9, b''), begin + large + large + record(4, b''),
        responder + large + large + record(4, b'') + body,
        responder + params + record(5, b'x' * 65535) + record(5, b'x' * 65535),
        b'\2' + block, b'\3' + block, b'\3' + block * 9, b'\2',
    ]


def credentials():
    jwt = 'eyJh.eyJz.c2ln'
    heads = [
        '', 'Bearer ' + OPAQUE, 'bearer ' + jwt, 'Bearer', 'Bearer ',
        'Bearer ' + SESSION, 'Bearer x', 'Bearer ' + 'e' * 200, 'Digest x',
        'Basic YWxpY2U6ZXlKaC5leUp6LmMybG4=', 'Basic YWxpY2U=', 'Basic !',
        'Basic YWxp', 'Basic Ojo+Pz8/', 'Basic YQE6eA==', 'Basic YS-_', '=',
        'Bearer a, Bearer b', 'a\x01', 'Bearer eyJhbGciOiJSUzI1NiJ9.eyJz',
        'Basic ' + 'QUFB' * 100, 'Basic Og==',
    ]
    cookies = [
        'app_session=' + OPAQUE, 'session=' + SESSION, 'session=' + OPAQUE,
        'app_access_token=' + OPAQUE, 'app_access_token=' + jwt,
        'app_session=' + OPAQUE + '; session=' + SESSION,
        'session=' + SESSION + '; session=' + SESSION,
        'app_session=' + OPAQUE + ', app_session=' + OPAQUE[::-1],
        'app_session="' + OPAQUE + '"', 'app_session=', 'app_session',
        'a=b; \tapp_session = ' + OPAQUE + ' ;; =', 'app_session=x',
        'app_access_token=eyJhbGciOiJSUzI1NiJ9.eyJz', 'session=a\x01b',
        'app_access_token=' + 'x' * 200, 'a=b, c=d; e="f, app_session=x"',
        'APP_SESSION=' + OPAQUE, '',
    ]
    return ([chr(min(len(head), 255)) + head for head in heads] +
            ['\0' + text for text in cookies + [
                OPAQUE, SESSION, jwt, 'a.b.c', 'alice', 'eyJx',
                'alice ' + OPAQUE]])


def logins():
    cookies = []
    for is_https in (0, 1):
        name = '__Host-authgear-login' if is_https else 'authgear-login'
        for value in COOKIES:
            cookies.append(chr(is_https) + name + '=' + value)
        cookies.append(chr(is_https) + '; '.join(
            name + '=' + value for value in COOKIES))
    states = ['/a' + tail for tail in TAILS] + ['', '/', '#']
    queries = ['state=' + state.replace('#', '%23') for state in states]
    queries += [
        '', 'error=x', 'state=%2Fa&state=%2F', 'state=%', 'state=%0', 'x=y',
        'state=%00', 'state=%0d%0aSet-Cookie:a', 'state=//evil', 'state=a+b',
        'state=%2fA%c3', 'state=/' + 'x' * 3000, 'code=1&state=/a&x',
    ]
    return (cookies + ['\2' + state for state in states] +
            ['\3' + query for query in queries])


PAGE = ['AUTHGEAR_POLICY=page', 'REQUEST_METHOD=GET', 'REQUEST_URI=/a?b=c&d',
        'HTTP_ACCEPT=text/html', 'HTTP_HOST=www.example.com',
        'REMOTE_ADDR=2001:db8::1']


def requests():
    token = 'HTTP_AUTHORIZATION=Bearer ' + OPAQUE
    cookie = 'HTTP_COOKIE=app_session=' + OPAQUE
    marker = 'HTTP_COOKIE=app_session=' + OPAQUE + '; __Host-authgear-login='
    rows = [
        [], PAGE, PAGE + [cookie], PAGE + [token],
        PAGE + ['HTTP_SEC_FETCH_MODE=navigate'],
        PAGE + ['HTTP_SEC_FETCH_MODE=cors'],
        PAGE[:2] + ['REQUEST_URI=//x'] + PAGE[3:],
        PAGE[:2] + ['REQUEST_URI=/' + '%' * 1900] + PAGE[3:],
        PAGE[:1] + ['REQUEST_METHOD=POST'] + PAGE[2:],
        ['AUTHGEAR_POLICY=pass'], ['AUTHGEAR_POLICY=pass', cookie],
        ['AUTHGEAR_POLICY=pass', 'SERVER_SOFTWARE=Apache/2.4'],
        ['AUTHGEAR_POLICY=pass', 'REMOTE_USER=x', token],
        ['AUTHGEAR_POLICY=pass', 'HTTP_ORIGIN=https://x',
         'REQUEST_METHOD=OPTIONS',
         'HTTP_ACCESS_CONTROL_REQUEST_METHOD=PUT'],
        ['AUTHGEAR_POLICY=basic'], ['AUTHGEAR_POLICY=basic', token],
        ['AUTHGEAR_POLICY=basic',
         'HTTP_AUTHORIZATION=Basic YWxpY2U6ZXlKaC5leUp6LmMybG4='],
        ['AUTHGEAR_POLICY=behind', token, 'HTTP_X_AUTHGEAR_USER_ID=x'],
        ['AUTHGEAR_POLICY=behind', token], ['AUTHGEAR_POLICY=none', token],
        ['AUTHGEAR_POLICY=page', 'HTTP_X_AUTHGEAR_USER_ID=x'],
        ['AUTHGEAR_POLICY=page', 'HTTP_X_REMOTE_USER=', token, token],
        ['AUTHGEAR_POLICY=page', 'AUTHGEAR_POLICY=pass'],
        ['AUTHGEAR_POLICY=page', 'HTTP_AUTHORIZATION=Bearer x'],
        ['HTTP_COOKIE=a', 'HTTP_COOKIE=b'],
        ['AUTHGEAR_POLICY=page', token,
         'HTTP_CONNECTION=close, \t x_remote-user ,', 'http_remote_user=x'],
        ['AUTHGEAR_POLICY=page', token, 'HTTP_CONNECTION=keep-alive,'],
    ]
    return rows + [PAGE + [marker + value] for value in COOKIES]


def replies(recorded):
    every = claims(recorded)
    good = json.loads(every[0])
    good.update({'team': 'a', 'email': 'x@example.com',
                 'https://example.com/claims/a_b': {'a': [1, None]}})
    good = json.dumps(good)
    rows = ['\n'.join(row) + '\n' for row in requests()]
    texts = []
    for flags in (4, 5, 6, 7, 12, 14, 20):
        texts += [chr(flags) + '\1\2' + row + '\n' + good for row in rows]
    for reason in range(64):
        texts.append(chr(4 + reason % 2) + chr(reason) + '\0' + rows[2])
        texts.append(chr(12) + chr(reason) + '\5' + rows[18])
        texts.append(chr(4 + reason % 2) + chr(reason) + '\0' + rows[15])
        texts.append(chr(5 - reason % 2) + chr(reason) + '\0' + rows[-1])
    texts += ['\4\1\0/a\n\n' + text for text in (
        'a=b', 'x' * 4000, good, '')]
    # what became of a login is remembered by its nonce
    return [text.replace(NONCE, '%016x' % number)
            for number, text in enumerate(texts)] + [
        '\6\1\0' + rows[18] + '\n' + text for text in every]


def settings():
    """The examples as they are installed, and with every key."""
    with open(os.path.join(TOP, 'examples', 'authgear.conf'),
              'rb') as file:
        example = file.read()
    least = '[authgear]\nendpoint = https://a.example.com\n'
    policy = '[policy default]\n'
    keys = [line + '\n' for line in SETTINGS]
    rules = [line + '\n' for line in RULES]
    return ([example, least + policy, least, policy, '', '\0', '\x01', '\xff',
             'x', 'x = y\n' + least, '[x]\n', '[policy]\n', '[policy A]\n',
             '[policy  a]\n', '[authgear] x\n', least + least, 'x' * 4100,
             least + policy + policy, least + policy + '# comment\n\n',
             least + 'x = y\n' + policy, least + 'state\n' + policy,
             least + 'state = \n' + policy, least + 'State = /a\n' + policy,
             least + 'state = /a # b\n' + policy,
             least + '[policy ' + 'x' * 70 + ']\n',
             least + '[policy ' + 'x' * 3000 + ']\n',
             least + policy + '# f\xfcr \xff\n ; \xe4\n',
             '[authgear]\nendpoint = http://a.example.com\n' + policy,
             '[authgear]\nendpoint = http://a.example.com\n'
             'insecure_allow_http = yes\n' + policy] +
            [least + line + policy for line in keys] +
            [least + policy + line for line in rules] +
            [least + line + line + policy for line in keys[:2]] +
            [least + policy + line for line in (
                '[x]\nx = y\n', '[policy ]\nx = y\n',
                '[policy a b]\nexport = x\n', '[policy b]\nx = y\n')] +
            [OWN + line + policy + 'clients = any\n' for line in keys] +
            [OWN + 'validate = %s\n' % mode + policy + line for mode in (
                'jwt', 'resolver', 'hybrid') for line in rules] +
            [least + ''.join('[policy p%d]\n' % i for i in range(260))])


SETTINGS = [
    'resolver_url = https://r.example.com/_resolver/resolve',
    'resolver_url = http://r.example.org/', 'resolver_url = x',
    'resolver_url = https://R/', 'resolver_url = http://127.0.0.1:3001/r',
    'ca_file = /etc/ca.pem', 'ca_file = etc', 'ca_file = /a/../b',
    'ca_file = /a/..', 'proxy = http://proxy:3128', 'proxy = socks5://x',
    'proxy = http://proxy', 'validate = jwt', 'validate = resolver',
    'validate = hybrid', 'validate = x', 'session_ttl = 0',
    'session_ttl = 3', 'session_ttl = 3s', 'session_ttl = 99999999999',
    'absent_ttl = 200', 'absent_ttl = 200\nsession_ttl = 300',
    'keys_ttl = 7200\nkeys_max_stale = 60', 'keys_max_stale = 60',
    'keys_ttl = 604800', 'connect_timeout = 30', 'total_timeout = 1',
    'connect_timeout = 9\ntotal_timeout = 3', 'cookie_prefix = a_',
    'cookie_prefix = a=', 'state = /srv', 'insecure_allow_http = maybe',
    'log_grants = yes',
]
RULES = [
    'audience = a, b', 'audience = "', 'audience = ,', 'clients = any',
    'clients = a b', 'clients = a any', 'require_role = admin',
    'require_scope = ' + 'x ' * 70, 'verified_only = yes',
    'anonymous_users = allow', 'max_authentication_age = 60',
    'unauthenticated = pass', 'remote_user = map', 'remote_user = sub',
    'remote_user = claim:https://example.com/a', 'remote_user = claim:email',
    'remote_user = claim:https://authgear.com/x', 'remote_user = x',
    'export = team, https://example.com/a', 'export = a.b a_b',
    'export = ...', 'accept_basic = yes', 'login_client = app',
    'login_client = app\nlogin_return = https://www.example.com/back',
    'login_client = app\nlogin_return = https://www.example.org/back',
    'login_client = app\nlogin_return = http://www.example.org/back',
    'login_client = a b\nlogin_return = https://www.example.org/#',
    'login_client = app\nlogin_return = https://www.example.org/b\n'
    'clients = a', 'login_return = https://www.example.org/<',
    'cors_preflight = pass', 'client_identity = ignore', 'nothing = x',
    'identity_roles = none', 'identity_roles = required',
    'identity_roles = required\nrequire_all_roles = a', 'identity_roles = x',
    'login_client = app\nlogin_return = https://www.example.com/b\n'
    'clients = app', 'audience = a\nclients = any',
]
# as an example names it, and as a project's own does
OWN = '[authgear]\nendpoint = https://a.authgear.cloud\n'


def nginx():
    """Cookies, answers and paths of the nginx module."""
    session, opaque = 'session=' + SESSION, 'app_session=' + OPAQUE
    token = 'app_access_token=eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln'
    marker = 'authgear-login=%s.%d.0' % (NONCE, NOW)
    cookies = [
        '', 'a=1', session, opaque, token, 'p_' + session, marker,
        '__Host-' + marker, 'a=1; %s; b=2' % session, session + '; sid=1',
        'sid=1 ; %s;; ,' % opaque, 'a=1, %s, %s' % (session, token),
        'session="%s"' % SESSION, session + ';' + session, 'session=mine',
        session + '; session=' + SESSION.replace('a', 'b'), ' ;;= ;a',
        'x="a, b"; %s; y=c,d' % opaque, 'app_' + session, 'session', '=']
    head = 'Status: %s\r\nX-Authgear-Decision: %s\r\n' \
        'X-Authgear-Policy: %s\r\n%s\r\n'
    name = 'X-Authgear-Remote-User: alice\r\n'
    answers_ = [head % row for row in (
        ('200 OK', 'granted', 'default', name), ('200', 'pass', 'default', ''),
        ('200', 'pass', 'default', name), ('200', 'granted', 'admin', name),
        ('200', 'granted', 'default', ''), ('401', 'denied', 'x', ''),
        ('403', 'forbidden', 'x', ''), ('503', 'undecided', 'x', ''),
        ('302', 'denied', 'x', ''), ('401', 'granted', 'default', name))]
    paths = [
        '/files/b.txt', 'http://h:80/a/b?c', '//a//./b/.', '/a/../b', '/..',
        '/%2e%2e/x', '/a%2fb', '/a%00', '/%zz', 'a/b', '*', '/a/...',
        'https://user@h', '/%2E/a', '/A//B/', '/a%25b', '/a%0a', '/']
    return (['c' + text for text in cookies] + ['a' + text for text in
                                                answers_] +
            ['p' + text for text in paths] +
            ['r' + text for text in (
                '', 'a', 'a/b', 'a//b/../c/./d', '../..', 'a/..', 'a;x/b',
                'a;x=1;y/../b;z', 'a\\b', '..\\a', 'a;\\b/c', '\\\\h',
                'A/B/', '.;/a', '..;/a', ';/;')])


def children():
    """Lines of children, and where they are cut."""
    rows = [json.dumps({
        'credential': NONCE, 'kind': kind, 'state': state, 'user': user,
        'anonymous': None, 'verified': state == 'live',
        'authenticated': 1700000000, 'looked_up': None})
            for kind, state, user in (
                ('jwt', 'live', 'ann'), ('opaque-token', 'doubted', 'b\u009b'),
                ('session-cookie', 'not-live', None),
                ('app-session', 'live', '\u540d\u202e\x7f'))]
    end = json.dumps({'end': True})
    texts = [[end], rows + [end], rows[:1] + ['{"progress":500}', '{"progr'
             'ess":1000}', rows[1], end], ['{"progress":7}'] * 2 + [end],
             [json.dumps({'error': 'a\x1b[2J\u202e'})], [end, end], rows,
             ['[]'], ['x' * 70000], [rows[0].replace('jwt', 'odd'), end],
             [rows[0].replace('"live"', '"odd"'), end],
             [rows[0].replace('"ann"', '""'), end],
             [rows[0].replace('ann', 'a' * 2049), end]]
    return [bytes((cut,)) + '\n'.join(text + ['']).encode()
            for text in texts for cut in (0, 100, 255)]


def log_lines():
    head = 'Nov 30 12:00:00 host authgear-fcgi[1]: info: '
    line = ('decision=denied reason=expired policy=default user=%s request=' +
            NONCE + ' detail="%s" meaning="a b"')
    lines = [head + line % pair for pair in (
        ('ann', ''), ('"a\\"b\\\\"', 'c\\x1b[2J'), ('"decision=granted"', '\\xz'),
        ('a' * 3000, 'b'), ('a' * 5000, 'b'), ('"open', 'no end'))]
    return ['\n'.join(part) for part in (
        lines, lines[:1], ['noise', lines[1], ''], lines[2:3], lines[3:5],
        ['decision= ' + line % ('', ''), 'decision', 'request=' + NONCE],
        [lines[0].replace(NONCE, '0' * 16), lines[1]])]


def nginx_dumps():
    """As nginx prints it, and as it never would."""
    def file(name, text):
        return '# configuration file /etc/nginx/%s:\n%s\n' % (name, text)
    with open(os.path.join(TOP, 'examples', 'nginx.conf'),
              encoding='utf-8') as example:
        texts = [file('nginx.conf', example.read())]
    server = 'server { listen 80; location ^~ / { deny all; } }'
    texts += [file('nginx.conf', text) for text in (
        'http { %s }' % server, 'http{server{location /{}}}', '', '#', '# x',
        'a "b \\" c" \'d\\n\\t\\r\\\\x\';', 'a b\\ c ${d}e {', 'a}', '}', ';',
        'a "b', 'a "b"c;', 'a \\', '{', 'include;', 'include a b;',
        'content_by_lua_block { x }', 'x ' * 300 + ';', 'y' * 17000 + ';',
        'a { ' * 60 + '}' * 60, 'include nginx.conf;', 'include none;',
        'include /etc/nginx/*.x;', 'a \0;')]
    texts += [file('nginx.conf', text) + file('conf.d/a.conf', server)
              for text in ('http { include conf.d/*.conf; }', 'a b;',
                           'include /etc/nginx/conf.d/a.conf;',
                           'include conf.d/a.conf; include conf.d/a.conf;')]
    return texts + ['', 'nginx: ok\n', '# configuration file a\n',
                    '# configuration file a:', '# configuration file a:\nb;\n']


def seeds(recorded):
    return {
        'answer': answers(),
        'child': children(),
        'log_line': log_lines(),
        'credential': credentials(),
        'http_head': heads(),
        'login': logins(),
        'nginx': nginx(),
        'pam': pam(),
        'record': records(),
        'reply': replies(recorded),
        'settings': settings(),
        'web_nginx': nginx_dumps(),
    }
