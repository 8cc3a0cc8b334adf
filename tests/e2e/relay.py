"""A relay in front of a server, as a load balancer or a firewall is one.

    with relay.Relay(port) as front:
        front.port              # leads to `port`
        front.freeze()          # its connections swallow everything from now
                                # on; new ones work
        front.delay = 0.5       # seconds that answers are held back
        front.answer = b'HTTP/1.1 403 ...'      # to each request, in place of
                                # what is behind; None: it is asked
        front.asked             # requests that came
        front.swallowed         # requests that came on such a connection
        front.accepted          # connections so far
        front.idle()            # those that are open and not frozen
"""

import socket
import threading
import time


class Pair:
    """A connection and the one behind it."""

    def __init__(self, relay, near, far):
        self.relay, self.near, self.far = relay, near, far
        self.frozen = False
        self.over = False

    def start(self):
        for way in ((self.near, self.far), (self.far, self.near)):
            threading.Thread(target=self.carry, args=way,
                             daemon=True).start()

    def carry(self, source, sink):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                if source is self.far and self.relay.delay:
                    time.sleep(self.relay.delay)
                if source is self.near and self.relay.take(self, data):
                    continue
                if not self.frozen:
                    sink.sendall(data)
        except OSError:
            pass
        if source is self.near or not self.frozen:
            self.end()

    def end(self):
        self.over = True
        for one in (self.near, self.far):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Relay:
    def __init__(self, to, host='127.0.0.1', port=0):
        self.to = to
        self.lock = threading.Lock()
        self.pairs = []
        self.accepted = 0
        self.swallowed = 0
        self.delay = 0
        self.answer = None
        self.asked = 0
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, port))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(('127.0.0.1', self.to))
            except OSError:
                return
            pair = Pair(self, near, far)
            with self.lock:
                self.accepted += 1
                self.pairs.append(pair)
            pair.start()

    def take(self, pair, data):
        """Counts; 1: what came is not for the server behind."""
        count = data.count(b'\r\n\r\n')
        answer = self.answer    # once: it may change behind what is sent
        with self.lock:
            self.asked += count
            # what is encrypted comes in one piece as well; that a
            # connection is closed is told in a small one
            self.swallowed += (count or len(data) > 64) if pair.frozen else 0
        if not pair.frozen and answer is not None:
            pair.near.sendall(answer * count)
        return pair.frozen or answer is not None

    def freeze(self):
        """All that are open now; how many."""
        with self.lock:
            open_now = [one for one in self.pairs if not one.over]
            for one in open_now:
                one.frozen = True
            return len(open_now)

    def idle(self):
        with self.lock:
            return sum(not (one.over or one.frozen) for one in self.pairs)

    def cut(self):
        """All that are open end at once, as when a box restarts."""
        with self.lock:
            for one in self.pairs:
                one.end()

    def close(self):
        for step in (lambda: self.listener.shutdown(socket.SHUT_RDWR),
                     self.listener.close):
            try:
                step()
            except OSError:
                pass
        self.thread.join(10)
        self.cut()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
