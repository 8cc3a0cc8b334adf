"""Sockets that somebody else holds (LISTEN_FDS): the daemon inherits them,
is killed in the middle of requests, comes back on the same ones, and no
request is ever let through meanwhile; ended in order, none is lost."""

import os
import socket
import sys
import threading
import time

import fastcgi
import gate
import tap

# What systemd does between fork and exec: descriptors from 3 on, LISTEN_PID.
# Arguments: count of sockets, names, then the program and its arguments.
EXEC = '''
import os, sys
count = int(sys.argv[1])
for at in range(count):
    os.dup2(int(os.environ['FD%d' % at]), 100 + at, False)
for at in range(count):
    os.dup2(100 + at, 3 + at, True)
    os.close(100 + at)
os.environ['LISTEN_PID'] = os.environ.get('FAKE_PID') or str(os.getpid())
os.environ['LISTEN_FDS'] = str(count)
if sys.argv[2]:
    os.environ['LISTEN_FDNAMES'] = sys.argv[2]
os.execv(sys.argv[3], sys.argv[3:])
'''


def start(site, sockets, names, name, arguments=(), environment=None):
    command = [sys.executable, '-c', EXEC, str(len(sockets)), names,
               tap.program('authgear-fcgi'), '--config', site.config]
    environment = dict(environment or {})
    for at, held in enumerate(sockets):
        environment['FD%d' % at] = str(held.fileno())
    return gate.Process(name, command + list(arguments), site.folder,
                        environment,
                        pass_fds=[held.fileno() for held in sockets])


class Supervisor(threading.Thread):
    """Holds the sockets; starts the daemon again whenever it is gone."""

    def __init__(self, site, sockets):
        super().__init__(daemon=True)
        self.site = site
        self.sockets = sockets
        self.over = threading.Event()
        self.current = None
        self.started = 0

    def run(self):
        while not self.over.is_set():
            self.started += 1
            self.current = start(self.site, self.sockets,
                                 'auth-unix:auth-tcp',
                                 'held-%d' % self.started)
            while self.current.alive() and not self.over.is_set():
                time.sleep(0.02)
        self.current.end()


class Client(threading.Thread):
    """Asks with a good and with no token; counts what came."""

    def __init__(self, address, token):
        super().__init__(daemon=True)
        self.address = address
        self.token = token
        self.over = threading.Event()
        self.good = 0
        self.lost = 0
        self.wrong = []

    def once(self, wanted, token):
        try:
            answer = fastcgi.ask(self.address, fastcgi.bearer(token),
                                 timeout=60)
        except OSError:
            answer = None
        if answer is None or not answer.ended:
            self.lost += 1
        elif answer.status == wanted:
            self.good += 1
        elif answer.status == 503:
            self.lost += 1
        else:
            self.wrong.append(answer)

    def run(self):
        while not self.over.is_set():
            self.once(200, self.token)
            self.once(401, 'nonsense')


def test_supervised(site, sockets):
    addresses = (sockets[0].getsockname(), sockets[1].getsockname())
    supervisor = Supervisor(site, sockets)
    supervisor.start()
    try:
        token = site.sim.token(lifetime=3000)
        gate.until(lambda: supervisor.current and 'keys fetched' in
                   supervisor.current.log(), 'the first daemon')
        clients = [Client(address, token) for address in addresses]
        for client in clients:
            client.start()
        for _ in range(5):
            before = supervisor.started
            good = [client.good for client in clients]
            gate.until(lambda: all(client.good > had for client, had in
                                   zip(clients, good)), 'answers')
            supervisor.current.kill()
            gate.until(lambda: supervisor.started > before and
                       'ready:' in supervisor.current.log(), 'a new daemon')
        good = [client.good for client in clients]
        gate.until(lambda: all(client.good > had for client, had in
                               zip(clients, good)), 'answers at last')
        for client in clients:
            client.over.set()
        for client in clients:
            client.join(90)
        for client, called in zip(clients, ('unix', 'tcp')):
            tap.note('note: %s, 5 kill -9: %d answered, %d lost' % (
                called, client.good, client.lost))
            tap.equal(client.wrong, [], called +
                      ': nothing wrong was answered, nothing let through')
            tap.ok(client.lost < client.good, called + ': most answered',
                   (client.lost, client.good))
            answer = fastcgi.ask(client.address, fastcgi.bearer(token),
                                 timeout=60)
            tap.ok(answer is not None and answer.status == 200, called +
                   ': the next request after a kill is answered',
                   repr(answer))
    finally:
        supervisor.over.set()
        supervisor.join(60)
    tap.ok(os.path.exists(addresses[0]),
           'the inherited socket file is left alone')


def test_restarts(site, sockets):
    """Ended by SIGTERM and started again on the same sockets: whoever asks
    meanwhile waits, and everybody is answered."""
    addresses = [held.getsockname() for held in sockets] * 4
    token = site.sim.token(lifetime=3000)
    clients = [Client(address, token) for address in addresses]
    try:
        for turn in range(12):
            with start(site, sockets, 'auth-unix:auth-tcp',
                       'restart-%d' % turn) as daemon:
                daemon.wait_for('ready:')
                if turn == 0:
                    for client in clients:
                        client.start()
                good = [client.good for client in clients]
                gate.until(lambda: all(client.good > had + 4 for client, had
                                       in zip(clients, good)), 'answers')
                tap.equal(daemon.stop(), 0, 'restart %d: ended with 0' % turn)
    finally:
        for client in clients:
            client.over.set()
        with start(site, sockets, 'auth-unix:auth-tcp', 'restart-last'):
            for client in clients:
                if client.ident is not None:
                    client.join(90)
    tap.equal([(client.lost, client.wrong) for client in clients],
              [(0, [])] * len(clients), 'nobody was left without an answer')


def test_refused(site, sockets):
    for name, held, names, environment, said in (
            ('an unknown name', sockets[:1], 'metrics', {}, 'metrics'),
            ('sockets of another process', sockets[:1], 'auth',
             {'FAKE_PID': '1'}, 'nothing to listen on')):
        with start(site, held, names, 'refused', (), environment) as daemon:
            tap.equal(daemon.wait(), 1, name + ': refused')
            tap.ok(said in daemon.log(), name + ': said', daemon.log())


def test_notify(site, sockets):
    path = os.path.join(site.folder, 'notify')
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(gate.PATIENCE)
        with start(site, sockets[:1], '', 'notify', (),
                   {'NOTIFY_SOCKET': path}) as daemon:
            tap.equal(notify.recv(100).strip(), b'READY=1',
                      'the service manager is told')
            tap.equal(daemon.stop(), 0, 'ends with 0')


def main():
    with gate.Site() as site:
        unix = socket.socket(socket.AF_UNIX)
        unix.bind(os.path.join(site.folder, 'held.sock'))
        unix.listen(1024)
        tcp = socket.socket()
        tcp.bind(('127.0.0.1', 0))
        tcp.listen(1024)
        with unix, tcp:
            test_supervised(site, (unix, tcp))
            test_restarts(site, (unix, tcp))
            test_refused(site, (unix, tcp))
            test_notify(site, (unix, tcp))
    tap.done()


if __name__ == '__main__':
    main()
