"""A small FastCGI client that can send any record, split anywhere.

    answer = fastcgi.ask('/run/x.sock', {'REQUEST_URI': '/'})
    answer.status, answer.headers, answer.body

An address is a path, or (host, port).
"""

import collections
import socket
import struct

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR, DATA, GET_VALUES = \
    range(1, 10)
RESPONDER, AUTHORIZER, FILTER = 1, 2, 3

Answer = collections.namedtuple('Answer', 'status headers body ended raw')


def record(kind, content=b'', ident=1, padding=0, version=1):
    return struct.pack('>BBHHBB', version, kind, ident, len(content),
                       padding, 0) + content + b'\0' * padding


def begin(role=AUTHORIZER, keep=False, ident=1):
    return record(BEGIN, struct.pack('>HB5x', role, keep), ident)


def length(number):
    if number < 128:
        return struct.pack('>B', number)
    return struct.pack('>I', number | 0x80000000)


def pairs(params):
    """A dict, or a list of pairs where a name may come twice."""
    items = params.items() if isinstance(params, dict) else params
    out = b''
    for name, value in items:
        name = name.encode() if isinstance(name, str) else name
        value = value.encode() if isinstance(value, str) else value
        out += length(len(name)) + length(len(value)) + name + value
    return out


def bearer(token, policy='default'):
    """Parameters of who shows this token."""
    return {'AUTHGEAR_POLICY': policy,
            'HTTP_AUTHORIZATION': 'Bearer ' + token}


def request(params, role=AUTHORIZER, keep=False, ident=1, body=b'',
            padding=0, chunk=65528):
    """A whole request; a responder's has its body, an authorizer's none."""
    out = begin(role, keep, ident)
    block = pairs(params)
    for at in range(0, len(block), chunk):
        out += record(PARAMS, block[at:at + chunk], ident, padding)
    out += record(PARAMS, b'', ident)
    if role == RESPONDER:
        for at in range(0, len(body), chunk):
            out += record(STDIN, body[at:at + chunk], ident, padding)
        out += record(STDIN, b'', ident)
    return out


def connect(address, timeout=20):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    peer = socket.socket(family, socket.SOCK_STREAM)
    peer.settimeout(timeout)
    try:
        peer.connect(address)
    except OSError:
        peer.close()
        raise
    return peer


def _exactly(peer, count):
    data = b''
    while len(data) < count:
        try:
            more = peer.recv(count - len(data))
        except (ConnectionResetError, BrokenPipeError):
            more = b''
        if not more:
            return None
        data += more
    return data


def parse(raw, ended=True):
    head, _, body = raw.partition(b'\r\n\r\n')
    headers = {}
    for line in head.decode('latin-1').split('\r\n'):
        name, _, value = line.partition(':')
        headers[name.strip().lower()] = value.strip()
    status = headers.get('status', '').split(' ')[0]
    return Answer(int(status) if status.isdigit() else None, headers, body,
                  ended, raw)


def receive(peer, ident=1):
    """The answer to one request, or None if the connection closed first."""
    raw = b''
    while True:
        head = _exactly(peer, 8)
        if head is None:
            return parse(raw, False) if raw else None
        _, kind, got, size, padding, _ = struct.unpack('>BBHHBB', head)
        content = _exactly(peer, size + padding)
        if content is None:
            return parse(raw, False) if raw else None
        if got != ident:
            raise ValueError('answer for request %d, not %d' % (got, ident))
        if kind == STDOUT:
            raw += content[:size]
        elif kind == END:
            return parse(raw)


def ask(address, params, role=AUTHORIZER, timeout=20, body=b''):
    with connect(address, timeout) as peer:
        peer.sendall(request(params, role, body=body))
        return receive(peer)
