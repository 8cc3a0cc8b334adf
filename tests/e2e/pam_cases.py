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
KINDS = ['accept=jwt,session', 'accept=session']
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
BY = ' by=authgear-check'
NOBODY = 'undecided: nobody answers at ' + pam_site.ASK


class Trial:
    """Logins by one way, while the daemon is there."""

    note = ''           # behind the name of a test
    is_answered = True  # by whomever
    is_helped = False

    def __init__(self, site, way):
        self.site, self.way, self.host = site, way, way.host
        self.lines = None

    def expect(self, what, password, ok, wanted, user='alice', text=AUTH_ERR,
               asks=True, **more):
        """A login, and what the module said.  Where it asks, ok, lines and
        code are those of an answer by the daemon."""
        if asks:
            ok, wanted, text = self.outcome(ok, wanted, text)
        self.lines = Lines(self.site, self.host.service)
        got = self.way.login(user, password)
        said = self.lines.all()
        check(self.way, got, what + self.note, ok, said, wanted, user, text,
              **more)
        if asks:
            answers = [text for _, _, text in said if ' request=' in text]
            tap.ok(all((BY in text) == self.is_helped for text in answers),
                   self.name(what + ': who answered'), answers)
        # not all hosts tell the code of phase account
        if asks and self.way.tells_code and text == UNAVAIL and \
                wanted[0][1] == 'auth':
            tap.ok(UNAVAIL in got.said, self.name('%s: the code is "%s"' % (
                what, UNAVAIL)), got.said)
        return said

    def outcome(self, ok, wanted, text):
        """What comes of what the daemon would answer so."""
        return ok, wanted, text

    def name(self, what):
        return name(self.way, what + self.note)

    def asked(self, wanted, what):
        """How often Authgear was, in the last login."""
        tap.equal(self.lines.asked(), wanted if self.is_answered else 0,
                  self.name(what + ': how often Authgear is asked'))


class Helped(Trial):
    """No daemon listens, and the helper answers as it would."""

    note, is_helped = ', by the helper', True


class Unheard(Trial):
    """Nobody answers."""

    note, is_answered = ', no daemon', False

    def outcome(self, ok, wanted, text):
        return False, [(WARNING, 'auth', NOBODY)], UNAVAIL


def without_daemon(site, way):
    return (Helped if way.host.is_root else Unheard)(site, way)


def carries(t):
    """Each credential: the table of which host carries what."""
    for kind, is_carried in t.way.carries.items():
        password = t.site.alice.log_in(kind)
        what = '%s of %d bytes' % (kind, len(password))
        if not is_carried:
            t.expect(what + ' is too long', password, False,
                     t.way.told_of_cut, asks=t.way.asks_of_cut,
                     pattern=t.way.cut('alice'))
            t.asked(0, what)
            continue
        said = t.expect(what, password, True, GRANTED)
        if t.is_answered:
            tap.ok(all(' user=alice host=%s' % t.host.address in line[2] and
                       'sub=' + t.site.alice.name in line[2] and
                       'policy=' + t.host.policy in line[2]
                       for line in said), t.name('who, where from'), said)


def refused(t):
    said = t.expect('the credential of somebody else',
                    t.site.bob.log_in('session'), False,
                    [(NOTICE, 'auth', 'wrong-account')])
    if t.is_answered:
        tap.ok(t.site.bob.name in said[0][2] and 'authgear-cache map add' in
               said[0][2], t.name('whose it is, and the command'), said)
    # the name is not asked about; the uid is refused whatever is answered
    for user in t.host.root_users:
        is_root = user == 'root'
        t.expect(user + ' with a good credential',
                 getattr(t.site, user).log_in('session'), False, [] if is_root
                 else [(NOTICE, 'auth', 'refused: the account has uid 0')],
                 user, asks=False)
        t.asked(0 if is_root else 1, user)


def unknown_user(t):
    """Asked about as everybody is, unless the host hides the password."""
    user = 'nobody-' + uuid.uuid4().hex[:8]
    t.expect('an account that is not there', t.site.alice['session'], False,
             [] if t.host.hides_unknown else
             [(NOTICE, 'auth', 'wrong-account')], user,
             asks=not t.host.hides_unknown)
    if t.host.hides_unknown:
        said = t.lines.all(debug=True)
        tap.ok(has(said, [(DEBUG, 'auth', "sshd's fake password")]),
               t.name('and the module knows'), said)


def revoked(t):
    for kind in [kind for kind in ('session', 'jwt') if t.way.carries[kind]]:
        password = t.site.alice.log_in(kind)
        t.expect('a fresh ' + kind, password, True, GRANTED)
        t.site.revoke(password)
        t.expect(kind + ' revoked between two logins', password, False,
                 [(NOTICE, 'auth', 'refused: revoked')])
    password = t.site.alice.log_in('session')
    t.site.cache('block', 'user', t.site.alice.name)
    t.expect('a blocked user', password, False,
             [(NOTICE, 'auth', 'refused: user-blocked')])
    t.site.cache('lift', 'user', t.site.alice.name)
    t.expect('and lifted', password, True, GRANTED)


