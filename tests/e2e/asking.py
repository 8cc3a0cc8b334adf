"""Asks the daemon as pam_authgear.so does, without one.

    with asking.World(site) as world:
        got = asking.ask(world.path, account='alice', credential=text)
        asking.verdict(got) == asking.granted('alice')
"""

import os
import random
import string

import fastcgi
import gate
import sessions

UID = os.geteuid()
NOT_BLOCKED = ('not-blocked', 200, None)


def params(policy='mail', account='alice', credential=None, phase='auth',
           service='tests', address=None):
    pairs = [('AUTHGEAR_ASK', '1'), ('AUTHGEAR_POLICY', policy),
             ('AUTHGEAR_PHASE', phase), ('AUTHGEAR_ACCOUNT', account)]
    if credential is not None:
        pairs.append(('AUTHGEAR_CREDENTIAL', credential))
    return pairs + [('AUTHGEAR_SERVICE', service),
                    ('REMOTE_ADDR', address or sessions.address())]


def send(path, pairs):
    return fastcgi.ask(path, pairs, timeout=gate.PATIENCE)


def ask(path, **question):
    return send(path, params(**question))


def granted(account):
    return 'granted', 200, account


def refused(reason):
    """By a rule."""
    return 'forbidden', 403, reason


def verdict(got):
    """(decision, status, account or reason)"""
    if got is None:
        return None, None, None
    head = got.headers
    if got.status == 200:
        return (head.get('variable-authgear_decision'), 200,
                head.get('variable-remote_user'))
    return (head.get('x-authgear-decision'), got.status,
            head.get('x-authgear-reason'))


def meaning(got):
    return got.headers.get('x-authgear-meaning', '')


def guess():
    """What looks like an opaque token."""
    letters = string.ascii_letters + string.digits
    return ''.join(random.choices(letters, k=32))


class World:
    """A daemon that serves `ask` beside `auth`; alice and bob, each with an
    account of that name."""

    kinds = ('opaque', 'session', 'JWT')

    def __init__(self, site, arguments=(), **options):
        self.site = site
        self.path = os.path.join(site.folder, 'ask.sock')
        self.texts = set()
        for name in ('alice', 'bob'):
            person = sessions.Person(self.control, 'user-of-' + name,
                                     self.kinds)
            setattr(self, name, person)
            site.cache('map', 'add', person.name, name)
        self.daemon = site.daemon(arguments=[
            '--listen', 'unix:%s,serve=ask' % self.path] + list(arguments),
            **options)
        sessions.warm(self.daemon, self.control)

    def control(self, name, **body):
        """Of the simulator; remembers what it mints."""
        answer = self.site.sim.control(name, **body)
        if 'token' in answer:
            self.texts.add(answer['token'])
        return answer

    def secrets(self):
        return self.texts

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.daemon.end()
