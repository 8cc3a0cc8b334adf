"""What something in front of Authgear answers in its place, and a resolver
that is slow: who is served meanwhile, how often it is asked, and what the log
says.  Real sockets."""
# beside others: it mostly waits

import threading
import time

import beside
import gate
import sessions
import tap
from network import World

UNREACHABLE, FAULT = sessions.ERRORS
UNSETTLED = (503, 'session-unsettled')
PACE = 0.01             # between two questions: the cases share a CPU
PAGE = b'<html><head><title>Blocked</title></head>' + b'<p>no</p>' * 2000


def answer(status, *lines, body=b'no\n'):
    return b'\r\n'.join((b'HTTP/1.1 ' + status,) + lines + (
        b'Content-Length: %d' % len(body), b'', body))


ANSWERS = (
    ('301', answer(b'301 Moved', b'Location: https://elsewhere.example/'),
     FAULT),
    ('302 to itself', answer(b'302 Found', b'Location: ' +
                             sessions.RESOLVER.encode()), FAULT),
    ('304', b'HTTP/1.1 304 Not Modified\r\n\r\n', FAULT),
    ('401', answer(b'401 Unauthorized', b'WWW-Authenticate: Basic'), FAULT),
    ('403, a large page', answer(b'403 Forbidden', body=PAGE), FAULT),
    ('403, chunked', b'HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n'
     b'3\r\nno\n\r\n0\r\n\r\n', FAULT),
    ('404', answer(b'404 Not Found'), FAULT),
    ('407', answer(b'407 Proxy Authentication Required'), FAULT),
    ('429', answer(b'429 Too Many Requests'), FAULT),
    ('429, a large page', answer(b'429 Too Many Requests', body=PAGE), FAULT),
    ('200, a page', answer(b'200 OK', body=PAGE[:900]), FAULT),
    ('200, a large page', answer(b'200 OK', body=PAGE), FAULT),
    ('204 and facts of nobody', b'HTTP/1.1 204 No Content\r\n'
     b'X-Authgear-Session-Valid: true\r\n\r\n', FAULT),
    ('a banner', b'SSH-2.0-OpenSSH_9.2\r\n', FAULT),
    ('half a head', b'HTTP/1.1 200 OK\r\nX: \0\r\n\r\n', FAULT),
    ('500', answer(b'500 No'), UNREACHABLE),
    ('503, a large page', answer(b'503 No', body=PAGE), UNREACHABLE),
)


def due(world, seconds=20):
    """All rows are older than session_ttl; no back-off holds."""
    sessions.set_age(world.site, seconds)
    sessions.no_backoff(world.site)


def until_live(world, said):
    gate.until(lambda: world.say(said) == sessions.LIVE, 'Authgear is back')


def test_answers(world, answers):
    """Two live sessions, asked on for two seconds each time, and two that
    nobody asked for until they are too old."""
    people = world.people(2)
    old = [sessions.Person(world.site.sim.control, kinds=('JWT',))
           for _ in range(2)]
    unasked = [who.way['JWT'] for who in old]
    for said in people + unasked:
        tap.equal(world.say(said), sessions.LIVE, 'live')
    for what, data, target in answers:
        due(world)
        world.front.answer = data
        world.front.asked = 0
        end, got = time.monotonic() + 2, set()
        while time.monotonic() < end:
            got |= {world.say(said) for said in people}
            time.sleep(PACE)
        tap.equal(got, {sessions.LIVE}, what + ': live sessions are served')
        tap.ok(2 <= world.front.asked <= 20, what + ': it backs off',
               world.front.asked)
        sessions.no_backoff(world.site)
        begun = time.clock_gettime(time.CLOCK_BOOTTIME) - 60.001
        changed = sessions.change_rows(
            world.site, 'UPDATE session SET started = ? WHERE user_id IN '
            '(?, ?)', int(begun * 1000), *[who.name for who in old])
        tap.equal((changed, {world.say(said) for said in unasked}),
                  (2, {target}),
                  what + ': older than stale_if_error, and why')
        world.front.answer = None
        sessions.no_backoff(world.site)
        until_live(world, people[0])


def test_log(world):
    """What live sessions hide is told to the operator: of one session, then
    of all, once each."""
    said, other = world.people(2)
    until_live(world, said)
    until_live(world, other)
    due(world)
    before = world.daemon.log()
    world.front.answer = answer(b'403 Forbidden')
    got = set()
    for _ in range(100):
        got.add(world.say(said))
        time.sleep(0.01)
    tap.equal(got, {sessions.LIVE}, 'served meanwhile')

    def told():
        return [line for line in world.daemon.log()[len(before):].splitlines()
                if 'resolver-fault' in line]
    gate.until(told, 'a line of the log')
    tap.ok(len(told()) == 1 and 'status 403' in told()[0] and
           'about the one session' in told()[0] and
           'stale_if_error' in told()[0], 'one line, with the cause', told())
    tap.equal(world.say(other), sessions.LIVE, 'another one is served too')
    gate.until(lambda: len(told()) > 1, 'a second line')
    tap.ok(len(told()) == 2 and 'about the one' not in told()[1] and
           'stale_if_error' in told()[1], 'now it is of all', told())
    world.front.answer = None
    due(world)
    until_live(world, said)
    gate.until(lambda: 'resolver answers again' in
               world.daemon.log()[len(before):], 'the end of it in the log')
    tap.ok(True, 'and one when it is over')