def between_phases(t):
    """After auth, before account."""
    site = t.site

    def act(what, do, *more, **options):
        worker = threading.Thread(target=site.between, args=(do,))
        worker.start()
        t.expect(what + ' between auth and account', password, *more,
                 **options)
        worker.join(gate.PATIENCE)
    for what, do, reason, text in (
            ('revoked', lambda: site.revoke(password), 'revoked', AUTH_ERR),
            ('blocked', lambda: site.cache('block', 'user', site.alice.name),
             'user-blocked', PERM_DENIED)):
        password = site.alice.log_in('session')
        act(what, do, False, [granted('auth'), (
            NOTICE, 'account', 'refused: ' + reason)], text=text)
    site.cache('lift', 'user', site.alice.name)
    password = site.alice.log_in('session')
    act('signed out at Authgear, which is seen after session_ttl,',
        lambda: site.alice.log_out('session'), True, GRANTED)


def ordinary_password(t):
    """A Unix password that looks like an opaque token goes nowhere."""
    site = t.site
    before = site.daemon.log()
    t.expect('a Unix password of 32 letters and digits',
             pam_root.UNIX_PASSWORD, True, [])
    t.asked(0, 'a Unix password')
    fresh = site.daemon.log()[len(before):]     # lines, one a decision
    tap.ok(not re.search(r' credential=[0-9a-f]|phase=auth', fresh),
           t.name('nor is the daemon, in auth'), fresh)
    t.expect('a wrong one', 'correct horse, wrong password', False, [])
    site.cache('revoke', 'user', site.alice.name)
    t.expect('the Unix password of a user signed out',
             pam_root.UNIX_PASSWORD, True, [])
    site.cache('lift', 'user', site.alice.name)
    site.cache('block', 'user', site.alice.name)
    t.expect('the Unix password of a blocked user', pam_root.UNIX_PASSWORD,
             False, [(NOTICE, 'account', 'refused: user-blocked')],
             text=PERM_DENIED)
    site.cache('lift', 'user', site.alice.name)


def nobody_answers(t):
    """A socket whose daemon is gone; the module waits for its deadline, if
    there is nobody else to ask."""
    late = (WARNING, 'auth', 'within 1 s (deadline)')
    alone = 'deadline=1 ' + pam_site.FAIL
    t.site.pam(t.host.service, drop=KINDS, add=alone)
    password = t.site.alice.log_in('session')
    t.expect('a login before', password, True, GRANTED)
    t.site.daemon_stop()
    t.expect('nobody behind the socket', password, False, [late],
             text=UNAVAIL)
    if t.host.has_unix:
        t.site.pam(t.host.service, add=alone)
        t.expect('a Unix password, and nobody behind the socket',
                 pam_root.UNIX_PASSWORD, False,
                 [(late[0], 'account', late[2])], text=UNAVAIL)
    t.site.daemon_up()
    t.site.pam(t.host.service, drop=KINDS)
    t.expect('the daemon is back', password, True, GRANTED)


def no_socket(t):
    """A Unix password while no daemon listens."""
    said = [] if t.is_answered else [(WARNING, 'account', NOBODY)]
    t.site.pam(t.host.service)
    t.expect('a Unix password', pam_root.UNIX_PASSWORD, t.is_answered, said,
             asks=False, text=UNAVAIL)
    t.site.pam(t.host.service, text=t.site.example(t.host.service).replace(
        'account required                                           '
        'pam_authgear', OUTAGES_IGNORED + ' pam_authgear'))
    t.expect('a Unix password, outages ignored', pam_root.UNIX_PASSWORD,
             True, said, asks=False)


def block_holds(t):
    """While the daemon is there, also where outages are ignored."""
    t.site.cache('block', 'user', t.site.alice.name)
    t.expect('a block, outages ignored', pam_root.UNIX_PASSWORD, False,
             [(NOTICE, 'account', 'user-blocked')], text=PERM_DENIED)
    t.site.cache('lift', 'user', t.site.alice.name)


def credentials(t):
    """The example's lines, with every kind of credential."""
    t.site.pam(t.host.service, drop=KINDS)
    carries(t)
    refused(t)
    if t.host.has_unknown:
        unknown_user(t)
    revoked(t)
    if t.is_answered:
        t.site.pam(t.host.service, drop=KINDS, before=[WAIT])
        between_phases(t)


def authgear_down(site, host):
    """Without it, then without the daemon too."""
    site.pam(host.service, drop=KINDS)
    warm = {way: site.alice.log_in('session') for way in host.ways}
    cold = {way: site.alice.log_in('session') for way in host.ways}
    for way, password in warm.items():
        tap.ok(way.login('alice', password).ok, name(way, 'a login before'))
    site.authgear_down()

    def logins(t):
        t.expect('Authgear is down', cold[t.way], False,
                 [(WARNING, 'auth', 'undecided: resolver-unreachable')],
                 text=UNAVAIL)
        t.expect('Authgear is down, a session that is known', warm[t.way],
                 True, GRANTED)
    for way in host.ways:
        logins(Trial(site, way))
    site.daemon_down()
    for way in host.ways:
        logins(without_daemon(site, way))
    site.daemon_up()
    site.authgear_up()
    way = host.ways[0]
    # nobody is asked while the daemon backs off
    gate.until(lambda: way.login('alice', site.alice.log_in('session')).ok,
               'a login once Authgear is back')
    tap.ok(True, name(way, 'Authgear is back'))


def run(site, host):
    """All of it; the example's lines are changed as each case says."""
    for way in host.ways:
        t = Trial(site, way)
        if host.has_unix:
            site.pam(host.service)
            ordinary_password(t)
        credentials(t)
        nobody_answers(t)
        site.daemon_down()
        credentials(without_daemon(site, way))
        if host.has_unix:
            no_socket(without_daemon(site, way))
        site.daemon_up()
        if host.has_unix:
            block_holds(t)
    authgear_down(site, host)
