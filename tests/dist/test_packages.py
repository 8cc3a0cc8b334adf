"""The package step of ./quickstart and ./run-tests, with an apt-get that does
nothing and a policy-rc.d at another place: interrupted at every moment, it
leaves nothing that keeps services from starting."""

import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                '..', 'e2e'))
import gate  # noqa: E402
import tap  # noqa: E402

MARK = '# made by authgear-gate while it installs packages, process '
OLD = '#!/bin/sh\nexit 101\n'
OTHERS = '#!/bin/sh\n# of somebody else\nexit 0\n'
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# A program stops at each of its points while the test holds it there.
POINT = '''#!/bin/sh
point() {
	: >"$AT/at.$1"
	while [ -e "$AT/hold.$1" ]; do sleep 0.02; done
}
'''
FAKES = {
    'apt-get': '''echo "$*" >>"$AT/apt"
[ ! -e "$POLICY" ] || echo policy >>"$AT/apt"
[ "$2" != update ] || { point update; exit; }
point install
[ ! -e "$AT/enables" ] || echo fresh.service >>"$AT/units"
''',
    'systemctl': '''case $1 in
list-unit-files) point list; sed 's/$/ enabled enabled/' "$AT/units" ;;
disable) echo "$3" >>"$AT/disabled" ;;
esac
''',
    'chmod': 'point written; /bin/chmod "$@"\n',
    'ln': 'point named; /bin/ln "$@"; point made\n',
}
POINTS = ('list', 'written', 'named', 'made', 'update', 'install')
# What sudo does with a signal: the command gets it too.
SUDO = '''#!/usr/bin/python3
import signal, subprocess, sys
child = subprocess.Popen(sys.argv[1:])
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, lambda got, _: child.send_signal(got))
sys.exit(child.wait() % 256)
'''


