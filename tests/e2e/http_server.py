"""Raw HTTP servers in threads, and certificates made by the openssl program.

    with Server(script) as server: server.port, server.connections, ...

`script(server, connection)` gets each accepted connection (TLS already made
if `context` is given) in a thread of its own; it is closed when the script
returns.  hold() waits until the server ends.
"""

import os
import socket
import ssl
import subprocess
import threading


class Server:
    def __init__(self, script, context=None):
        self.script = script
        self.context = context
        self.accepted = 0
        self.requests = []
        self.over = threading.Event()
        self.socket = socket.socket()
        self.socket.bind(('127.0.0.1', 0))
        self.socket.listen(64)
        self.port = self.socket.getsockname()[1]
        self.threads = []
        self.main = threading.Thread(target=self._accept, daemon=True)
        self.main.start()

    def url(self, path='/', scheme=None, host='127.0.0.1'):
        scheme = scheme or ('https' if self.context else 'http')
        return '%s://%s:%d%s' % (scheme, host, self.port, path)

    def _accept(self):
        while not self.over.is_set():
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            if self.over.is_set():
                connection.close()
                return
            self.accepted += 1
            thread = threading.Thread(target=self._serve, args=(connection,),
                                      daemon=True)
            thread.start()
            self.threads.append(thread)

    def _serve(self, connection):
        try:
            connection.settimeout(30)
            if self.context:
                connection = self.context.wrap_socket(connection,
                                                      server_side=True)
            self.script(self, connection)
        except (OSError, ValueError):
            pass
        finally:
            connection.close()

    def hold(self):
        self.over.wait(60)

    def request(self, connection):
        """The head of the next request, or b'' at the end."""
        head = b''
        while b'\r\n\r\n' not in head:
            got = connection.recv(4096)
            if not got:
                return b''
            head += got
        self.requests.append(head)
        return head

    def close(self):
        self.over.set()
        try:
            socket.create_connection(('127.0.0.1', self.port), 5).close()
        except OSError:
            pass
        self.socket.close()
        self.main.join(10)
        for thread in self.threads:
            thread.join(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def answer(data, then_hold=False):
    """A script: read one request, send `data`, close (or stay silent)."""
    def script(server, connection):
        if server.request(connection):
            connection.sendall(data)
            if then_hold:
                server.hold()
    return script


def _openssl(*arguments):
    subprocess.run(['openssl'] + list(arguments), check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


class Certificates:
    """A CA and what it signs, as PEM files below `folder`."""

    def __init__(self, folder, name='ca'):
        self.folder = folder
        self.ca = os.path.join(folder, name + '.pem')
        self.ca_key = os.path.join(folder, name + '.key')
        _openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt',
                 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '3650',
                 '-subj', '/CN=Test CA ' + name, '-keyout', self.ca_key,
                 '-out', self.ca)

    def sign(self, name, names='IP:127.0.0.1,DNS:localhost', expired=False):
        """(certificate, key) for subject alternative names."""
        base = os.path.join(self.folder, name)
        _openssl('req', '-newkey', 'ec', '-pkeyopt',
                 'ec_paramgen_curve:prime256v1', '-nodes', '-subj',
                 '/CN=' + name, '-addext', 'subjectAltName=' + names,
                 '-keyout', base + '.key', '-out', base + '.csr')
        database = base + '.ca'
        os.mkdir(database)
        with open(database + '/index', 'w', encoding='ascii'):
            pass
        with open(database + '/serial', 'w', encoding='ascii') as serial:
            serial.write('%02x\n' % (len(os.listdir(self.folder)) + 16))
        with open(database + '/conf', 'w', encoding='ascii') as conf:
            conf.write('[ca]\ndefault_ca=own\n[own]\ndatabase=%s/index\n'
                       'serial=%s/serial\nnew_certs_dir=%s\n'
                       'default_md=sha256\npolicy=any\n'
                       'copy_extensions=copy\n[any]\n'
                       'commonName=supplied\n' % ((database,) * 3))
        first, last = (('200101000000Z', '200201000000Z') if expired else
                       ('200101000000Z', '491231000000Z'))
        _openssl('ca', '-batch', '-notext', '-config', database + '/conf',
                 '-cert', self.ca, '-keyfile', self.ca_key, '-startdate',
                 first, '-enddate', last, '-in', base + '.csr', '-out',
                 base + '.pem')
        return base + '.pem', base + '.key'


def context(pair):
    """A TLS server context of a (certificate, key) pair."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*pair)
    return made
