"""The simulator of Authgear, for tests, benches and the demonstration.

    with sim.Sim() as authgear:
        token = authgear.mint(roles=['staff'])
        authgear.fault('/oauth2/jwks', 'hang')
        authgear.counts()['/oauth2/jwks']

Keyword arguments of mint() are the members of /_sim/mint (see
authgear-sim --help).
"""

import http.client
import json
import os
import ssl
import subprocess
import urllib.parse

import tap


class Sim:
    """One authgear-sim on a free port of loopback."""

    def __init__(self, build=None, origin=None, listen='127.0.0.1:0',
                 cert=None, key=None, log=None):
        self.program = os.path.join(build or tap.BUILD,
                                    'tests/sim/authgear-sim')
        self.options = ['--listen', listen]
        if origin:
            self.options += ['--public-origin', origin]
        if cert:
            self.options += ['--tls-cert', cert, '--tls-key', key]
        self.public_origin = origin
        self.log = log
        self.child = None
        self.connection = None
        self.url = None
        self.origin = None
        self.host = None
        self.port = None

    def start(self):
        errors = open(self.log, 'ab') if self.log else subprocess.DEVNULL
        self.child = subprocess.Popen([self.program] + self.options,
                                      stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=errors)
        if self.log:
            errors.close()
        line = self.child.stdout.readline().decode('ascii')
        if not line.startswith('listening on '):
            self.stop()
            raise RuntimeError('authgear-sim did not start: %r' % line)
        self.url = line.split()[2]
        parts = urllib.parse.urlsplit(self.url)
        self.host, self.port = parts.hostname, parts.port
        self.origin = self.public_origin or self.url
        return self

    def stop(self):
        """End it; what it served is gone, as when Authgear is down."""
        if self.connection:
            self.connection.close()
            self.connection = None
        if self.child:
            self.child.terminate()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
            self.child.stdout.close()
            self.child = None

    def __enter__(self):
        return self if self.child else self.start()

    def __exit__(self, *exception):
        self.stop()

    # control

    def _connect(self):
        if self.url.startswith('https:'):
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return http.client.HTTPSConnection(self.host, self.port,
                                               timeout=60, context=context)
        return http.client.HTTPConnection(self.host, self.port, timeout=60)

    def control(self, name, **body):
        """POST to /_sim/NAME; the JSON answer."""
        text = json.dumps(body)
        for attempt in (1, 2):
            if self.connection is None:
                self.connection = self._connect()
            try:
                self.connection.request('POST', '/_sim/' + name, text)
                answer = self.connection.getresponse()
                data = json.loads(answer.read())
                break
            except (ConnectionError, http.client.BadStatusLine):
                # a kept connection that the simulator has closed meanwhile
                self.connection.close()
                self.connection = None
                if attempt == 2:
                    raise
        if answer.status != 200:
            raise RuntimeError('%s: %s' % (name, data))
        return data

    def mint(self, **members):
        """One token."""
        return self.control('mint', **members)['token']

    def mint_whole(self, **members):
        """{'token': ..., 'claims': ..., 'kid': ...}"""
        return self.control('mint', **members)

    def mint_many(self, count, **members):
        """`count` tokens, each with its own jti (and sub, unless given)."""
        return self.control('mint', count=count, **members)['tokens']

    def rotate(self, keep=True):
        """A new signing key; its kid."""
        return self.control('rotate', keep=keep)['kid']

    def retire(self, kid):
        self.control('retire', kid=kid)

    def fault(self, path, fault, **members):
        self.control('fault', path=path, fault=fault, **members)

    def no_fault(self):
        self.control('fault', path='*', fault='none')

    def clock(self, offset=0, at=0):
        """Off by `offset` seconds, or standing still at a time."""
        self.control('clock', offset=offset, at=at)

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
        """As an application does, with /oauth2/revoke."""
        connection = self._connect()
        try:
            connection.request('POST', '/oauth2/revoke',
                               urllib.parse.urlencode({'token': token}))
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def settings(self, **members):
        """trust_proxy, hosts, cookie_prefix, cookie_domain, amr"""
        return self.control('resolver', **members)

    def resolve(self, headers=(), path='/resolve', method='GET'):
        """An answer of the resolver: status, headers (a list), body."""
        connection = self._connect()
        try:
            names = [name.lower() for name, _ in headers]
            connection.putrequest(method, path, skip_host='host' in names,
                                  skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            body = answer.read().decode('utf-8')
            return answer.status, answer.getheaders(), body
        finally:
            connection.close()

    def counts(self):
        return self.control('counts')

    def count(self, path):
        return self.counts().get(path, 0)

    def reset_counts(self):
        self.control('reset-counts')

    def requests(self):
        return self.control('requests')['requests']
