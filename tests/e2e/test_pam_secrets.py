"""What came to the daemon from PAM is nowhere afterwards: in no file or log,
not in its memory; and the module leaves no more of it in its host than the
host's own conversation does."""

import os
import subprocess
import time

import gate
import pam_world
import sessions
import tap
import test_sessions_secrets as secrets

SHOWN = 'waiting'


def use(site, world):
    """Logins of each kind, good, bad and while Authgear is down."""
    texts = []

    def log_in(kind, text, user='alice'):
        world.run('web', user, text, ('auth', 'account'))
        texts.append((kind, text))
    for fault in ('none', 'outage', 'drop'):
        site.sim.fault(fault, sessions.RESOLVER)
        sessions.no_backoff(site)
        for kind in ('opaque', 'session', 'JWT'):
            who = sessions.Person(site.sim.control, 'alice', (kind,))
            log_in(kind, who.text[kind])
            log_in(kind, who.text[kind], 'bob')
    site.sim.fault('none')
    sessions.no_backoff(site)
    log_in('refresh', site.sim.token(kind='refresh'))
    log_in('bad JWT', site.sim.token(session=True, tamper='signature'))
    log_in('a guess', pam_world.OPAQUE)
    return texts


def test_daemon(world):
    with gate.Site(settings=secrets.SETTINGS) as site, site.daemon(
            environment=secrets.WIPING, arguments=[
                '--threads', '2', '--listen',
                'unix:%s,serve=ask,mode=0666' % world.socket]) as daemon:
        sessions.warm(daemon, site.sim.control)
        texts = use(site, world)
        time.sleep(1)           # what goes on behind an answer
        wanted = secrets.all_parts(texts)
        secrets.test_files(site, wanted)
        secrets.test_memory(daemon, wanted, 'of the daemon')
        secrets.test_no_core(daemon)
        daemon.stop()
        secrets.test_files(site, wanted)
        found = secrets.look(world.said.encode(), wanted)
        tap.equal(found, set(), "nor in the host's log")


def remains_of(world, service, text):
    """How often the secret is in a host's memory after auth and account, in
    what was freed too."""
    reader, writer = os.pipe()
    command = ['sh', '-c', 'exec "$@" 3<&%d' % reader, 'sh',
               tap.program('tests/e2e/pam_host'), world.services, service,
               'alice', 'auth', 'account', 'setcred', 'wait']
    environment = {'PATH': '/usr/bin:/bin'}
    with subprocess.Popen(command, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, env=environment,
                          pass_fds=[reader]) as host:
        try:
            host.stdin.write(text.encode())
            host.stdin.close()
            codes = []
            for line in host.stdout:
                if line.decode().strip() == SHOWN:
                    break
                codes.append(line.decode().strip())
            found = secrets.remains(host.pid, {text[-32:].encode(): service})
        finally:
            os.write(writer, b'x')
            os.close(writer)
            os.close(reader)
            host.wait(gate.PATIENCE)
    return codes, sum(found.values())


def test_host(world):
    """The host keeps what it read, and libpam wipes what it was given."""
    world.service('plain', ['auth required pam_unix.so nodelay',
                            'account required pam_permit.so'])
    for kind, text in (('opaque', pam_world.OPAQUE),
                       ('session', pam_world.SESSION),
                       ('jwt', pam_world.JWT[:-32] + pam_world.OPAQUE)):
        _, plain = remains_of(world, 'plain', text)
        tap.ok(plain > 0, 'what the host itself keeps is found: ' + kind,
               plain)
        for name, answer in (('granted', pam_world.granted('alice')),
                             ('denied', pam_world.refusal(401, 'not-live')),
                             ('broken', b'x')):
            world.listener.answer = answer
            codes, ours = remains_of(world, 'web', text)
            tap.ok(ours <= plain, '%s, %s: the module leaves none' % (
                kind, name), (codes, ours, plain))
            if name == 'granted':
                tap.equal(codes[:2], ['auth 0', 'account 0'],
                          kind + ': it was a login')


class Listening(pam_world.World):
    """Keeps all that was logged."""

    said = ''

    def run(self, *arguments, **options):
        got = super().run(*arguments, **options)
        self.said += got.log + got.out
        return got


def main():
    world = Listening()
    try:
        world.service('web', ['auth required MODULE policy=default',
                              'account required MODULE policy=default'])
        world.listen()
        test_host(world)
        world.deaf()
        test_daemon(world)
    finally:
        world.__exit__()
    tap.done()


main()