def test_refused_text(world):
    """Something in front of Authgear dislikes what a stranger sends."""
    said = world.people(1)[0]
    until_live(world, said)
    world.front.answer = answer(b'400 Request Header Or Cookie Too Large')
    for number in range(10):
        got = world.say(('Bearer ' + '%032d' % number, None))
        tap.equal(got, FAULT, 'a stranger: undecided')
    world.front.answer = None
    sessions.set_age(world.site, 20)
    world.front.asked = 0
    tap.equal(world.say(said), sessions.LIVE, 'everybody else: granted')
    tap.equal(world.front.asked, 1, 'and Authgear is asked')


def test_retry_after(world):
    people = world.people(3)
    for said in people[:2]:
        until_live(world, said)
    for status in (b'429 Too Many Requests', b'503 Service Unavailable'):
        target = FAULT if status.startswith(b'4') else UNREACHABLE
        due(world)
        world.front.asked = 0
        world.front.answer = answer(status, b'Retry-After: 30', body=PAGE)
        tap.equal(world.say(people[0]), sessions.LIVE, 'told to wait: served')
        world.front.answer = None
        before = world.front.asked
        got = [world.say(said) for said in people * 20]
        tap.equal((set(got[0::3] + got[1::3]), set(got[2::3])),
                  ({sessions.LIVE}, {target}),
                  'nobody else, until it is over')
        tap.ok(before >= 1 and world.front.asked == before,
               'nobody is asked meanwhile', (before, world.front.asked))
        one = sessions.ask(world.daemon.path, people[2])
        tap.ok(20 <= int(one.headers.get('retry-after', 0)) <= 30,
               'and clients are told', one.headers)
        sessions.no_backoff(world.site)


def ask_due(world, said, prepare):
    """The answer and how often Authgear was asked for it (on a busy machine
    once more on another connection); once more where nobody was, since a row
    was written late."""
    for _ in range(5):
        due(world)
        prepare()
        before = world.front.asked
        got = world.say(said)
        if world.front.asked != before:
            break
    return got, world.front.asked - before


def after_one(world, data):
    """What is asked after the next question is answered so."""
    before = world.front.asked

    def wait():
        gate.until(lambda: world.front.asked > before, 'a question')
        world.front.answer = data
    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_crash(world):
    """Authgear's database goes: one absent, then errors or nothing."""
    sim = world.site.sim
    people = world.people(3)
    for said in people:
        until_live(world, said)
        got, asked = ask_due(world, said, lambda: sim.fault(
            'silent', sessions.RESOLVER, count=1))
        tap.ok(got == sessions.LIVE and asked in (2, 3),
               'one absent, then live: asked twice, granted', (got, asked))
    for said, data in zip(people, (answer(b'503 No'), answer(b'403 No'),
                                   b'HTTP/1.1 no\r\n\r\n')):
        threads = []

        def prepare(data=data, threads=threads):
            sim.fault('silent', sessions.RESOLVER, count=1)
            threads.append(after_one(world, data))
        got, asked = ask_due(world, said, prepare)
        for thread in threads:
            thread.join()
        tap.ok(got == sessions.LIVE and asked >= 2,
               'one absent, then an outage: asked twice, served',
               (got, asked))
        tap.equal(world.say(said), sessions.LIVE, 'and so on')
        world.front.answer = None
        sessions.no_backoff(world.site)
        until_live(world, said)
    for said in people:
        got, asked = ask_due(world, said, lambda: sim.fault(
            'silent', sessions.RESOLVER))
        tap.ok(got == sessions.NOT_LIVE and asked in (2, 3),
               'two absent: not live', (got, asked))
        world.front.answer = answer(b'503 No')
        time.sleep(1.1)         # absent_ttl
        tap.equal(world.say(said), UNREACHABLE, 'and never stale after it')
        world.front.answer = None
        sim.no_fault()
        sessions.no_backoff(world.site)


def test_slow(held, allowed):
    """Held back by so much, with total_timeout 2: a logged-out token."""
    for absent_ttl in ('1', '5'):
        with World(total_timeout='2', session_ttl='30',
                   absent_ttl=absent_ttl, stale_if_error='60') as world:
            for kind in ('JWT', 'session'):
                slow_logout(world, kind, held, allowed)


def slow_logout(world, kind, held, allowed):
    who = sessions.Person(world.site.sim.control, kinds=(kind,))
    until_live(world, who.way[kind])
    who.log_out(kind)
    due(world, 40)
    world.front.delay = held
    got = []
    # as a client does that comes again when it is told to
    for _ in range(3):
        one = sessions.ask(world.daemon.path, who.way[kind])
        got.append(one[:2])
        if one.status != 503:
            break
        tap.equal(one.headers.get('retry-after'), '1', 'come again soon')
        time.sleep(1)
    world.front.delay = 0
    tap.ok(got[-1] == sessions.NOT_LIVE and got[0] in allowed and
           set(got[:-1]) <= {UNSETTLED},
           'held back %s s, logged out: %s' % (held, kind), got)


def alone(test, *arguments):
    """In a world of its own."""
    with World(session_ttl='1', stale_if_error='60', total_timeout='5',
               absent_ttl='1') as world:
        test(world, *arguments)


def main():
    # from 0.8 s on a busy machine may have no time for the second question
    slow = ((0.3, (sessions.NOT_LIVE,)),
            (0.8, (UNSETTLED, sessions.NOT_LIVE)),
            (1.0, (UNSETTLED, sessions.NOT_LIVE)))
    beside.run(
        *[('answers %d' % part, alone, test_answers, ANSWERS[part::3])
          for part in range(3)],
        ('the log', alone, test_log),
        ('refused text', alone, test_refused_text),
        ('Retry-After', alone, test_retry_after),
        ('a crash', alone, test_crash),
        *[('slow by %s' % one[0], test_slow, *one) for one in slow])
    tap.done()


main()
