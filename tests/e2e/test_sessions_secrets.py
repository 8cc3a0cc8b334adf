"""No credential is left in a file, in a log or, once it was answered, in the
memory of the daemon: hashes only.  Neither in what is in use (the C library is
told to overwrite what is freed, so that all that is found is) nor, as it
comes, in what was freed."""

import os
import re
import time

import fastcgi
import gate
import sessions
import tap

SETTINGS = {'validate': 'hybrid', 'lookup_rate': '60000',
            'log_grants': 'yes', 'session_ttl': '5'}
WIPING = {'GLIBC_TUNABLES':
          'glibc.malloc.perturb=90:glibc.malloc.tcache_count=0'}
SHORTEST = 16           # so much of one is as good as found


def parts(text):
    """What would be found of it: its secret, whole or its two halves."""
    secret = text.rsplit('.', 1)[-1]
    half = max(len(secret) // 2, SHORTEST)
    return {secret[:half].encode(), secret[-half:].encode()}


def all_parts(texts):
    return {part: kind for kind, text in texts for part in parts(text)}


def look(data, wanted):
    return {kind for part, kind in wanted.items() if part in data}


def test_files(site, wanted):
    found, count = [], 0
    for folder, _, names in os.walk(site.folder):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.isfile(path):
                continue        # a socket
            with open(path, 'rb') as file:
                data = file.read()
            count += 1
            found += [(name, kind) for kind in look(data, wanted)]
    tap.ok(count > 6, 'files of the run were read', count)
    tap.equal(found, [], 'no credential in any of them')


def mappings(pid):
    """Start, end and name of what can be read."""
    with open('/proc/%d/maps' % pid) as maps:
        for line in maps:
            got = re.match(r'([0-9a-f]+)-([0-9a-f]+) r(\S+) \S+ \S+ \S+ *(.*)',
                           line)
            if got and got.group(4) not in ('[vvar]', '[vsyscall]'):
                yield (int(got.group(1), 16), int(got.group(2), 16),
                       got.group(4).strip() or 'anonymous')


def remains(pid, wanted):
    """{(kind, mapping): how often} in the memory of the process."""
    found = {}
    with open('/proc/%d/mem' % pid, 'rb', 0) as memory:
        for start, end, name in mappings(pid):
            try:
                memory.seek(start)
                data = memory.read(end - start)
            except (OSError, ValueError):
                continue
            for part, kind in wanted.items():
                count = data.count(part)
                if count:
                    at = (kind, os.path.basename(name))
                    found[at] = found.get(at, 0) + count
                    if os.environ.get('AUTHGEAR_TEST_VERBOSE'):
                        where = data.index(part)
                        tap.note('%r in %s: %r' % (kind, name, data[max(
                            0, where - 80):where + 60]))
    return found


def test_memory(daemon, wanted, what):
    try:
        found = remains(daemon.pid, wanted)
    except PermissionError as error:
        tap.skip('no credential in the memory of the daemon', error)
        return
    tap.equal(found, {}, 'no credential in the memory ' + what)
    # or the look was for nothing
    tap.ok(remains(daemon.pid, {daemon.path.encode(): 'path'}),
           'what is there is found')


def test_no_core(daemon):
    with open('/proc/%d/limits' % daemon.pid) as limits:
        line = [one for one in limits if 'core file' in one][0]
    tap.equal(line.split()[4:6], ['0', '0'], 'no core file of the daemon')


def use(site, daemon):
    """Requests of each kind, good, bad and while Authgear is down; all of
    their texts."""
    texts = []

    def both(who, kind):
        for role in (fastcgi.AUTHORIZER, fastcgi.RESPONDER):
            sessions.ask(daemon.path, who.way[kind], role=role)
        sessions.ask(('127.0.0.1', daemon.port), who.way[kind])
        texts.append((kind, who.text[kind]))

    for fault in ('none', 'outage', 'drop', 'wrong-type', 'silent'):
        site.sim.fault(fault, sessions.RESOLVER)
        sessions.no_backoff(site)
        for kind in sessions.KINDS:
            both(sessions.Person(site.sim.control, kinds=(kind,)), kind)
    site.sim.fault('none')
    sessions.no_backoff(site)
    refresh = site.sim.token(kind='refresh')
    bad = site.sim.token(session=True, tamper='signature')
    for name, said, text in (
            ('refresh', ('Bearer ' + refresh, None), refresh),
            ('bad JWT', ('Bearer ' + bad, None), bad),
            ('basic', ('Basic dG9wOnNlY3JldHNlY3JldHNlY3JldA==', None),
             'dG9wOnNlY3JldHNlY3JldHNlY3JldA=='),
            ('too long', ('Bearer ' + 'x9' * 20000, None), 'x9' * 40),
            ('foreign cookie', (None, 'session=Zm9yZWlnbi1jb29raWUtb2Y'),
             'Zm9yZWlnbi1jb29raWUtb2Y')):
        sessions.ask(daemon.path, said)
        texts.append((name, text))
    return texts


def run(environment, what):
    with gate.Site(settings=SETTINGS) as site, site.daemon(
            environment=environment,
            arguments=['--threads', '2']) as daemon:
        sessions.warm(daemon, site.sim.control)
        texts = use(site, daemon)
        time.sleep(2.5)         # what goes on behind an answer
        wanted = all_parts(texts)
        test_files(site, wanted)
        lines = [line for line in daemon.log().splitlines()
                 if 'decision=' in line]
        tap.ok(len(lines) > 50, 'the log tells of the decisions', len(lines))
        tap.equal([line for line in lines if 'credential=' in line and
                   not re.search(r' credential=[0-9a-f]{16} ', line)], [],
                  'by the first digits of their hashes')
        test_memory(daemon, wanted, what)
        test_no_core(daemon)
        daemon.stop()
        test_files(site, wanted)


def main():
    run(WIPING, 'that is in use')
    run(None, 'that was freed either')
    tap.done()


if __name__ == '__main__':
    main()
