"""Hosts that are web servers: a name and a password by HTTP's Basic.

    host = pam_web.Nginx(site)
"""

import base64
import re
import socket

import gate
import pam_hosts
from pam_hosts import ALL, SHORT

PAGE = 'the page'
DATE = re.compile(rb'^Date: [^\r]+\r\n', re.MULTILINE)


def basic(user, password):
    return 'Basic ' + base64.b64encode(
        ('%s:%s' % (user, password)).encode()).decode()


class BasicWay(pam_hosts.Way):
    """What a client is shown is, byte for byte but for the date, what one
    without a password is shown, or the page as one that nothing guards."""

    def __init__(self, host, carries):
        super().__init__(host, host.service, carries)
        self.open = self.fetch(host.open_page)
        self.closed = self.fetch(host.page)
        if b' 200 ' not in self.open or b' 401 ' not in self.closed:
            raise RuntimeError('%s: %r, %r' % (host.service, self.open,
                                               self.closed))

    def wire(self, ok, user, _):
        return re.escape(self.open if ok else self.closed)

    def fetch(self, page, user=None, password=None):
        """All that came, without the date."""
        text = 'GET %s HTTP/1.1\r\nHost: localhost\r\n' \
            'Connection: close\r\n' % page
        if user is not None:
            text += 'Authorization: %s\r\n' % basic(user, password)
        with socket.create_connection(('127.0.0.1', self.host.port),
                                      gate.PATIENCE) as made, \
                made.makefile('rb') as stream:
            made.sendall((text + '\r\n').encode())
            return DATE.sub(b'', stream.read())

    def attempt(self, user, password):
        got = self.fetch(self.host.page, user, password)
        return b' 200 ' in got.split(b'\r\n')[0], got

    def extra(self, wire):
        return self.host.said()


class Web(pam_hosts.Host):
    """A server with one page that is guarded and one that is not; `change`
    is what is replaced in its settings, and by what."""

    policy, is_root, has_unix = 'web', False, False
    page, open_page, pages = '/page', '/open', '/srv/pages'
    settings = configuration = None
    command, log = (), None
    carries, way = ALL, BasicWay

    def __init__(self, site, change=('', '')):
        super().__init__(site)
        for name in (self.page, self.open_page):
            self.machine.write(self.pages + name, PAGE)
        self.machine.write(self.settings, self.configuration.replace(
            *change) % self.port)
        self.process = self.machine.start(self.service, self.command)
        self.ready()
        self.seen = 0
        self.ways = (self.way(self, self.carries),)

    def said(self):
        """What it wrote into its own log."""
        text = self.process.log() if self.log is None else \
            self.machine.read(self.log)
        fresh, self.seen = text[self.seen:], len(text)
        return fresh


class Nginx(Web):
    service = 'nginx'
    settings = '/etc/nginx/tests.conf'
    command = ('nginx', '-c', settings)
    log = '/var/log/nginx/error.log'
    configuration = '''
load_module modules/ngx_http_auth_pam_module.so;
daemon off;
user www-data;
worker_processes 1;
pid /run/nginx-tests.pid;
error_log /var/log/nginx/error.log info;
events {
}
http {
	default_type text/plain;
	access_log off;
	keepalive_requests 100000;
	etag off;
	server {
		listen 127.0.0.1:%d;
		root /srv/pages;
		location = /open {
		}
		location / {
			auth_pam "test";
			auth_pam_service_name nginx;
		}
	}
}
'''


class Lighttpd(Web):
    service = 'lighttpd'
    settings = '/etc/lighttpd/tests.conf'
    command = ('lighttpd', '-D', '-f', settings)
    carries = SHORT
    configuration = '''
server.modules = ("mod_auth", "mod_authn_pam")
server.document-root = "/srv/pages"
server.bind = "127.0.0.1"
server.port = %d
server.username = "www-data"
server.groupname = "www-data"
mimetype.assign = ("" => "text/plain")
static-file.etags = "disable"
auth.backend = "pam"
auth.backend.pam.opts = ("service" => "lighttpd")
$HTTP["url"] != "/open" {
	auth.require = ("" => ("method" => "basic", "realm" => "test",
	    "require" => "valid-user"))
}
'''


class Apache(Web):
    service = 'apache2'
    settings = '/etc/apache2/tests.conf'
    command = ('apache2', '-DFOREGROUND', '-f', settings)
    log = '/var/log/apache2/error.log'
    configuration = '''
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
LoadModule authnz_pam_module /usr/lib/apache2/modules/mod_authnz_pam.so
LoadModule authn_socache_module /usr/lib/apache2/modules/mod_authn_socache.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
ServerName localhost
Listen 127.0.0.1:%d
User www-data
Group www-data
PidFile /run/apache2-tests.pid
ErrorLog /var/log/apache2/error.log
FileETag None
DocumentRoot /srv/pages
<LocationMatch "^/(?!open$)">
	AuthType Basic
	AuthName "test"
	AuthBasicProvider PAM
	AuthPAMService apache2
	Require valid-user
</LocationMatch>
'''


class CupsWay(BasicWay):
    # name, colon and password have 255 bytes
    told_of_cut = ((5, 'auth', 'refused: truncated: the credential is a part '
                    'of a token, 249 bytes; CUPS cuts the name and the '
                    'password at 255 together; use'),)


class Cups(Web):
    service, policy, is_root, has_unix = 'cups', 'printing', True, True
    # it says "localhost", which is no address
    address, way = '-', CupsWay
    settings = '/etc/cups/cupsd.conf'
    command = ('cupsd', '-f')
    log = '/var/log/cups/error_log'
    pages = '/usr/share/cups/doc-root'
    carries = SHORT
    configuration = '''
LogLevel warn
WebInterface Yes
Listen 127.0.0.1:%d
DefaultAuthType Basic
<Location />
  Order allow,deny
  Allow localhost
</Location>
<Location /page>
  AuthType Basic
  Require valid-user
  Order allow,deny
  Allow localhost
</Location>
'''
