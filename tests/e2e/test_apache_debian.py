"""The include in Debian's own layout: /etc/apache2 as the package has it,
a2enmod and a2enconf as its first lines say, and three lines at the end of
the default site. The user and the request id are in the log."""

import os
import re
import shutil
import subprocess

import apache
import checker
import process
import servers
import tap
from checker import refused

ETC = '/etc/apache2'
LINES = '''
    CustomLog ${APACHE_LOG_DIR}/access.log authgear
    Use AuthgearOn
    Use Authgear default "/"
    Use Authgear admin "/admin"
    Use AuthgearPublic "/public"
    Use AuthgearLogin "/authgear-login"
'''


def change(path, old, new):
    with open(path) as file:
        text = file.read()
    if old not in text:
        raise AssertionError('%s: no %r' % (path, old))
    with open(path, 'w') as file:
        file.write(text.replace(old, new))


class Layout:
    """A copy of /etc/apache2 in the folder of a server."""

    def __init__(self, at):
        self.at = at
        self.etc = at + '/apache2'
        shutil.copytree(ETC, self.etc, symlinks=True)
        for name in ('run', 'lock', 'log', 'state'):
            os.mkdir(os.path.join(at, name))
        self.environment = {
            'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C',
            'APACHE_CONFDIR': self.etc, 'APACHE_STATE_DIRECTORY':
            at + '/state', 'APACHE_RUN_USER': 'www-data',
            'APACHE_RUN_GROUP': 'www-data',
            'APACHE_PID_FILE': at + '/run/pid',
            'APACHE_RUN_DIR': at + '/run', 'APACHE_LOCK_DIR': at + '/lock',
            'APACHE_LOG_DIR': at}

    def enable(self, program, *names):
        run = subprocess.run(['/usr/sbin/' + program, '-q', *names],
                             env=self.environment, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=60,
                             check=False)
        tap.ok(run.returncode == 0, ' '.join((program,) + names),
               run.stdout + run.stderr)

    def site(self, pages, port, lines):
        default = self.etc + '/sites-available/000-default.conf'
        change(self.etc + '/ports.conf', 'Listen 80', 'Listen 127.0.0.1:%d' %
               port)
        change(default, '*:80', '*:%d' % port)
        change(default, '/var/www/html', pages.www)
        change(default, '</VirtualHost>', lines + '</VirtualHost>')
        change(self.etc + '/apache2.conf', '<Directory /var/www/>',
               '<Directory %s>' % pages.www)
        change(self.etc + '/apache2.conf', 'LogLevel warn',
               'LogLevel warn\nServerName localhost')


def start(world, mpm):
    """As the comment at the top of the include says."""
    with open(servers.EXAMPLES + '/apache/authgear.conf') as file:
        modules = re.search(r'(?m)^#   a2enmod (.*)$', file.read()).group(1)

    def maker(pages, at, port, address):
        layout = Layout(at)
        layout.site(pages, port, LINES)
        if mpm != 'event':
            layout.enable('a2dismod', 'mpm_event')
            layout.enable('a2enmod', 'mpm_' + mpm)
        layout.enable('a2enmod', *modules.split())
        share = servers.apache_share(at)
        os.symlink(share + '/authgear.conf',
                   layout.etc + '/conf-available/authgear.conf')
        with open(layout.etc + '/conf-available/a-test.conf', 'w') as file:
            file.write('Define AUTHGEAR_FCGI %s\nDefine AUTHGEAR_LOGIN %s\n'
                       'Define AUTHGEAR_LUA %s/authgear.lua\n' % (
                           address, pages.login_socket, share))
        layout.enable('a2enconf', 'authgear', 'a-test')
        return '', ['/usr/bin/env'] + [
            '%s=%s' % pair for pair in layout.environment.items()] + [
                '/usr/sbin/apache2', '-D', 'FOREGROUND', '-d', layout.etc,
                '-f', layout.etc + '/apache2.conf']
    return servers.start('apache', world.site, world.addresses['apache'],
                         maker)


def guarded(world, mpm):
    token, root = world.token(), world.token('root', roles=['admin'])
    ask = world.ask
    for path in ('/', '/page.txt', '/a/', '/missing', '/icons/',
                 '/server-status', '/admin/page.txt', '/cgi-bin/x'):
        for method in ('GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'PROPFIND'):
            refused(world, 'apache', '%s: %s %s' % (mpm, method, path),
                    (401,), path, method=method)
        refused(world, 'apache', '%s: forged, %s' % (mpm, path), (400,),
                path, token, headers=[('X_Remote-User', 'root')])
    for path, who, status, text in (
            ('/', token, 200, 'index of /'),
            ('/page.txt', token, 200, 'page of /'),
            ('/missing', token, 404, ''),
            ('/.htaccess', token, 403, ''), ('/.htaccess', None, 403, ''),
            ('/server-status', token, 200, 'Server Status'),
            ('/admin/page.txt', token, 403, 'role-missing'),
            ('/admin/page.txt', root, 200, 'page of /admin'),
            ('/public/page.txt', None, 200, 'page of /public')):
        answer = ask('apache', path, who)
        tap.ok(answer.status == status and text.encode() in answer.body,
               '%s: %s is %d' % (mpm, path, status), answer)


def listing(world, mpm):
    """An index that Apache makes has what may be seen."""
    world.site.write('a', 'one.txt', '1')
    os.remove(os.path.join(world.site.www, 'a', 'index.html'))
    answer = world.ask('apache', '/a/', world.token())
    tap.ok(answer.status == 200 and b'one.txt' in answer.body and
           b'page.txt' in answer.body, mpm + ': a directory listing', answer)
    world.site.write('a', 'index.html', '<p>index of /a\n')


def logged(world, mpm):
    server = world.servers['apache']
    world.ask('apache', '/page.txt?granted', world.token())
    answer = world.ask('apache', '/page.txt?refused')
    request = answer.header('X-Authgear-Request-Id')

    def lines():
        with open(server.dir + '/access.log') as file:
            return file.read()
    process.eventually(lambda: '?refused' in lines())
    tap.ok(re.search(r'- login-alice \[.*\?granted HTTP.* 200 .* '
                     r'[0-9a-f]{16} -\n', lines()),
           mpm + ': user and request id of what was granted', lines())
    tap.ok(re.search(r'- - \[.*\?refused HTTP.* 401 .* - %s\n' % request,
                     lines()),
           mpm + ': request id of what was refused', lines())
    errors = server.log()
    tap.ok('lua' not in errors and 'authgear:' not in errors,
           mpm + ': nothing of ours in the log of errors', errors)


def missing():
    """What is not enabled is named."""
    with checker.World(()) as world:
        for name in ('authnz_fcgi', 'headers', 'lua', 'macro'):
            try:
                apache.start(world, apache.GUARD, without=(name,))
                said = 'it started'
            except RuntimeError as error:
                said = str(error)
            tap.ok('authgear.conf: a2enmod %s\n' % name in said,
                   'without %s: said so' % name, said)


def main():
    missing()
    for mpm in ('event', 'prefork', 'worker'):
        with checker.World(()) as world:
            world.servers['apache'] = start(world, mpm)
            guarded(world, mpm)
            listing(world, mpm)
            logged(world, mpm)
    tap.done()


main()
