"""The pages by which web servers know whether an answer that they keep still
counts: root's, around each command, and the daemon's, whatever happens to the
state; and how long an answer says that it may be kept."""
# beside others: it mostly waits

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import threading

import fastcgi
import gate
import installed
import process
import tap

ZEROS = b'\0' * 16


class World:
    def __init__(self, site):
        self.site = site
        self.folder = os.path.join(site.folder, 'epoch')
        os.mkdir(self.folder, 0o755)
        os.chown(self.folder, site.who.pw_uid, site.who.pw_gid)
        self.root = site.state + '.epoch/trust'
        self.ours = os.path.join(self.folder, 'daemon')
        self.number = 0

    @contextlib.contextmanager
    def daemon(self):
        self.number += 1
        with self.site.daemon('fcgi-%d' % self.number,
                              arguments=['--epoch', self.folder]) as daemon:
            self.good()
            yield daemon

    def good(self):
        """What the daemon's page says, once it says anything."""
        gate.until(lambda: page(self.ours) not in (ZEROS, None),
                   'the daemon\'s page')
        return page(self.ours)

    def other(self, before):
        """It becomes a good one that says something else."""
        return process.eventually(lambda: page(self.ours) not in
                               (before, ZEROS, None))

    def blank(self):
        return process.eventually(lambda: page(self.ours) == ZEROS)

    def keep(self, daemon, token, role=fastcgi.RESPONDER, **more):
        """What the answer says, of a grant.  The pages may change meanwhile:
        the daemon looks at what was written once a second."""
        before = self.named()
        answer = fastcgi.ask(daemon.path, dict(fastcgi.bearer(token), **more),
                             role)
        if answer.status != 200:
            return answer.status
        found = re.findall(rb'(?im)^x-authgear-keep: (.*?)\r?$', answer.raw)
        return [int(text[:-65]) if text[-64:] in (before, self.named())
                else text for text in found]

    def named(self):
        """Both pages, as an answer names them."""
        return b''.join((page(path) or b'').hex().encode()
                        for path in (self.root, self.ours))


def page(path):
    try:
        with open(path, 'rb') as opened:
            return opened.read()
    except FileNotFoundError:
        return None


def mode(path):
    status = os.lstat(path)
    return status.st_uid, status.st_mode & 0o7777


def test_pages(world):
    tap.equal((mode(os.path.dirname(world.root)), mode(world.root)),
              ((0, 0o755), (0, 0o644)), 'root\'s page is made by init')
    tap.ok(page(world.root) not in (ZEROS, None) and
           len(page(world.root)) == 16, 'and says something')
    user = world.site.who.pw_uid
    with world.daemon() as daemon:
        tap.equal(mode(world.ours), (user, 0o644), 'the daemon\'s is its own')
        first = page(world.ours)
        daemon.kill()
    tap.equal(page(world.ours), first, 'one that is killed leaves its page')
    with world.daemon():
        second = page(world.ours)
    tap.ok(second != first, 'the next one has another')
    tap.equal(page(world.ours), ZEROS, 'one that ends leaves zeros')


def test_commands(world):
    copy = os.path.join(world.site.folder, 'copy')
    world.site.cache('backup', copy)
    world.site.change('UPDATE audit SET time = 1000')
    moved = os.path.join(world.site.folder, 'moved')
    world.site.cache('block', 'user', 'moved')
    with open(moved, 'wb') as file:
        file.write(world.site.cache('export').stdout)
    world.site.cache('lift', 'user', 'moved')
    accounts = os.path.join(world.site.folder, 'accounts')
    with open(accounts, 'w', encoding='ascii') as file:
        file.write('u1,account-1\n')
    seen = [page(world.root)]
    for command in (['block', 'user', 'a'], ['lift', 'user', 'a'],
                    ['map', 'add', 'a', 'alice'], ['map', 'remove', 'a'],
                    ['revoke', 'user', 'a'], ['accept'],
                    ['keys', 'refresh'], ['restore', copy],
                    ['import', moved], ['map', 'import', accounts, '--yes'],
                    ['restore', copy, '--exact', '--yes'],
                    ['prune', '--older-than', '-1d', '--audit'],
                    ['init', '--user', world.site.who.pw_name]):
        world.site.cache(*command)
        seen.append(page(world.root))
    tap.ok(len(set(seen)) == len(seen) and ZEROS not in seen and
           all(len(text) == 16 for text in seen),
           'each command changes root\'s page', seen)
    before = page(world.root)
    world.site.cache('list', 'revocations')
    tap.equal(page(world.root), before, 'one that only looks does not')


