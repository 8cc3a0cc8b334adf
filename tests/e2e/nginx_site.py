"""An nginx around the includes of the tree, in whatever surroundings.

    with nginx_site.running(world, server, http) as nginx:
        nginx.port, nginx.log()

`server` is the text of one server block or of several, each of which says
@LISTEN@ where its port comes (and is asked at nginx.ports[0], [1], ...),
`http` what stands before them. In both, @INCLUDES@ is the folder of the
includes, those of the tree with the sockets put in; @DOWN@ the same with a
socket that nobody answers at; @WWW@ the document root, @HTTP@ and @FASTCGI@
the applications, @AT@ a folder that nginx may write to.
"""

import contextlib
import os
import shutil
import socket

import servers
import tap

HEAD = '''pid @AT@/pid;
error_log @AT@/error.log;
events { }
http {
access_log off;
client_body_temp_path @AT@/work/body;
proxy_temp_path @AT@/work/proxy;
fastcgi_temp_path @AT@/work/fastcgi;
uwsgi_temp_path @AT@/work/uwsgi;
scgi_temp_path @AT@/work/scgi;
include @INCLUDES@/authgear-http.conf;
'''


def includes(site, at, address, name='includes'):
    """The includes of the tree, with the sockets put in; their folder."""
    folder = os.path.join(at, name)
    shutil.copytree(os.path.join(servers.EXAMPLES, 'nginx'), folder)
    with open(folder + '/authgear-server.conf', 'w') as file:
        file.write(servers.example('nginx/authgear-server.conf', [
            ('/run/authgear/nginx.sock', address, 1),
            ('/etc/nginx/authgear-asking.d/', at + '/asking.d/', 1),
            ('/run/authgear/login.sock', site.login_socket, 1)]))
    return folder


def text(site, at, ports, server, http, address):
    """The whole configuration; modules are named before everything."""
    whole = HEAD + http + '\n'
    if os.geteuid() == 0:
        whole = 'user www-data;\n' + whole
    parts = server.split('@LISTEN@')
    whole += parts[0]
    for port, part in zip(ports, parts[1:]):
        # "@LISTEN@ http2;" says more of it
        more = '' if part.lstrip(' ').startswith('http2;') else ';'
        whole += 'listen 127.0.0.1:%d' % port + more + part
    for name, value in (
            ('@INCLUDES@', includes(site, at, address)),
            ('@DOWN@', includes(site, at, at + '/nobody.sock', 'down')),
            ('@WWW@', site.www), ('@HTTP@', '127.0.0.1:%d' % site.http.port),
            ('@FASTCGI@', 'unix:' + site.socket), ('@AT@', at)):
        whole = whole.replace(name, value)
    return whole + '}\n'


def free_ports(count):
    """Each another one."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(('127.0.0.1', 0))
        return [probe.getsockname()[1] for probe in probes]


@contextlib.contextmanager
def running(world, server, http='', modules='', asking=''):
    """`modules`: lines before all others; `asking`: what an administrator
    puts into the folder of the location that asks."""
    ports = []

    def made(site, at, port, address):
        ports[:] = [port] + free_ports(server.count('@LISTEN@') - 1)
        os.mkdir(at + '/asking.d')
        for file in ('fastcgi.conf', 'fastcgi_params'):
            os.symlink('/etc/nginx/' + file, at + '/' + file)
        with open(at + '/asking.d/own.conf', 'w') as file:
            file.write(asking)
        return (modules + text(site, at, ports, server, http, address),
                servers.nginx_command(at))

    servers._MAKERS['nginx_site'] = made
    nginx = servers.start('nginx_site', world.site, world.addresses['nginx'])
    nginx.ports = ports
    try:
        yield nginx
    finally:
        nginx.stop()


def refuses_to_start(world, server, http=''):
    """What nginx says of a configuration that it does not take; '' if it
    does."""
    try:
        with running(world, server, http):
            return ''
    except RuntimeError as error:
        return str(error)


def names(text_of_include):
    """(directive, first word behind it) of each line."""
    for line in text_of_include.splitlines():
        words = line.strip().rstrip(';').split()
        if words and not words[0].startswith('#'):
            yield words[0], words[1] if len(words) > 1 else ''


def include(name):
    with open(os.path.join(tap.SRC, 'examples/nginx', name),
              encoding='ascii') as file:
        return file.read()
