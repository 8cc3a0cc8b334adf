"""Many logins at once: guesses over ssh cost Authgear no more than the budget
allows, and nobody else a login; a cold token is looked up once; an Authgear
that is gone is not asked again by everybody."""

import pam_root

# beside others: it has namespaces of its own
pam_root.enter()

import concurrent.futures
import random
import string

import gate
import pam_cases
import pam_site
import pam_ssh
import tap
from sessions import RESOLVER

RATE = 200              # lookup_rate; one address gets no more than a tenth
GUESSES, AT_ONCE = 100, 5


def guess():
    letters = string.ascii_letters + string.digits
    return ''.join(random.choices(letters, k=32))


def at_once(count, login):
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(login, range(count)))


def test_one_lookup(site, way):
    """Five parallel logins of one user with one cold token."""
    password = site.alice.log_in('opaque')
    site.sim.fault('delay', RESOLVER, seconds=1)
    lines = pam_cases.Lines(site, 'sshd')
    got = at_once(AT_ONCE, lambda _: way.attempt('alice', password))
    tap.ok(all(ok for ok, _ in got), 'five logins with one cold token', got)
    tap.equal(lines.asked(), 1, 'one lookup')
    site.sim.fault('none')


def test_guesses(site, way):
    known = [(site.alice, site.alice['session']),
             (site.bob, site.bob['opaque'])]
    for who, password in known:
        # the daemon may still back off from what was before
        gate.until(lambda: way.attempt(who.account, password)[0],
                   'a login of ' + who.account)
    guesses = [guess() for _ in range(GUESSES)]
    site.secrets += guesses
    lines = pam_cases.Lines(site, 'sshd')
    results = []

    def log_in(number):
        results.append(way.attempt('alice', guesses[number])[0])
        if number % 20 == 10:
            for who, password in known:
                results.append(way.attempt(who.account, password)[0] is
                               not True)
    at_once(GUESSES, log_in)
    tap.equal(results.count(True), 0, '%d guesses are refused, and who is '
              'known gets in meanwhile' % GUESSES)
    said = lines.all()
    ways = {word: sum(word in text for _, _, text in said) for word in
            ('refused: not-live', 'undecided: busy', 'granted: ')}
    tap.ok(ways['refused: not-live'] + ways['undecided: busy'] == GUESSES,
           'one line each, with its cause', (ways, said[:3]))
    # they may lie in two minutes; and somebody vouches for the address
    tap.ok(0 < lines.asked() <= RATE // 4 * 2, 'Authgear is asked no oftener '
           'than a quarter of lookup_rate a minute', lines.asked())
    tap.note('note: %d guesses, %d lookups' % (GUESSES, lines.asked()))
    for who, password in known:
        tap.ok(way.attempt(who.account, password)[0], 'then too: ' +
               who.account)


def test_dead(site, way):
    """After the first failures nobody waits for Authgear."""
    known = site.dave.log_in('session')
    tap.ok(way.attempt('dave', known)[0], 'a login before')
    cold = [site.dave.log_in('session') for _ in range(6)]
    site.sim.fault('hang', RESOLVER)
    asked = []
    for number, password in enumerate(cold):
        lines = pam_cases.Lines(site, 'sshd')
        got = way.login('dave', password)
        tap.ok(not got.ok and 'undecided: resolver-unreachable' in
               ''.join(text for _, _, text in lines.all()),
               'Authgear hangs: undecided, login %d' % number, lines.all())
        asked.append(lines.asked())
    tap.ok(asked[0] >= 1 and 0 in asked[1:], 'then it is not asked at all '
           'for a while: the answer comes at once', asked)
    tap.note('note: lookups of six logins: %r' % asked)
    tap.ok(way.attempt('dave', known)[0], 'who is known gets in')
    site.sim.fault('none')


def main():
    with pam_site.Site(lookup_rate=str(RATE)) as site:
        site.pam('sshd', drop=['accept=session'])
        way = pam_ssh.Sshd(site).ways[1]
        test_one_lookup(site, way)
        test_dead(site, way)
        test_guesses(site, way)
        pam_site.finish(site)
    tap.done()


main()
