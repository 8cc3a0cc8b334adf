"""lighttpd with the example and more: what a site of its own would add.

    with lighttpd.Variant(world, before='...', behind='...') as server:
        checker.ask(server.port, '/')

`before` stands in front of the include, as another file of conf-enabled
would, and `behind` at the end.  @WWW@, @DIR@ and @HTTP@ in them are the
document root, a folder of the server and the port of an HTTP backend.
"""

import os

import servers

INCLUDE = 'include "'


class Variant:
    def __init__(self, world, before='', behind='', change=None):
        """`change`: takes and returns the whole text."""
        self.world = world
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
                            ('@SHARE@', os.path.join(at, 'share'))):
            text = text.replace(mark, value)
        return text, command

    def start(self):
        servers._MAKERS['lighttpd-variant'] = self._made
        return servers.start('lighttpd-variant', self.world.site,
                             self.world.addresses['lighttpd'])

    def __enter__(self):
        self.server = self.start()
        return self.server

    def __exit__(self, *_):
        self.server.stop()
