"""What takes more than a second says how far it is: on a terminal alone, on a
line that is gone in the end.  The clock is ahead by two seconds at each look,
so that all takes long."""
# beside others: it counts what is said

import os
import pty
import subprocess
import threading

import gate
import tap

ROWS = 20000
SLOW = dict(os.environ, BOOT_CLOCK_STEP='2', LD_PRELOAD=os.path.join(
    tap.BUILD, 'tests/e2e/.libs/wall_clock.so'))


def fill(site):
    export = os.path.join(site.folder, 'export')
    with open(export, 'w', encoding='ascii') as file:
        file.write('{"export":1,"endpoint":"%s"}\n' % site.endpoint)
        for number in range(ROWS):
            file.write(
                '{"kind":"token","value":"old-%05d","rule":"revoked","from":'
                'null,"until":null,"reason":"","actor":"root","source":"cli",'
                '"time":1000,"credential":null,"expires":null}\n' % number)
        file.write('{"lines":%d}\n' % (ROWS + 1))
    accounts = os.path.join(site.folder, 'accounts')
    with open(accounts, 'w', encoding='ascii') as file:
        for number in range(ROWS):
            file.write('u%d,a%d\n' % (number, number))
    return export, accounts


def on_terminal(site, *arguments):
    """What stderr is told, a terminal, and stdout, a pipe."""
    ours, theirs = pty.openpty()
    told = []

    def read():
        try:
            while True:
                told.append(os.read(ours, 65536))
        except OSError:
            pass
    reader = threading.Thread(target=read)
    reader.start()
    run = subprocess.run(site.command(*arguments), stdout=subprocess.PIPE,
                         stdin=subprocess.DEVNULL, stderr=theirs, env=SLOW,
                         timeout=gate.PATIENCE, check=False)
    os.close(theirs)
    reader.join()
    os.close(ours)
    return run.returncode, run.stdout.decode(), b''.join(told).decode()


def test_command(site, what, *arguments):
    name = ' '.join(arguments[:2] if arguments[0] == 'map' else arguments[:1])
    status, out, told = on_terminal(site, *arguments)
    lines = [line for line in told.split('\r') if line]
    shown = [line for line in lines if what in line]
    tap.ok(status == 0 and shown and all(
        line.split(' ')[0].isdigit() for line in shown) and
           what not in out, name + ': told on a terminal', (told[-500:], out))
    tap.ok(lines and lines[-1] == '\x1b[K', name + ': and gone in the end',
           told[-100:])
    return [int(line.split(' ')[0]) for line in shown]


def main():
    with gate.Site(sim=False, endpoint='http://127.0.0.1:9') as site:
        export, accounts = fill(site)
        backup = os.path.join(site.folder, 'backup')
        test_command(site, 'looked at', 'import', export)
        test_command(site, 'accounts looked at', 'map', 'import', accounts,
                     '--yes')
        test_command(site, 'steps through', 'backup', backup)
        test_command(site, 'steps through', 'verify')
        test_command(site, 'rows looked at', 'restore', backup)
        old = ('prune', '--older-than', '2000', '--audit')
        run = site.cache(*old, '--dry-run', check=False, env=SLOW)
        tap.ok(run.returncode == 0 and 'steps' not in run.text and
               '%d other' % ROWS in run.text,
               'prune: nothing in a pipe', run.text[-500:])
        test_command(site, 'steps through trust.db', *old, '--dry-run')
        counts = test_command(site, 'steps through trust.db', *old)
        tap.ok(sum(after < before for before, after in zip(
            counts, counts[1:])) == 1, 'the count, then the dropping', counts)
        run = site.cache('prune', '--older-than', '2000', check=False)
        tap.ok('0 other' in run.text, 'all are gone', run.text)
    tap.done()


if __name__ == '__main__':
    main()
