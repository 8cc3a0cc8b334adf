"""What every host of the PAM module must do, for each way to log in there.

    with pam_site.Site() as site:
        pam_cases.run(site, pam_hosts.Dovecot(site))
"""

import re
import threading
import uuid

import gate
import pam_root
import pam_site
import tap
from pam_hosts import AUTH_ERR, PERM_DENIED, UNAVAIL

DEBUG, INFO, NOTICE, WARNING = 7, 6, 5, 4
WAIT = 'account required pam_exec.so quiet ' + pam_site.BETWEEN
# the second variant of README and pam_authgear(8)
OUTAGES_IGNORED = ('account  [success=ok ignore=ignore '
                   'authinfo_unavail=ignore default=bad]')


class Lines:
    """What the module said in the system log, and how often Authgear was
    asked, from when this was made."""

    def __init__(self, site, service):
        self.site, self.service = site, service
        self.mark = site.log.mark()
        self.lookups = site.lookups() if site.sim else 0

    def all(self, debug=False):
        """(priority, phase, text)"""
        pattern = re.compile(r'pam_authgear\(%s:(\w+)\): (.*)$' %
                             re.escape(self.service), re.DOTALL)
        found = []
        for priority, line in self.site.log.since(self.mark, 'pam_authgear'):
            match = pattern.search(line)
            if match is None:
                found.append((priority & 7, '?', line))
            elif debug or priority & 7 < DEBUG:
                found.append((priority & 7, match.group(1), match.group(2)))
        return found

    def asked(self):
        """How often Authgear was."""
        return self.site.lookups() - self.lookups


def name(way, what):
    return '%s: %s' % (way.name, what)


def has(lines, wanted):
    """Exactly these: (priority, phase, word that the text holds)."""
    return len(lines) == len(wanted) and all(
        line[:2] == want[:2] and want[2] in line[2]
        for line, want in zip(lines, wanted))


def check(way, got, what, ok, lines, wanted, user='alice', text=AUTH_ERR,
          pattern=None):
    """One login came out as it must: the result, the module's lines, and not
    a byte more at the client."""
    pattern = pattern or way.wire(ok, user, text)
    tap.ok(got.ok == ok and has(lines, wanted), name(way, what),
           (got.ok, lines, wanted, got.said))
    tap.ok(re.fullmatch(pattern, got.wire, re.DOTALL), name(
        way, what + ': nothing foreign on the wire'), (got.wire, pattern))


def granted(phase):
    return INFO, phase, 'granted: account='


GRANTED = [granted('auth'), granted('account')]


def carries(site, way):
    """Each credential: the table of which host carries what."""
    for kind, carried in way.carries.items():
        lines = Lines(site, way.host.service)
        password = site.alice[kind]
        got = way.login('alice', password)
        said = lines.all()
        if carried:
            check(way, got, '%s of %d bytes' % (kind, len(password)), True,
                  said, GRANTED)
            tap.ok(all(' user=alice host=%s' % way.host.address in line[2] and
                       'sub=' + site.alice.name in line[2] and
                       'policy=' + way.host.policy in line[2]
                       for line in said), name(way, 'who, where from'), said)
            continue
        check(way, got, '%s of %d bytes is too long' % (kind, len(password)),
              False, said, way.told_of_cut, pattern=way.cut('alice'))
        tap.equal(lines.asked(), 0, name(way, 'Authgear is not asked'))


def refused(site, way):
    lines = Lines(site, way.host.service)
    got = way.login('alice', site.bob['session'])
    said = lines.all()
    check(way, got, 'the credential of somebody else', False, said,
          [(NOTICE, 'auth', 'wrong-account')])
    tap.ok(site.bob.name in said[0][2] and 'authgear-cache map add' in
           said[0][2], name(way, 'who it is of, and the command'), said)
    for user in way.host.root_users:
        lines = Lines(site, way.host.service)
        got = way.login(user, getattr(site, user).log_in('session'))
        wanted = [] if user == 'root' else [
            (NOTICE, 'auth', 'refused: the account has uid 0')]
        check(way, got, '%s with a good credential' % user, False,
              lines.all(), wanted, user)
        tap.equal(lines.asked(), 0 if user == 'root' else 1, name(
            way, '%s: how often Authgear is asked' % user))


