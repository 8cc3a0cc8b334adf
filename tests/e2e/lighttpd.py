"""lighttpd with the example and more: what a site of its own would add.

    with lighttpd.Variant(world, before='...', behind='...') as server:
        checker.ask(server.port, '/')

`before` stands in front of the include, as another file of conf-enabled
would, and `behind` at the end.  In them, @WWW@ is the document root, @DIR@
the folder of the server, @SHARE@ that of the include, @HTTP@ the port and
@FASTCGI@ the socket of an application.
"""

import os

import backend
import checker
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

    def made(self, site, at, port, address):
        text, command = servers.MAKERS['lighttpd'](site, at, port, address)
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

    def __enter__(self):
        self.server = servers.start('lighttpd', self.world.site,
                                    self.address, self.made)
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
    data = checker.exchange(port, (text + '\r\n').encode())
    head, _, body = data.partition(b'\r\n\r\n')
    return int(head.split()[1]), body


class Recorder(backend.Listener):
    """An authorizer that lets alice in, and keeps what it was told."""

    def __init__(self, path):
        self.asked = []
        super().__init__(path)

    def serve(self, stream):
        pairs = backend.read_params(stream)
        self.asked.append(pairs)
        policy = dict(pairs).get('AUTHGEAR_POLICY', 'default')
        head = 'Status: 200 OK\r\n' + ''.join(
            'Variable-%s: %s\r\n' % pair for pair in (
                ('AUTHGEAR_DECISION', 'granted'), ('AUTHGEAR_POLICY', policy),
                ('REMOTE_USER', 'login-alice'))) + '\r\n'
        backend.write_answer(stream, head.encode())
