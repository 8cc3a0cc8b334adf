"""A PAM service directory, a listener that answers what a test says, and a
host: what the tests of pam_authgear.so share.

    with pam_world.World() as world:
        world.service('web', ['auth required MODULE policy=web'])
        world.run('web', 'alice', TOKEN).codes    # {'auth': 0, ...}
"""

import collections
import os
import shutil
import struct
import subprocess
import tempfile
import threading

import backend
import fastcgi
import tap

SUCCESS, SERVICE_ERR, BUF_ERR, PERM_DENIED, AUTH_ERR, UNAVAIL = \
    0, 3, 5, 6, 7, 9
AUTHTOK_ERR, IGNORE = 20, 25
OPAQUE = 'K7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu'
SESSION = '1b4e28ba-2fa1-41d2-883f-0016d3cca427.' + OPAQUE
JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.' + 'A' * 342
MODULE = tap.program('.libs/pam_authgear.so')
ROOT_USER = 'root'

Run = collections.namedtuple('Run', 'codes prompts env log out status')


def end(app=0, protocol=0):
    return fastcgi.record(fastcgi.END, struct.pack('>IB3x', app, protocol))


def stdout(text):
    data = text if isinstance(text, bytes) else text.encode()
    return fastcgi.record(6, data)


def granted(user, **more):
    lines = {'REMOTE_USER': user, 'AUTHGEAR_DECISION': 'granted',
             'AUTHGEAR_USER_ID': 'id-' + user}
    lines.update(more)
    head = 'Status: 200 OK\r\n' + ''.join(
        'Variable-%s: %s\r\n' % pair for pair in lines.items())
    return stdout(head + '\r\n') + end()


def refusal(status, reason, meaning='what it means'):
    return stdout('Status: %d No\r\nX-Authgear-Reason: %s\r\n'
                  'X-Authgear-Meaning: %s\r\n'
                  'X-Authgear-Request-Id: 0123456789abcdef\r\n\r\n{}\n' % (
                      status, reason, meaning)) + end()


NOT_BLOCKED = stdout('Status: 200 OK\r\n'
                     'Variable-AUTHGEAR_DECISION: not-blocked\r\n\r\n') + end()


class Listener(backend.Listener):
    """Answers with `answer`: bytes, or a function of the parameters that
    gives bytes, None (close) or 'hang'.  `asked` keeps the parameters."""

    def __init__(self, path, held=None):
        self.answer, self.asked = b'', []
        self.over = threading.Event()
        super().__init__(path, held)

    def serve(self, stream):
        pairs = backend.read_params(stream)
        self.asked.append(dict(pairs))
        assert len(pairs) == len(dict(pairs))
        answer = self.answer
        if callable(answer):
            answer = answer(dict(pairs))
        if answer == 'hang':
            self.over.wait(60)
        elif answer is not None:
            stream.write(answer)

    def stop(self):
        self.over.set()
        super().stop()


class World:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='authgear-pam-')
        os.chmod(self.dir, 0o755)
        self.socket = os.path.join(self.dir, 'ask.sock')
        self.services = os.path.join(self.dir, 'pam.d')
        os.mkdir(self.services)
        self.service('other', ['auth required pam_deny.so'])
        self.log = os.path.join(self.dir, 'log')
        self.count = 0
        self.listener = None

    def __enter__(self):
        self.listen()
        return self

    def __exit__(self, *_):
        self.deaf()
        shutil.rmtree(self.dir, ignore_errors=True)

    def listen(self):
        self.listener = Listener(self.socket)

    def deaf(self):
        if self.listener:
            self.listener.stop()
            os.unlink(self.socket)
        self.listener = None

    def service(self, name, lines):
        """MODULE in a line is the module, with socket= put in."""
        own = '%s socket=%s daemon_user=root' % (MODULE, self.socket)
        with open(os.path.join(self.services, name), 'w') as file:
            file.write(''.join(line.replace('MODULE', own) + '\n'
                               for line in lines))
        return name

    def module(self, options='policy=web', control='required', also=()):
        """A service of the module alone in both phases."""
        self.count += 1
        return self.service('s%d' % self.count, [
            '%s %s MODULE %s' % (kind, control, options)
            for kind in ('auth', 'account', 'session')] + list(also))

    def run(self, service, user='alice', password=OPAQUE, phases=('auth',),
            arguments=(), environment=None, data=None, wrapper=(),
            timeout=120):
        open(self.log, 'w').close()
        os.chmod(self.log, 0o666)
        preload = tap.program('tests/e2e/.libs/pam_preload.so')
        command = list(wrapper) + [tap.program('tests/e2e/pam_host')] + \
            list(arguments) + [self.services, service, user] + list(phases)
        given = {'PATH': '/usr/bin:/bin', 'PAM_TEST_LOG': self.log,
                 'LD_PRELOAD': preload}
        given.update(environment or {})
        run = subprocess.run(
            command, input=password.encode('latin-1') if data is None else
            data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=given, timeout=timeout, check=False)
        out = run.stdout.decode('latin-1')
        codes, env, prompts = {}, {}, None
        for line in out.splitlines():
            word, _, rest = line.partition(' ')
            if word == 'prompts':
                prompts = int(rest)
            elif word == 'env':
                name, _, value = rest.partition('=')
                env[name] = value
            elif rest.lstrip('-').isdigit():
                codes[word] = int(rest)
        with open(self.log, errors='replace') as log:
            said = log.read()
        return Run(codes, prompts, env, said, out, run.returncode)