def ordinary_password(site, way):
    """A Unix password that looks like an opaque token goes nowhere."""
    lines = Lines(site, way.host.service)
    before = site.daemon.log()
    got = way.login('alice', pam_root.UNIX_PASSWORD)
    check(way, got, 'a Unix password of 32 letters and digits', True,
          lines.all(), [])
    tap.equal(lines.asked(), 0, name(way, 'Authgear is not asked about it'))
    fresh = site.daemon.log()[len(before):]     # lines, one a decision
    tap.ok(not re.search(r' credential=[0-9a-f]|phase=auth', fresh),
           name(way, 'nor is the daemon'), fresh)
    lines = Lines(site, way.host.service)
    got = way.login('alice', 'correct horse, wrong password')
    check(way, got, 'a wrong one', False, lines.all(), [])
    site.cache('revoke', 'user', site.alice.name)
    got = way.login('alice', pam_root.UNIX_PASSWORD)
    tap.ok(got.ok, name(way, 'the Unix password of a user signed out'), got)
    site.cache('lift', 'user', site.alice.name)
    site.cache('block', 'user', site.alice.name)
    lines = Lines(site, way.host.service)
    got = way.login('alice', pam_root.UNIX_PASSWORD)
    check(way, got, 'the Unix password of a blocked user', False,
          lines.all(), [(NOTICE, 'account', 'refused: user-blocked')],
          text=PERM_DENIED)
    site.cache('lift', 'user', site.alice.name)
    site.daemon_stop()
    lines = Lines(site, way.host.service)
    got = way.login('alice', pam_root.UNIX_PASSWORD)
    check(way, got, 'a Unix password, and nobody behind the socket', False,
          lines.all(), [(WARNING, 'account', 'within 1 s (deadline)')],
          text=UNAVAIL)
    site.daemon_up()


def revoked(site, way):
    for kind in [kind for kind in ('session', 'jwt') if way.carries[kind]]:
        password = site.alice.log_in(kind)
        got = way.login('alice', password)
        tap.ok(got.ok, name(way, 'a fresh %s' % kind), got)
        site.revoke(password)
        lines = Lines(site, way.host.service)
        got = way.login('alice', password)
        check(way, got, '%s revoked between two logins' % kind, False,
              lines.all(), [(NOTICE, 'auth', 'refused: revoked')])
    password = site.alice.log_in('session')
    site.cache('block', 'user', site.alice.name)
    lines = Lines(site, way.host.service)
    got = way.login('alice', password)
    check(way, got, 'a blocked user', False, lines.all(),
          [(NOTICE, 'auth', 'refused: user-blocked')])
    site.cache('lift', 'user', site.alice.name)
    got = way.login('alice', password)
    tap.ok(got.ok, name(way, 'and lifted'), got)


def between_phases(site, way):
    """After auth, before account."""
    def act(what):
        worker = threading.Thread(target=site.between, args=(what,))
        worker.start()
        got = way.login('alice', password)
        worker.join(gate.PATIENCE)
        return got
    password = site.alice.log_in('session')
    for what, do, reason, text in (
            ('revoked', lambda: site.revoke(password), 'revoked', AUTH_ERR),
            ('blocked', lambda: site.cache('block', 'user', site.alice.name),
             'user-blocked', PERM_DENIED)):
        password = site.alice.log_in('session')
        lines = Lines(site, way.host.service)
        got = act(do)
        check(way, got, what + ' between auth and account', False,
              lines.all(), [granted('auth'), (
                  NOTICE, 'account', 'refused: ' + reason)], text=text)
    site.cache('lift', 'user', site.alice.name)
    password = site.alice.log_in('session')
    lines = Lines(site, way.host.service)
    got = act(lambda: site.alice.log_out('session'))
    check(way, got, 'signed out at Authgear in between: seen after '
          'session_ttl, not here', True, lines.all(), GRANTED)


def says(way, got, text, what):
    """The code, as the host tells it."""
    tap.ok(text in got.said, name(way, '%s: the code is "%s"' % (
        what, text)), got.said)


