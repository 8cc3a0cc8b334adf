"""The pages of who keeps answers, and what every face that keeps must do by
them.  A `world` here has pages, a daemon with `revoked`, name(POLICY, NAME),
questions(CALL...) and keeps().
"""

import concurrent.futures
import contextlib
import os
import threading
import time

import tap
from process import eventually

NOBODY = 65534


class Pages:
    """Root's and the daemon's."""

    def __init__(self, at):
        self.at = {}
        for which, name, owner in (('root', 'trust', 0),
                                   ('daemon', 'daemon', NOBODY)):
            folder = os.path.join(at, which)
            os.makedirs(folder)
            os.chmod(folder, 0o755)
            os.chown(folder, owner, owner)
            self.at[which] = os.path.join(folder, name)
            self.make(which)

    def make(self, which):
        path = self.at[which]
        with contextlib.suppress(OSError):
            os.remove(path)
        with open(path, 'wb') as file:
            file.write(os.urandom(16))
        os.chmod(path, 0o644)
        above = os.stat(os.path.dirname(path))
        os.chown(path, above.st_uid, above.st_gid)

    def hex(self):
        """What the daemon says of both."""
        said = ''
        for which in ('root', 'daemon'):
            with contextlib.suppress(FileNotFoundError), \
                    open(self.at[which], 'rb') as file:
                said += file.read(16).hex()
        return said

    def write(self, which, data=None):
        file = os.open(self.at[which], os.O_WRONLY)
        os.pwrite(file, os.urandom(16) if data is None else data, 0)
        os.close(file)


def bad_pages(world, late=(), unseen=()):
    """Whatever is wrong with one of them.  `late`: what is seen when it is
    looked for again, once a second; `unseen`: what is not."""
    def replace(path):
        with open(path + '.new', 'wb') as file:
            file.write(os.urandom(16))
        os.chmod(path + '.new', 0o644)
        os.rename(path + '.new', path)

    def link(path):
        os.rename(path, path + '.old')
        os.symlink(path + '.old', path)

    def cut(path):
        os.truncate(path, 15)

    def lengthen(path):
        os.truncate(path, 17)

    number = 0
    for which in ('root', 'daemon'):
        path = world.pages.at[which]
        for what, spoil in (
                ('zeros', lambda: world.pages.write(which, bytes(16))),
                ('cut short', lambda: cut(path)),
                ('too long', lambda: lengthen(path)),
                ('empty', lambda: os.truncate(path, 0)),
                ('gone', lambda: os.remove(path)),
                ('the group may write', lambda: os.chmod(path, 0o664)),
                ('others may write', lambda: os.chmod(path, 0o646)),
                ('somebody else\'s', lambda: os.chown(path, 33, 33)),
                ('of two names', lambda: os.link(path, path + '.two')),
                ('a symbolic link', lambda: link(path))):
            if what in unseen:
                continue
            number += 1
            name = 'user%d' % number
            good = eventually(world.keeps, 10)
            before = world.name('kept', name)
            spoil()
            # who opened it before sees this when it looks again
            if what in late:
                eventually(lambda: not world.keeps(), 10)
            got = world.questions(*[lambda: world.name('kept', name)] * 3)
            tap.ok(good and before == [name] and got == 3,
                   'a page of %s, %s: nothing is kept' % (which, what),
                   (good, before, got))
            for left in ('.old', '.two'):
                with contextlib.suppress(OSError):
                    os.remove(path + left)
            world.pages.make(which)
        tap.ok(eventually(world.keeps, 10),
               'a new page of %s: it keeps again' % which)
        world.name('kept', 'b' + which)
        got = []
        for change in (lambda: world.pages.write(which),
                       lambda: replace(path)):
            change()
            got.append(world.questions(
                lambda: world.name('kept', 'b' + which)))
            world.pages.make(which)
            eventually(world.keeps, 10)
            world.name('kept', 'b' + which)
        tap.equal(got, [1, 1], 'a page of %s changed, or replaced: it is '
                  'asked at once' % which)
        folder = os.path.dirname(path)
        os.chmod(folder, 0o777)
        tap.ok(eventually(lambda: not world.keeps(), 10),
               'a folder of %s that others may write' % which)
        os.chmod(folder, 0o755)
        tap.ok(eventually(world.keeps, 10),
               'and a right one again')


class Revoking:
    """Clients that ask on and on, while one after another is revoked."""

    def __init__(self, world, order):
        self.world, self.order = world, order
        self.over = threading.Event()
        self.current = 'nobody'
        self.late = self.asked = self.before = 0

    def load(self):
        while not self.over.is_set():
            self.world.name('kept', self.current)

    def revoke(self, name):
        pages, daemon = self.world.pages, self.world.daemon
        for step in self.order:
            if step == 'zeros':
                pages.write('root', bytes(16))
            elif step == 'commit':
                daemon.revoked.add(name)
            elif step == 'random':
                pages.write('root')
            else:
                time.sleep(0.02)        # others ask meanwhile

    def run(self, count, requests):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            running = [pool.submit(self.load) for _ in range(4)]
            for number in range(count):
                self.current = name = 'gone%d%s' % (
                    number, '-'.join(self.order))
                for _ in range(3):
                    self.before += self.world.name('kept', name) == [name]
                self.revoke(name)
                for _ in range(requests):
                    self.asked += 1
                    self.late += self.world.name('kept', name) != 401
            self.over.set()
            for one in running:
                one.result()


def revoked(world):
    """At once, through the page; and what shows that this test can fail."""
    right = Revoking(world, ('zeros', 'wait', 'commit', 'random'))
    right.run(40, 25)
    tap.ok(right.late == 0 and right.asked == 1000 and right.before == 120,
           'revoked: of %d requests after it none is let in' % right.asked,
           (right.late, right.before))
    frozen = Revoking(world, ('commit',))
    frozen.run(3, 10)
    tap.equal(frozen.late, frozen.asked,
              'the control: a page that does not change lets all in')
    early = Revoking(world, ('random', 'wait', 'commit'))
    early.run(3, 10)
    tap.ok(early.late > 0, 'the control: a page that changes before the '
           'change lets in', early.late)
    world.pages.write('root')
