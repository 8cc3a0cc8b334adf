"""stderr that is the journal (JOURNAL_STREAM): the priority of each line, and
the name and pid, which the journal notes by itself, not once more."""

import os
import re
import signal
import socket
import threading

import fastcgi
import gate
import tap


class Journal:
    """A stream socket as systemd gives it to a service, and its reader."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        told = os.fstat(self.theirs.fileno())
        self.stream = '%d:%d' % (told.st_dev, told.st_ino)
        self.text = ''
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            more = self.ours.recv(65536)
            if not more:
                return
            self.text += more.decode('utf-8', 'replace')

    def start(self, site, *arguments, stream=None):
        return gate.Process(
            'journal', [tap.program('authgear-fcgi'), *arguments],
            site.folder, {'JOURNAL_STREAM': stream or self.stream},
            stdout=self.theirs, stderr=self.theirs)

    def lines(self):
        """What it holds, once nobody writes to it any more."""
        self.theirs.close()
        self.reader.join(gate.PATIENCE)
        self.ours.close()
        return self.text.splitlines()

    def has(self, text):
        gate.until(lambda: text in self.text, text)


def priority_of(lines, text):
    found = [re.match(r'<(\d)>', line) for line in lines if text in line]
    return [match.group(1) if match else None for match in found]


def test_running(site):
    journal = Journal()
    path = site.folder + '/journal.sock'
    with journal.start(site, '--config', site.config, '--listen',
                       'unix:' + path) as child:
        journal.has('ready: listening')
        answer = fastcgi.ask(path, {'AUTHGEAR_POLICY': 'default'})
        tap.equal(answer.status, 401, 'a refusal')
        for _ in range(150):
            fastcgi.ask(path, {'AUTHGEAR_POLICY': 'nobody'})
        child.send(signal.SIGHUP)
        journal.has('SIGHUP')
        tap.equal(child.stop(), 0, 'ends with 0')
    lines = journal.lines()
    for what, priority in (('names no clients', '4'), ('ready:', '6'),
                           ('reason=no-credential', '6'), ('SIGHUP', '4'),
                           ('ended by a signal', '6')):
        tap.equal(priority_of(lines, what), [priority],
                  '%s: priority %s' % (what, priority))
    tap.ok(set(priority_of(lines, 'decision=forbidden')) == {'6'}
           and len(lines) > 100, 'refusals are no warnings', lines[-5:])
    tap.ok(lines and all(re.match(r'<[346]>', line) for line in lines),
           'each line has one', lines)
    tap.ok(not any('authgear-fcgi' in line or '[%d]' % child.pid in line
                   for line in lines), 'none has name or pid', lines)


def test_failing(site):
    for what, arguments, status, said in (
            ('settings', ('--config', site.folder + '/none.conf',
                          '--listen', '127.0.0.1:0'), 1, 'none.conf'),
            ('usage', ('--nonsense',), 2, '--nonsense'),
            ('syslog', ('--config', site.folder + '/none.conf', '--log',
                        'syslog', '--listen', '127.0.0.1:0'), 1,
             'none.conf')):
        journal = Journal()
        child = journal.start(site, *arguments)
        tap.equal(child.wait(), status, what + ': ends')
        lines = journal.lines()
        tap.equal(priority_of(lines, said), ['3'],
                  what + ': said once, as an error')
        tap.ok('authgear-fcgi' not in ''.join(lines),
               what + ': without the name', lines)


def test_another(site):
    """A stream that was another's: as by hand."""
    journal = Journal()
    child = journal.start(site, '--config', site.folder + '/none.conf',
                          '--listen', '127.0.0.1:0', stream='1:1')
    child.wait()
    tap.ok(re.match(r'authgear-fcgi\[%d\]: error: .*none\.conf' % child.pid,
                    journal.lines()[0]), 'another stream: name and pid',
           journal.text)


def main():
    with gate.Site() as site:
        test_running(site)
        test_failing(site)
        test_another(site)
    tap.done()


if __name__ == '__main__':
    main()