def test_two_at_once(world):
    """Many at a time: whoever has returned has changed the page."""
    faults = []

    def change(which):
        for number in range(6):
            before = page(world.root)
            user = 'many-%d-%d' % (which, number)
            world.site.cache('block', 'user', user)
            if page(world.root) == before and before != ZEROS:
                faults.append(user)

    threads = [threading.Thread(target=change, args=(which,))
               for which in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = {value for value, in world.site.rows()}
    wanted = {'many-%d-%d' % (which, number) for which in range(4)
              for number in range(6)}
    tap.ok(not faults and wanted <= rows, 'four at once lose nothing',
           (faults, wanted - rows))


def test_refused(world):
    """Where the page cannot be written nothing is changed."""
    aside = world.root + '.aside'
    os.rename(world.root, aside)
    os.symlink(aside, world.root)
    kept = page(aside)
    run = world.site.cache('block', 'user', 'unsaid', check=False)
    tap.ok(run.returncode == 1 and world.root in run.text and
           'nothing was changed' in run.text, 'a linked page is refused',
           run.text)
    tap.ok(page(aside) == kept and ('unsaid',) not in world.site.rows(),
           'and nothing was changed')
    os.unlink(world.root)
    os.rename(aside, world.root)
    run = subprocess.run(
        ['unshare', '--mount', 'sh', '-ec', 'mount --bind "$1" "$1"; '
         'mount -o remount,bind,ro "$1"; shift; exec "$@"', 'sh',
         os.path.dirname(world.root),
         *world.site.command('block', 'user', 'unsaid')],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    tap.ok(run.returncode == 1 and b'Read-only file system' in run.stdout,
           'one that is read only is refused', run.stdout)
    tap.ok(('unsaid',) not in world.site.rows(), 'and nothing was changed')
    shutil.rmtree(os.path.dirname(world.root))
    world.site.cache('block', 'user', 'said')
    tap.equal((mode(os.path.dirname(world.root)), mode(world.root)),
              ((0, 0o755), (0, 0o644)), 'one that is missing is made')


def test_locked(world):
    """Whoever may read it may lock it."""
    with open(world.root, 'rb') as reader:
        fcntl.flock(reader, fcntl.LOCK_EX)
        run = world.site.cache('block', 'user', 'locked', check=False)
    tap.equal(run.returncode, 0, 'a reader\'s lock stops nobody')


def test_crashed(world):
    """Zeros, as one leaves them that is killed in the middle."""
    with world.daemon() as daemon:
        with open(world.root, 'r+b') as opened:
            opened.write(ZEROS)
        daemon.wait_for('is blank, by a change of trust.db')
        tap.ok(True, 'the log says that nothing is kept')
        world.site.cache('block', 'user', 'healed')
        tap.ok(page(world.root) != ZEROS, 'the next command heals it')
        daemon.wait_for('state.epoch/trust is well again')
        tap.ok(True, 'and the log says so')
        os.rename(world.root, world.root + '.aside')
        daemon.wait_for('is missing, or not root\'s alone')
        tap.ok(True, 'one that is missing is told apart')
        world.site.init()
        tap.ok(page(world.root) not in (ZEROS, None), 'init makes it')
        os.unlink(world.root + '.aside')


def test_state(world):
    """Nobody asks this daemon anything."""
    site, copy = world.site, world.site.trust + '.copy'
    with world.daemon() as daemon:
        shutil.copyfile(site.trust, copy)
        before = world.good()
        site.cache('block', 'user', 'later')
        tap.ok(world.other(before), 'a change of trust.db is seen')
        before = world.good()
        site.change('UPDATE revocation SET reason = \'by hand\'')
        tap.ok(world.other(before), 'so is one by hand')
        for suffix in ('-wal', '-shm'):
            if os.path.exists(site.trust + suffix):
                os.unlink(site.trust + suffix)
        shutil.copyfile(copy, site.trust)
        tap.ok(world.blank(), 'an older copy is none to keep anything by')
        daemon.wait_for('state-unreadable')
        site.cache('accept')
        tap.ok(world.other(before), 'once it is accepted there is another')
        os.rename(site.trust, copy)
        tap.ok(world.blank(), 'nor is one that is gone')
        os.rename(copy, site.trust)
        tap.ok(world.other(before), 'until it is back')


def test_own_page(world):
    with world.daemon():
        before = world.good()
        os.unlink(world.ours)
        tap.ok(world.other(before), 'a page that was removed is made anew')
        os.chmod(world.ours, 0o666)
        before = page(world.ours)
        tap.ok(world.other(before), 'so is one that others can write')


def test_bad_folder(world):
    for name, command in (('writable by others', ['chmod', '777']),
                          ('closed', ['chmod', '700']),
                          ('root\'s', ['chown', 'root'])):
        folder = os.path.join(world.site.folder, 'bad')
        os.mkdir(folder, 0o755)
        os.chown(folder, world.site.who.pw_uid, world.site.who.pw_gid)
        subprocess.run(command + [folder], check=True)
        with world.site.daemon('bad', wait=False,
                               arguments=['--epoch', folder]) as daemon:
            tap.ok(process.eventually(lambda: daemon.child.poll() == 1) and
                   folder in daemon.log() and 'install -d' in daemon.log(),
                   'a directory that is %s ends the start' % name,
                   daemon.log())
        shutil.rmtree(folder)


def test_two_daemons(world):
    with world.daemon() as one:
        tap.ok('somebody else writes' not in one.log(), 'one daemon is alone')
        with world.daemon() as two:
            tap.ok(process.eventually(
                lambda: 'somebody else writes' in one.log() + two.log()),
                'two daemons with one page are told', one.log() + two.log())


def test_keep(world):
    token = world.site.token('keeper')
    short = world.site.sim.token(sub='keeper', lifetime=10)
    with world.daemon() as daemon:
        tap.equal(world.keep(daemon, token), [30], 'nginx is told how long')
        tap.ok(0 < (world.keep(daemon, short) or [0])[0] <= 10,
               'not beyond the token\'s end')
        tap.equal(world.keep(daemon, token, fastcgi.AUTHORIZER), [],
                  'an authorizer is not')
        tap.equal(world.keep(daemon, token, HTTP_X_AUTHGEAR_USER_ID='eve'),
                  400, 'a forged identity is refused')
        world.site.cache('block', 'user', 'keeper', '--from', '+20s')
        said = world.keep(daemon, token)
        # the daemon looks at root's page once a second, at blocks each time
        tap.ok(process.eventually(lambda: isinstance(
            world.keep(daemon, token)[0], int)), 'by pages as they are')
        said += world.keep(daemon, token)
        tap.ok(0 < said[1] <= 20 and (
            said[0] if isinstance(said[0], int) else
            int(said[0].split()[0])) <= 20,
               'nor beyond the beginning of a block')
        answer = fastcgi.ask(daemon.path, fastcgi.bearer('nonsense'),
                             fastcgi.RESPONDER)
        tap.ok(answer.status == 401 and b'keep' not in answer.raw.lower(),
               'nor is a refusal kept')


def main():
    who = installed.required('pages for kept answers')
    with installed.Site(who) as site:
        world = World(site)
        for test in (test_pages, test_commands, test_two_at_once,
                     test_locked, test_crashed, test_state, test_own_page,
                     test_bad_folder, test_two_daemons, test_keep,
                     test_refused):
            test(world)
    tap.done()


main()
