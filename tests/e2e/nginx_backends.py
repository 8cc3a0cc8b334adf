"""Real applications behind nginx, each on a unix socket or a port of its own:
PHP-FPM, uWSGI, SCGI, gRPC and a websocket.

    with nginx_backends.Backends(site) as backends:
        backends.php, backends.uwsgi, backends.scgi   paths of sockets
        backends.grpc, backends.websocket             ports

Each tells what reached it as JSON, as those of backend.py do: {"kind",
"env": [[name, value], ...]} or "headers" in place of "env", and says a line
to the site for each run.
"""

import asyncio
import concurrent.futures
import glob
import json
import os
import socket
import threading

import grpc
import websockets

import backend
import process

METHOD = '/authgear.Show/Show'

WSGI = '''import json
def application(environ, start_response):
    with open(%(runs)r, 'a') as runs:
        runs.write('uwsgi\\n')
    env = [[name, value] for name, value in environ.items()
           if isinstance(value, str)]
    start_response('200 OK', [('Content-Type', 'application/json'),
                              ('X-Backend', 'uwsgi')])
    return [json.dumps({'kind': 'uwsgi', 'env': env}).encode()]
'''

POOL = '''[global]
error_log = %(at)s/php.log
daemonize = no
[www]
%(user)slisten = %(at)s/php.sock
listen.mode = 0666
pm = static
pm.max_children = 2
'''


class Scgi(backend.Listener):
    """A responder of SCGI on a unix socket."""

    def __init__(self, path, ran):
        self.ran = ran
        super().__init__(path)

    def serve(self, stream):
        length = b''
        while not length.endswith(b':'):
            length += stream.read(1)
        words = stream.read(int(length[:-1])).decode('latin-1')
        words = words.split('\0')[:-1]
        env = [list(pair) for pair in zip(words[::2], words[1::2])]
        self.ran('scgi')
        stream.write(b'Status: 200 OK\r\nX-Backend: scgi\r\n'
                     b'Content-Type: application/json\r\n\r\n' +
                     json.dumps({'kind': 'scgi', 'env': env}).encode())


class Grpc:
    """One method that answers with the metadata of the call."""

    def __init__(self, ran):
        self.ran = ran
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        self.server.add_generic_rpc_handlers((self,))
        self.port = self.server.add_insecure_port('127.0.0.1:0')
        self.server.start()

    def service(self, details):
        """The interface of a generic handler."""
        if details.method != METHOD:
            return None
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._show(details, context))

    def _show(self, details, context):
        self.ran('grpc')
        headers = [[name, value if isinstance(value, str) else repr(value)]
                   for name, value in details.invocation_metadata]
        # :authority is no metadata; there is no public name for it
        headers.append(['Host', context._rpc_event.call_details.host
                        .decode()])
        return json.dumps({'kind': 'grpc', 'headers': headers}).encode()

    def stop(self):
        self.server.stop(None).wait()


class Websocket:
    """Says the headers of the handshake, then closes."""

    def __init__(self, ran):
        self.ran = ran
        self.loop = asyncio.new_event_loop()
        self.port = None
        self.ready = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()
        self.ready.wait(30)

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(
            websockets.serve(self._say, '127.0.0.1', 0))
        self.port = self.server.sockets[0].getsockname()[1]
        self.ready.set()
        self.loop.run_forever()

    async def _say(self, link, *_):
        self.ran('websocket')
        await link.send(json.dumps({
            'kind': 'websocket',
            'headers': list(link.request_headers.raw_items())}))

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)


class Backends(process.Together):
    def __init__(self, site):
        self.site = site
        super().__init__()

    def start(self):
        at = self.site.path('backends')
        os.mkdir(at)
        os.chmod(at, 0o777)
        self.php, self.uwsgi, self.scgi = (
            at + '/' + name for name in ('php.sock', 'uwsgi.sock',
                                         'scgi.sock'))
        answers, calls, talks = (Scgi(self.scgi, self.site.ran),
                                 Grpc(self.site.ran),
                                 Websocket(self.site.ran))
        for each in answers, calls, talks:
            self.stack.callback(each.stop)
        self.grpc, self.websocket = calls.port, talks.port
        self._start_php(at)
        self._start_uwsgi(at)

    def _start_php(self, at):
        is_root = os.geteuid() == 0
        with open(at + '/php.conf', 'w') as file:
            file.write(POOL % {'at': at, 'user': 'user = www-data\n'
                               if is_root else ''})
        for folder in ('php', 'debian', 'both'):
            os.makedirs(os.path.join(self.site.www, folder), exist_ok=True)
            self.site.write(folder, 'show.php',
                            backend.PHP % {'runs': self.site.runs_file})
        self._process([sorted(glob.glob('/usr/sbin/php-fpm*'))[-1], '-F',
                       '-y', at + '/php.conf', '-g', at + '/php.pid'],
                      at, self.php)

    def _start_uwsgi(self, at):
        with open(at + '/app.py', 'w') as file:
            file.write(WSGI % {'runs': self.site.runs_file})
        command = ['/usr/bin/uwsgi-core', '--plugin', 'python3', '--socket',
                   self.uwsgi, '--chmod-socket=666', '--wsgi-file',
                   at + '/app.py', '--die-on-term']
        if os.geteuid() == 0:
            command += ['--uid', 'www-data', '--gid', 'www-data']
        self._process(command, at, self.uwsgi)

    def _process(self, command, at, path):
        name = os.path.basename(command[0])
        started = self.stack.enter_context(process.Process(
            name, command, at, start_new_session=True))
        process.until(lambda: is_there(path) or not started.alive(), name)
        if not started.alive():
            raise ChildProcessError(started.log())


def is_there(path):
    with socket.socket(socket.AF_UNIX) as link:
        try:
            link.connect(path)
            return True
        except OSError:
            return False
