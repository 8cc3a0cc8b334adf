"""lighttpd with the example and more: what a site of its own would add.

    with lighttpd.Variant(world, before='...', behind='...') as server:
        checker.ask(server.port, '/')

`before` stands in front of the include, as another file of conf-enabled
would, and `behind` at the end.  In them, @WWW@ is the document root, @DIR@
the folder of the server, @SHARE@ that of the include, @HTTP@ the port and
@FASTCGI@ the socket of an application.
"""

import os
import socket
import threading

import backend
import servers

INCLUDE = 'include "'


class Variant:
    def __init__(self, world, before='', behind='', change=None,
                 address=None):
        """`change`: takes and returns the whole text; `address`: of an
        authorizer in place of the world's."""
        self.world = world
        self.address = address or world and world.addresses['lighttpd']
        self.before = before
        self.behind = behind
        self.change = change or (lambda text: text)

    def _made(self, site, at, port, address):
        text, command = servers._MAKERS['lighttpd'](site, at, port, address)
        if text.count(INCLUDE) != 1:
            raise ValueError('lighttpd.conf: not one include')
        text = text.replace(INCLUDE, self.before + '\n' + INCLUDE)
        text = self.change(text + self.behind + '\n')
        for mark, value in (('@WWW@', site.www), ('@DIR@', at),
                            ('@HTTP@', str(site.http.port)),
                            ('@FASTCGI@', site.socket),
                            ('@SHARE@', os.path.join(at, 'share'))):
            text = text.replace(mark, value)
        return text, command

    def register(self):
        """A name for servers.start()."""
        servers._MAKERS['lighttpd-variant'] = self._made
        return 'lighttpd-variant'

    def start(self):
        self.register()
        return servers.start('lighttpd-variant', self.world.site,
                             self.address)

    def __enter__(self):
        self.server = self.start()
        return self.server

    def __exit__(self, *_):
        self.server.stop()


def raw(port, target, token=None, method='GET', headers=()):
    """A request with target and headers as they are: (status, body). The
    host is "localhost", which conditions can tell from checker.ask()."""
    text = '%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n' % (
        method, target)
    if token:
        text += 'Authorization: Bearer %s\r\n' % token
    text += ''.join('%s: %s\r\n' % header for header in headers)
    with socket.create_connection(('127.0.0.1', port), 60) as link:
        link.sendall((text + '\r\n').encode())
        data = b''
        while True:
            more = link.recv(65536)
            if not more:
                break
            data += more
    head, _, body = data.partition(b'\r\n\r\n')
    return int(head.split()[1]), body


class Recorder:
    """An authorizer that lets alice in, and keeps what it was told."""

    def __init__(self, path):
        self.asked = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        os.chmod(path, 0o666)
        self.socket.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            try:
                with peer, peer.makefile('rwb') as stream:
                    self._answer(stream)
            except (OSError, EOFError):
                pass

    def _answer(self, stream):
        params = b''
        while True:
            kind, content = backend.read_record(stream)
            if kind == 4 and not content:
                break
            params += content if kind == 4 else b''
        pairs = backend.pairs_of(params)
        self.asked.append(pairs)
        policy = dict(pairs).get('AUTHGEAR_POLICY', 'default')
        head = 'Status: 200 OK\r\n' + ''.join(
            'Variable-%s: %s\r\n' % pair for pair in (
                ('AUTHGEAR_DECISION', 'granted'), ('AUTHGEAR_POLICY', policy),
                ('REMOTE_USER', 'login-alice'))) + '\r\n'
        backend.write_record(stream, 6, head.encode())
        backend.write_record(stream, 6, b'')
        backend.write_record(stream, 3, bytes(8))
        stream.flush()

    def stop(self):
        self.socket.close()
