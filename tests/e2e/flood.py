"""Random tokens, many a second, from addresses of one's choice: a process of
its own, which waits for no answer.

    with flood.Flood(daemon.path, addresses) as attack:
        ...
    attack.answers      # {'401 not-live': 280, '503 busy': 20000}
"""

import collections
import json
import os
import random
import select
import socket
import string
import time

import fastcgi
import sessions

LETTERS = string.ascii_letters + string.digits
RATE = 1000             # a second
OPEN = 400              # connections at a time
READ = 65536


def token():
    return ''.join(random.choices(LETTERS, k=32))


def use_up(path, client):
    """That address may bring nobody any more who is not known."""
    for _ in range(1000):
        if sessions.say(path, ('Bearer ' + token(), None),
                        client=client) == (503, 'busy'):
            return
    raise TimeoutError('no end of what may be asked in vain')


class Flood:
    """`addresses(number)` is the address of each request."""

    def __init__(self, path, addresses, rate=RATE):
        self.path, self.addresses, self.rate = path, addresses, rate
        self.answers, self.sent, self.seconds = {}, 0, 0

    def __enter__(self):
        ours, theirs = socket.socketpair()
        self.child = os.fork()
        if self.child == 0:
            ours.close()
            try:
                self._run(theirs)
                os._exit(0)
            finally:
                os._exit(1)
        theirs.close()
        self.control = ours
        return self

    def __exit__(self, *_):
        self.control.shutdown(socket.SHUT_WR)
        with self.control.makefile() as said:
            text = said.read()
        self.control.close()
        os.waitpid(self.child, 0)
        self.answers, self.sent, self.seconds = json.loads(text)

    def _send(self, number):
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.setblocking(False)
        try:
            peer.connect(self.path)
            peer.send(fastcgi.request(sessions.params(
                ('Bearer ' + token(), None),
                client=self.addresses(number))))
            return peer
        except OSError:
            peer.close()
            return None

    def _run(self, control):
        begun, sent, peers = time.monotonic(), 0, {}
        answers = collections.Counter()
        poll = select.epoll()
        poll.register(control, select.EPOLLIN)
        while True:
            due = int((time.monotonic() - begun) * self.rate) - sent
            for _ in range(min(due, 50, OPEN - len(peers))):
                peer = self._send(sent)
                sent += 1
                if peer is not None:
                    peers[peer.fileno()] = peer
                    poll.register(peer, select.EPOLLIN)
            for fileno, _ in poll.poll(0.005):
                if fileno == control.fileno():
                    control.sendall(json.dumps((
                        answers, sent, time.monotonic() - begun)).encode())
                    return
                peer = peers.pop(fileno)
                poll.unregister(peer)
                answers[self._meaning(peer)] += 1
                peer.close()

    @staticmethod
    def _meaning(peer):
        """What was said, in one record or two that come at once."""
        try:
            head = fastcgi.parse(peer.recv(READ)[8:])
        except OSError:
            return 'broken'
        return '%s %s' % (head.status, head.headers.get('x-authgear-reason'))
