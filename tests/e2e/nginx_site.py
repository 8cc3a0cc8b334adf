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
import socket

import servers

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


def text(site, at, ports, server, http, address):
    """The whole configuration of these server blocks."""
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
            ('@INCLUDES@/', servers.nginx_includes(site, at + '/includes',
                                                   address)),
            ('@DOWN@/', servers.nginx_includes(site, at + '/down',
                                               at + '/nobody')),
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
        for file in ('fastcgi.conf', 'fastcgi_params'):
            os.symlink('/etc/nginx/' + file, at + '/' + file)
        whole = modules + text(site, at, ports, server, http, address)
        os.mkdir(at + '/includes/asking.d')
        with open(at + '/includes/asking.d/own.conf', 'w') as file:
            file.write(asking)
        return whole, servers.nginx_command(at)

    nginx = servers.start('nginx', world.site, world.addresses['nginx'], made)
    nginx.ports = ports
    try:
        yield nginx
    finally:
        nginx.stop()
