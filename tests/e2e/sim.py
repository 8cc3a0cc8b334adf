"""The simulator of Authgear, for tests, benches and the demonstration.

    with sim.Sim() as authgear:
        token = authgear.token(roles=['staff'])
        authgear.fault('hang', '/oauth2/jwks')
        authgear.count('/oauth2/jwks')

Keyword arguments are the members that the control takes (see authgear-sim
--help).
"""

import contextlib
import http.client
import json
import shutil
import ssl
import tempfile
import threading
import urllib.parse

import process
import tap


class Sim(process.Process):
    """authgear-sim on a free port of loopback, or that port.  Its log is in
    `folder`; `tls` is a certificate and its key, `origin` the public one."""

    def __init__(self, folder=None, port=0, name='sim', tls=None, origin=None,
                 arguments=()):
        self.scratch = self.kept = None
        if folder is None:
            folder = self.scratch = tempfile.mkdtemp(prefix='authgear-sim-')
        self.is_tls = tls is not None
        command = [tap.program('tests/sim/authgear-sim'), '--listen',
                   '127.0.0.1:%d' % port, *arguments]
        if origin:
            command += ['--public-origin', origin]
        if tls:
            command += ['--tls-cert', tls[0], '--tls-key', tls[1]]
        super().__init__(name, command, folder)
        try:
            self.wait_for('listening on ', self.out)
            process.until(lambda: self.log(self.out).endswith('\n'), 'a line')
        except BaseException:
            self.end()
            raise
        self.url = self.log(self.out).split()[2]
        parts = urllib.parse.urlsplit(self.url)
        self.host, self.port = parts.hostname, parts.port
        self.origin = origin or self.url
        self.lock, self.kept = threading.Lock(), self._connect()

    def end(self):
        super().end()
        if self.kept:
            self.kept.close()
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)

    def _connect(self):
        if not self.is_tls:
            return http.client.HTTPConnection(self.host, self.port,
                                              timeout=process.PATIENCE)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(
            self.host, self.port, timeout=process.PATIENCE, context=context)

    def control(self, name, /, **body):
        """POST to /_sim/NAME; the JSON answer.  All of them are on one
        connection, which counts() counts once."""
        with self.lock:
            try:
                status, data = self._ask(name, body)
            except (ConnectionError, http.client.HTTPException):
                # closed by the simulator meanwhile
                self.kept.close()
                status, data = self._ask(name, body)
        if status != 200:
            raise RuntimeError('%s: %s' % (name, data))
        return data

    def _ask(self, name, body):
        self.kept.request('POST', '/_sim/' + name, json.dumps(body))
        answer = self.kept.getresponse()
        return answer.status, json.loads(answer.read())

    def mint(self, **members):
        """{'token': ..., 'claims': ..., 'kid': ...}"""
        return self.control('mint', **members)

    def token(self, **members):
        return self.mint(**members)['token']

    def tokens(self, count, **members):
        """Each with its own jti (and sub, unless given)."""
        made = []
        while len(made) < count:
            made += self.mint(count=min(count - len(made), 1000),
                              **members)['tokens']
        return made

    def rotate(self, keep=True):
        """A new signing key; its kid."""
        return self.control('rotate', keep=keep)['kid']

    def retire(self, kid):
        self.control('retire', kid=kid)

    def fault(self, fault, path='*', **members):
        self.control('fault', path=path, fault=fault, **members)

    def no_fault(self):
        self.fault('none')

    def clock(self, offset=0, at=0):
        """Off by `offset` seconds, or standing still at a time."""
        self.control('clock', offset=offset, at=at)

    def counts(self):
        return self.control('counts')

    def count(self, path):
        return self.counts().get(path, 0)

    def reset_counts(self):
        self.control('reset-counts')

    def requests(self):
        return self.control('requests')['requests']

    # users and sessions, for the resolver

    def user(self, **members):
        """Make or change a user; the user."""
        return self.control('user', **members)

    def session(self, **members):
        """Make or change a session; the session."""
        return self.control('session', **members)

    def logout(self, **members):
        """End session=ID with its group, or all of user_id=ID."""
        self.control('logout', **members)

    def revoke(self, token):
        """As an application does, with /oauth2/revoke; the status."""
        with contextlib.closing(self._connect()) as connection:
            connection.request('POST', '/oauth2/revoke',
                               urllib.parse.urlencode({'token': token}))
            answer = connection.getresponse()
            answer.read()
            return answer.status

    def settings(self, **members):
        """trust_proxy, hosts, cookie_prefix, cookie_domain, amr"""
        return self.control('resolver', **members)

    def resolve(self, headers=(), path='/resolve', method='GET'):
        """An answer of the resolver: status, headers (a list), body."""
        names = [name.lower() for name, _ in headers]
        with contextlib.closing(self._connect()) as connection:
            connection.putrequest(method, path, skip_host='host' in names,
                                  skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return (answer.status, answer.getheaders(),
                    answer.read().decode('utf-8'))
