"""An nginx around the includes of the tree, in whatever surroundings.

    with nginx_site.running(world, server, http) as nginx:
        nginx.port, nginx.log()

`server` is the text of one server block or of several, each of which says
@LISTEN@ where its port comes (and is asked at nginx.ports[0], [1], ...),
`http` what stands before them. In both, @INCLUDES@ is the folder of the
includes, those of the tree with the sockets put in; @DOWN@ the same with a
socket that nobody answers at; @WWW@ the document root, @HTTP@ and @FASTCGI@
the applications, @AT@ a folder that nginx may write to.

With face='module' the same description is said in the directives of the
module (nginx_module.py).
"""

import contextlib
import os
import socket

import nginx_module
import servers

HEAD = '''pid @AT@/pid;
error_log @AT@/error.log;
events { @EVENTS@ }
http {
access_log off;
client_body_temp_path @AT@/work/body;
proxy_temp_path @AT@/work/proxy;
fastcgi_temp_path @AT@/work/fastcgi;
uwsgi_temp_path @AT@/work/uwsgi;
scgi_temp_path @AT@/work/scgi;
include @INCLUDES@/authgear-http.conf;
'''


def includes(site, folder, address, face):
    if face == 'module':
        return nginx_module.includes(folder, address, site.login_socket)
    return servers.nginx_includes(site, folder, address)


def text(site, at, ports, server, http, address, face='fastcgi', events=''):
    """The whole configuration of these server blocks."""
    whole = HEAD.replace('@EVENTS@', events) + http + '\n'
    if face == 'module':
        server = nginx_module.render(server)
    if os.geteuid() == 0:
        whole = 'user www-data;\n' + whole
    parts = server.split('@LISTEN@')
    whole += parts[0]
    for port, part in zip(ports, parts[1:]):
        # "@LISTEN@ http2;" says more of it
        more = '' if part.lstrip(' ').startswith('http2;') else ';'
        whole += 'listen 127.0.0.1:%d' % port + more + part
    for name, value in (
            ('@INCLUDES@/', includes(site, at + '/includes', address, face)),
            ('@DOWN@/', includes(site, at + '/down', at + '/nobody', face)),
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
def running(world, server, http='', modules='', asking='', face='fastcgi',
            environment=(), events=''):
    """`modules`: lines before all others; `asking`: what an administrator
    puts into the folder of the location that asks; `environment`: NAME=value
    of the process; `events`: how it waits."""
    ports = []
    if face == 'module':
        modules += nginx_module.loading()

    def made(site, at, port, address):
        ports[:] = [port] + free_ports(server.count('@LISTEN@') - 1)
        for file in ('fastcgi.conf', 'fastcgi_params'):
            os.symlink('/etc/nginx/' + file, at + '/' + file)
        whole = modules + text(site, at, ports, server, http, address, face,
                               events)
        os.mkdir(at + '/includes/asking.d')
        with open(at + '/includes/asking.d/own.conf', 'w') as file:
            file.write(asking)
        command = servers.nginx_command(at)
        return whole, ['env', *environment] + list(command)

    nginx = servers.start('nginx', world.site, world.addresses['nginx'], made)
    nginx.ports = ports
    try:
        yield nginx
    finally:
        nginx.stop()
