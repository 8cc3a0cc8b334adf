"""Many requests at once through lighttpd, nginx and Apache: each answer
carries its own user, and no request fails while keys rotate.

$AUTHGEAR_TEST_REQUESTS is how many there are in all (5000)."""

import concurrent.futures
import http.client
import os
import threading

import checker
import process
import tap
from checker import values

REQUESTS = int(os.environ.get('AUTHGEAR_TEST_REQUESTS') or 5000)
CONNECTIONS = 64
USERS = ('alice', 'bob')


class Count:
    def __init__(self):
        self.lock = threading.Lock()
        self.right = 0
        self.wrong = []

    def add(self, held, detail):
        with self.lock:
            if held:
                self.right += 1
            else:
                self.wrong.append(detail)


def get(link, path, token):
    link.request('GET', path, headers={'Authorization': 'Bearer ' + token})
    answer = link.getresponse()
    return checker.Answer(answer.status, answer.getheaders(), answer.read())


def client(world, name, user, token, requests, count):
    """One connection after another of one user, kept while it lives."""
    port = world.servers[name].port
    link = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
    path = '/fcgi/x' if name.startswith('nginx') else '/app/x'
    for number in range(requests):
        # A server may end an idle connection just when it is used again.
        for attempt in (1, 2):
            try:
                found = get(link, path, token())
                break
            except (OSError, http.client.HTTPException) as error:
                link.close()
                found = None
                if attempt == 2 or number == 0:
                    count.add(False, '%s: %r' % (name, error))
                    break
        if found is not None:
            shown = found.shown()
            held = shown is not None and \
                values(shown, 'REMOTE_USER') == ['login-' + user]
            count.add(held, '%s wanted %s: %s' % (name, user, found))
    link.close()


def two_users(world):
    tokens = {user: world.token(user, lifetime=3600) for user in USERS}
    each = max(1, REQUESTS // (len(world.names) * CONNECTIONS * len(USERS)))
    for name in world.names:
        count = Count()
        with concurrent.futures.ThreadPoolExecutor(
                CONNECTIONS * len(USERS)) as pool:
            for user in USERS:
                for _ in range(CONNECTIONS):
                    pool.submit(client, world, name, user,
                                lambda user=user: tokens[user], each, count)
        tap.ok(not count.wrong and count.right == each * CONNECTIONS * 2,
               '%s: %d answers, each with its own user' % (
                   name, count.right), '\n'.join(count.wrong[:3]))


def rotation(world):
    """Tokens of the old and of the new key, while the set is renewed."""
    held = {'token': world.token(lifetime=3600)}
    count = Count()
    threads = [threading.Thread(target=client, args=(
        world, name, 'alice', lambda: held['token'], 150, count))
        for name in world.names for _ in range(2)]
    for thread in threads:
        thread.start()
    world.sim.rotate()
    # Authgear serves a new key before it signs with it; so the daemon has
    # looked, for one that asked early, before the others come.
    fresh = world.token(lifetime=3600)
    ready = process.eventually(
        lambda: all(world.is_open(name, fresh) for name in world.names), 60)
    held['token'] = fresh
    for thread in threads:
        thread.join()
    tap.ok(ready, 'the new key is learnt', world.said()[-1000:])
    tap.ok(not count.wrong, '%d requests while keys rotate, none failed' %
           count.right, '\n'.join(count.wrong[:3]))


with checker.World() as here:
    two_users(here)
    rotation(here)
tap.done()
