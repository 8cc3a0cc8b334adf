"""What the nginx module takes for the daemon, and says what a test wants.

    class Mine(nginx_daemon.Daemon):
        def say(self, stream, number, asked, count): stream.write(records(...))
"""

import contextlib
import os
import socket
import struct
import threading

import backend

HEAD = ('Status: 200 OK\r\nX-Authgear-Decision: granted\r\n'
        'X-Authgear-Policy: %s\r\nX-Authgear-Remote-User: %s\r\n'
        'X-Authgear-Request-Id: 0123456789abcdef\r\n%s\r\n')


def read_begin(stream):
    """The first record of a question, and the question's id."""
    head = stream.read(8)
    if len(head) < 8:
        raise EOFError
    return (head[1], stream.read(8)), struct.unpack('>H', head[2:4])[0]


def records(text, number, policy=None):
    """An answer; of the kind that the policy is named after."""
    data = struct.pack('>BBHHBx', 1, 6, number, len(text), 0) + text
    end = struct.pack('>BBHHBx', 1, 3, number, 8, 0) + bytes(8)
    if policy == 'stderr':
        data += struct.pack('>BBHHBx', 1, 7, number, 1, 0) + b'x'
    if policy == 'overloaded':
        end = end[:12] + b'\x02' + end[13:]
    if policy == 'empty':
        data = b''
    if policy == 'no-end':
        end = b''
    return data + end


class Daemon(backend.Listener):
    """Asks as pairs, connections as they are open."""

    def __init__(self, path, held=None):
        self.asks, self.numbers, self.made, self.open = [], [], 0, 0
        self.lock = threading.Lock()
        self.peers = set()
        self.over = False
        if not held and os.path.exists(path):
            os.remove(path)
        super().__init__(path, held)

    def _serve(self, peer):
        with self.lock:
            self.made += 1
            self.open += 1
            self.peers.add(peer)
        super()._serve(peer)
        with self.lock:
            self.open -= 1
            self.peers.discard(peer)

    def serve(self, stream):
        while True:
            begin, number = read_begin(stream)
            params = backend.read_params(stream)
            backend.read_record(stream)
            asked = dict(params)
            with self.lock:
                self.asks.append((begin, params))
                self.numbers.append(number)
                policy = asked.get('AUTHGEAR_POLICY')
                count = sum(dict(pairs).get('AUTHGEAR_POLICY') == policy
                            for _, pairs in self.asks)
            if policy is None:      # a login's return
                raise EOFError
            self.say(stream, number, asked, count)
            stream.flush()

    def say(self, stream, number, asked, count):
        """One answer; EOFError: the connection ends."""
        raise NotImplementedError

    def end_all(self):
        """The connections; one may have ended by itself meanwhile."""
        with self.lock:
            peers = list(self.peers)
        for peer in peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.end_all()