class Step:
    def __init__(self, folder, sudo):
        self.at = tempfile.mkdtemp(dir=folder)
        self.policy = os.path.join(self.at, 'policy-rc.d')
        self.child = None
        programs = os.path.join(self.at, 'bin')
        os.mkdir(programs)
        fakes = {name: POINT + text for name, text in FAKES.items()}
        fakes['sudo'] = SUDO
        fakes['id'] = '#!/bin/sh\necho %d\n' % (1000 if sudo else 0)
        for name, text in fakes.items():
            self.write('bin/' + name, text, 0o755)
        self.write('units', 'old.service\n')
        self.environment = dict(os.environ, AT=self.at, POLICY=self.policy,
                                PATH=programs + ':' + os.environ['PATH'])

    def path(self, name):
        return os.path.join(self.at, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), 'w', encoding='ascii') as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def start(self, call='packages_install some-package'):
        self.child = subprocess.Popen(
            ['sh', '-c', '. tests/packages.sh; packages_policy=$POLICY; ' +
             call], cwd=tap.SRC, env=self.environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

    def run(self, *call):
        self.start(*call)
        return self.child.communicate(timeout=gate.PATIENCE)[0].decode()

    def script(self):
        """The process of the script itself, not of what it calls, or None."""
        found = {}
        for place in glob.glob('/proc/[0-9]*'):
            stat = gate.read(place + '/stat').rsplit(')', 1)[-1].split()
            called = gate.read(place + '/cmdline')
            if stat and int(stat[2]) == self.child.pid and \
                    called.startswith('sh\0tests/install_packages.sh\0'):
                found[int(place[6:])] = int(stat[1])
        first = [pid for pid in found if found[pid] not in found]
        return first[0] if first else None

    def interrupt(self, point, number, everybody):
        """Send it when it stands at that point; then nothing holds it."""
        self.write('hold.' + point, '')
        self.start()
        gate.until(lambda: os.path.exists(self.path('at.' + point)), point)
        if everybody:
            os.killpg(self.child.pid, number)
        else:
            os.kill(self.script(), number)
        os.unlink(self.path('hold.' + point))
        self.child.communicate(timeout=gate.PATIENCE)
        gate.until(lambda: self.script() is None, 'the end of the script')

    def left(self):
        return sorted(name for name in os.listdir(self.at)
                      if name.startswith('policy-rc.d'))


def test_whole(folder, sudo):
    step = Step(folder, sudo)
    step.write('enables', '')
    said = step.run()
    with open(step.path('apt'), encoding='ascii') as file:
        tap.ok('policy\n-q -y install --no-install-recommends some-package\n'
               'policy\n' in file.read().replace('-q update\n', ''),
               'the policy is there while packages are installed', said)
    tap.equal((step.child.returncode, step.left()), (0, []),
              'and is gone afterwards')
    tap.equal(gate.read(step.path('disabled')), 'fresh.service\n',
              'what it enabled is disabled, and no more')


def test_interrupted(folder, sudo):
    how = 'by sudo' if sudo else 'as root'
    for point in POINTS:
        wrong = []
        for number in SIGNALS:
            for everybody in (False, True):
                step = Step(folder, sudo)
                step.interrupt(point, number, everybody)
                # the step may end after the shell that began it
                until = time.monotonic() + 20
                while step.left() and time.monotonic() < until:
                    time.sleep(0.05)
                if step.left() or step.child.returncode == 0:
                    wrong.append((number.name, everybody, step.left(),
                                  step.child.returncode))
        tap.equal(wrong, [], '%s, interrupted at %s: nothing is left' % (
            how, point))
        for call in ('packages_install some-package', 'packages_clean'):
            step = Step(folder, sudo)
            step.interrupt(point, signal.SIGKILL, True)
            was = step.left()
            said = step.run(call)
            tap.ok(not step.left(), '%s, killed at %s: the next %s removes '
                   'what is left' % (how, point, call.split()[0]),
                   '%s %s\n%s' % (was, step.left(), said))


def test_others(folder):
    for what, text in (('of somebody else', OTHERS), ('of the old kind', OLD),
                       ('like ours', '#!/bin/sh\n' + MARK +
                        '999999999\nexit 101\n# and more\n'),
                       ('empty', '')):
        step = Step(folder, False)
        step.write('policy-rc.d', text, 0o755)
        said = step.run()
        said += step.run('packages_clean')
        tap.ok(gate.read(step.policy) == text and step.left() ==
               ['policy-rc.d'], 'a policy %s stays' % what, said)
        tap.equal('remove it' in said, text == OLD,
                  'a policy %s is told only if it may have been ours' % what)
    step = Step(folder, False)
    os.symlink('/dev/null', step.policy)
    step.run()
    tap.ok(os.path.islink(step.policy), 'a symbolic link stays')


def test_two(folder):
    """One that is at work keeps its policy while another one comes."""
    step = Step(folder, False)
    step.write('hold.install', '')
    step.start()
    gate.until(lambda: os.path.exists(step.path('at.install')), 'install')
    first, text = step.child, gate.read(step.policy)
    os.rename(step.path('hold.install'), step.path('hold.update'))
    os.unlink(step.path('at.install'))
    step.write('hold.install', '')
    os.unlink(step.path('hold.update'))
    step.start('packages_clean')
    step.child.communicate(timeout=gate.PATIENCE)
    tap.ok(MARK in text and gate.read(step.policy) == text,
           'a run at work keeps its policy', text)
    os.unlink(step.path('hold.install'))
    first.communicate(timeout=gate.PATIENCE)
    tap.equal(step.left(), [], 'and takes it away at its end')


def main():
    # a shell cannot catch what was ignored when it began, as in the
    # background or under nohup
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    folder = tempfile.mkdtemp(prefix='authgear-packages-')
    try:
        for sudo in (False, True):
            test_whole(folder, sudo)
            test_interrupted(folder, sudo)
        test_others(folder)
        test_two(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    tap.done()


if __name__ == '__main__':
    main()