def daemon_down(site, way):
    password = site.alice.log_in('session')
    way.login('alice', password)
    site.daemon_down()
    lines = Lines(site, way.host.service)
    got = way.login('alice', password)
    check(way, got, 'no daemon', False, lines.all(),
          [(WARNING, 'auth', 'undecided: nobody answers at ' +
            pam_site.ASK)], text=UNAVAIL)
    if way.tells_code:
        says(way, got, UNAVAIL, 'no daemon')
    site.hold()
    lines = Lines(site, way.host.service)
    got = way.login('alice', password)
    check(way, got, 'nobody behind the socket', False, lines.all(),
          [(WARNING, 'auth', 'within 1 s (deadline)')], text=UNAVAIL)
    site.daemon_up()
    lines = Lines(site, way.host.service)
    got = way.login('alice', password)
    check(way, got, 'the daemon is back', True, lines.all(), GRANTED)


def outages_ignored(site, way):
    """The variant for whom Unix logins must go on."""
    site.daemon_down()
    lines = Lines(site, way.host.service)
    got = way.login('alice', pam_root.UNIX_PASSWORD)
    check(way, got, 'no daemon, a Unix password, outages ignored', True,
          lines.all(), [(WARNING, 'account', 'undecided')])
    lines = Lines(site, way.host.service)
    got = way.login('alice', site.alice['session'])
    check(way, got, 'and a credential then', False, lines.all(),
          [(WARNING, 'auth', 'undecided')], text=UNAVAIL)
    site.daemon_up()
    site.cache('block', 'user', site.alice.name)
    lines = Lines(site, way.host.service)
    got = way.login('alice', pam_root.UNIX_PASSWORD)
    check(way, got, 'a block holds there too', False, lines.all(),
          [(NOTICE, 'account', 'user-blocked')], text=PERM_DENIED)
    site.cache('lift', 'user', site.alice.name)


def authgear_down(site, host):
    warm = {way: site.alice.log_in('session') for way in host.ways}
    cold = {way: site.alice.log_in('session') for way in host.ways}
    for way, password in warm.items():
        tap.ok(way.login('alice', password).ok, name(way, 'a login before'))
    site.authgear_down()
    for way in host.ways:
        lines = Lines(site, host.service)
        got = way.login('alice', cold[way])
        check(way, got, 'Authgear is down', False, lines.all(),
              [(WARNING, 'auth', 'undecided: resolver-unreachable')],
              text=UNAVAIL)
        if way.tells_code:
            says(way, got, UNAVAIL, 'Authgear is down')
        lines = Lines(site, host.service)
        got = way.login('alice', warm[way])
        check(way, got, 'Authgear is down, a session that is known', True,
              lines.all(), GRANTED)
    site.authgear_up()
    way = host.ways[0]
    # nobody is asked while the daemon backs off
    gate.until(lambda: way.login('alice', site.alice.log_in('session')).ok,
               'a login once Authgear is back')
    tap.ok(True, name(way, 'Authgear is back'))


def unknown_user(site, way):
    """Asked about as everybody is, unless the host hides the password."""
    user = 'nobody-' + uuid.uuid4().hex[:8]
    lines = Lines(site, way.host.service)
    got = way.login(user, site.alice['session'])
    said = lines.all(debug=True)
    wanted = (DEBUG, 'auth', "sshd's fake password") if \
        way.host.service == 'sshd' else (NOTICE, 'auth', 'wrong-account')
    check(way, got, 'an account that is not there', False, said, [wanted],
          user)


def run(site, host):
    """All of it; the example's lines are changed as each case says."""
    kinds = ['accept=jwt,session', 'accept=session']
    stack = host.service
    for way in host.ways:
        site.pam(stack, add='deadline=1')
        if host.has_unix:
            ordinary_password(site, way)
        site.pam(stack, drop=kinds, add='deadline=1')
        carries(site, way)
        refused(site, way)
        if host.has_unknown:
            unknown_user(site, way)
        revoked(site, way)
        daemon_down(site, way)
        site.pam(stack, drop=kinds, before=[WAIT])
        between_phases(site, way)
        if host.has_unix:
            site.pam(stack, text=site.example(stack).replace(
                'account required                                           '
                'pam_authgear', OUTAGES_IGNORED + ' pam_authgear'))
            outages_ignored(site, way)
    site.pam(stack, drop=kinds)
    authgear_down(site, host)
