"""Requests without a pause while something else is done."""

import threading
import time

import gate


class Client(threading.Thread):
    """Asks again and again; counts good answers, keeps the others."""

    def __init__(self, ask, good=200):
        super().__init__(daemon=True)
        self.ask, self.status = ask, good
        self.good, self.wrong = 0, []
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                answer = self.ask()
            except OSError as error:
                answer = error
            if getattr(answer, 'status', None) == self.status:
                self.good += 1
            else:
                self.wrong.append(answer)

    def some(self):
        """Until there are a few more."""
        good = self.good
        gate.until(lambda: self.good > good + 10 or self.wrong, 'answers')

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join(90)


class Load:
    """Each asker without a pause; when each question began."""

    def __init__(self, askers):
        self.answers = []
        self.stop = threading.Event()
        self.last = [0] * len(askers)   # when each began what was answered
        self.threads = [threading.Thread(target=self.work, args=pair,
                                         daemon=True)
                        for pair in enumerate(askers)]

    def work(self, number, ask):
        while not self.stop.is_set():
            begun = time.monotonic()
            got = ask()
            self.answers.append((begun, got))
            self.last[number] = begun

    def since(self, moment, count):
        """Answers to at least so many requests that began after it, of
        everybody who asks."""
        enough = len(self.answers) + count + len(self.threads)
        gate.until(lambda: len(self.answers) >= enough and
                   min(self.last) > moment,
                   'answers to %d requests' % count, 3600)
        return [got for begun, got in list(self.answers) if begun > moment]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join(gate.PATIENCE)
