"""A host that has functions by the names of jansson's, SQLite's and OpenSSL's,
and one that links json-c, whose json_object_get is another than jansson's:
nothing of the host's is called, and no library comes in but the module."""

import os
import subprocess

import gate
import pam_world
import sessions
import tap

SETTINGS = {'validate': 'hybrid', 'lookup_rate': '60000'}


def run(program, services, user, password):
    """{word: values} of what the host prints."""
    run_ = subprocess.run(
        [tap.program('tests/e2e/' + program), services, 'web', user],
        input=password.encode(), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=gate.PATIENCE, check=False,
        env={'PATH': '/usr/bin:/bin'})
    found = {}
    for line in run_.stdout.decode(errors='replace').splitlines():
        word, _, rest = line.partition(' ')
        found.setdefault(word, []).append(rest)
    return found


def main():
    world = pam_world.World()
    try:
        world.service('web', ['auth required MODULE policy=default',
                              'account required MODULE policy=default'])
        with gate.Site(settings=SETTINGS) as site, site.daemon(arguments=[
                '--listen', 'unix:%s,serve=ask,mode=0666' % world.socket]):
            who = sessions.Person(site.sim.control, 'alice',
                                  ('opaque', 'session', 'JWT'))
            good = ['0'], ['0'], ['42'], ['0']
            for program in ('pam_symbols', 'pam_symbols_json'):
                for kind, text in who.text.items():
                    got = run(program, world.services, 'alice', text)
                    tap.equal(tuple(got.get(word) for word in (
                        'auth', 'account', 'own', 'called')), good,
                        '%s: %s' % (program, kind))
                    tap.equal([os.path.basename(name) for name in
                               got.get('library', [])], ['pam_authgear.so'],
                              '%s: %s: the module alone was loaded' % (
                                  program, kind))
                got = run(program, world.services, 'bob', who.text['session'])
                tap.equal((got.get('auth'), got.get('called')), (
                    [str(pam_world.AUTH_ERR)], ['0']),
                    '%s: somebody else' % program)
    finally:
        world.__exit__()
    tap.done()


main()
