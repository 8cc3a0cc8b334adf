"""authgear-fcgi under valgrind: no error and no leak, whatever is asked.

Only its memory is looked at here; that the answers are right in every detail
is for test_fastcgi.py.
"""

import re
import shutil
import signal

import fastcgi
import gate
import tap

PATIENCE = 300          # seconds; valgrind, on a machine that is busy
ERRORS = 99
WRAPPER = ['valgrind', '--quiet', '--error-exitcode=%d' % ERRORS,
           '--leak-check=full', '--show-leak-kinds=definite,indirect',
           '--errors-for-leak-kinds=definite,indirect', '--track-fds=no',
           '--num-callers=30']
POLICIES = {
    'default': {},
    'admins': {'require_role': 'admin'},
    'scoped': {'require_scope': 'openid photos'},
    'fresh': {'max_authentication_age': '300'},
    'machines': {'clients': 'm2m1'},
}
JUNK = (
    b'', b'\0' * 8, b'GET / HTTP/1.0\r\n\r\n', b'\xff' * 4096,
    fastcgi.begin() + b'\1\4\0\1', fastcgi.begin(role=fastcgi.FILTER),
    fastcgi.begin() + fastcgi.record(fastcgi.PARAMS, b'\xff\xff\xff\xff'),
    fastcgi.begin() + fastcgi.record(fastcgi.ABORT),
)


def reason(daemon, token, policy='default', role=fastcgi.AUTHORIZER):
    params = [('AUTHGEAR_POLICY', policy), ('REQUEST_METHOD', 'GET'),
              ('REQUEST_URI', '/'), ('REMOTE_ADDR', '192.0.2.7')]
    if token is not None:
        params.append(('HTTP_AUTHORIZATION', 'Bearer ' + token))
    answer = fastcgi.ask(daemon.path, params, role, PATIENCE)
    if answer is None:
        return None
    return answer.headers.get('x-authgear-reason', str(answer.status))


def ask_everything(site, daemon):
    good = site.sim.token()
    cases = (
        (good, 'default', '200'),
        (good, 'default', '200'),
        (None, 'default', 'no-credential'),
        ('nonsense', 'default', 'malformed'),
        (site.sim.token(kind='id'), 'default', 'wrong-type'),
        (site.sim.token(clock_offset=-7200), 'default', 'expired'),
        (good[:-8] + 'AAAAAAAA', 'default', 'bad-signature'),
        (good, 'admins', 'role-missing'),
        (good, 'scoped', 'scope-missing'),
        (good, 'machines', 'client-not-allowed'),
        (good, 'nowhere', 'policy-unknown'),
    )
    for token, policy, wanted in cases:
        for role in (fastcgi.AUTHORIZER, fastcgi.RESPONDER):
            tap.equal(reason(daemon, token, policy, role), wanted,
                      '%s, policy %s, role %d' % (wanted, policy, role))


def send_junk(daemon):
    for junk in JUNK:
        with fastcgi.connect(daemon.path, PATIENCE) as peer:
            try:
                peer.sendall(junk)
            except OSError:
                pass
    tap.equal(reason(daemon, None), 'no-credential', 'answers after junk')


def rotate_keys(site, daemon):
    site.sim.rotate()
    got = reason(daemon, site.sim.token())
    # unsettled while the last fetch is not long ago
    tap.ok(got in ('200', 'key-unsettled'), 'a new key', got)


def main():
    if shutil.which('valgrind') is None:
        tap.skip('valgrind', 'not installed')
        tap.done()
    settings = {'connect_timeout': '30', 'total_timeout': '60'}
    with gate.Site(settings, POLICIES) as site:
        with site.daemon(wrapper=WRAPPER,
                         environment={'DEBUGINFOD_URLS': ''}) as daemon:
            ask_everything(site, daemon)
            send_junk(daemon)
            rotate_keys(site, daemon)
            daemon.send(signal.SIGTERM)
            status = daemon.wait(PATIENCE)
            log = daemon.log()
        if not tap.equal(status, 0, 'ends with status 0'):
            tap.note(log[-4000:])
        tap.ok(not re.search(r'^==\d+==', log, re.M),
               'valgrind finds nothing', log[-4000:])
    tap.done()


if __name__ == '__main__':
    main()
