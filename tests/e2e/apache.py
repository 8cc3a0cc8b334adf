"""Apache with the include of the tree and a site of the test's own.

    with checker.World(()) as world:
        world.servers['apache'] = apache.start(world, SITE, ['rewrite'])
        world.ask('apache', '/', world.token())

SITE are the lines of a virtual host, in which {www}, {dir} (a folder of its
own), {http}, {fcgi} (addresses of the applications) and {modules} are put
in. Beside the modules that are named, those of Debian's default and of the
include are loaded.
"""

import checker
import servers

MODULES = '/usr/lib/apache2/modules'
# What Debian enables by itself, and what the include needs.
DEFAULT = ('access_compat', 'alias', 'auth_basic', 'authn_core', 'authn_file',
           'authz_core', 'authz_host', 'authz_user', 'autoindex', 'deflate',
           'dir', 'env', 'filter', 'mime', 'mpm_event', 'negotiation',
           'reqtimeout', 'setenvif', 'status')
NEEDED = ('authnz_fcgi', 'headers', 'lua', 'macro', 'proxy', 'proxy_fcgi')
GUARD = '''
Use AuthgearOn
Use Authgear default "/"
Use Authgear admin "/admin"
Use AuthgearPublic "/public"
'''


def load(names):
    """LoadModule lines, in the order that a2enmod gives."""
    return ''.join('LoadModule %s_module %s/mod_%s.so\n' % (
        name, MODULES, name) for name in sorted(set(names)))


def settings(at, address, login):
    """The addresses that the include takes, and the include."""
    share = servers.apache_share(at)
    return ('Define AUTHGEAR_FCGI %s\nDefine AUTHGEAR_LOGIN %s\n'
            'Define AUTHGEAR_LUA %s/authgear.lua\n'
            'Include %s/authgear.conf\n' % (address, login, share, share))


def start(world, site, modules=(), outside='', behind='', without=(),
          prepare=None):
    """`outside`: lines before the virtual host, which is `site`, `behind`
    after it; `without`: modules that are not loaded; `prepare(folder)` is
    called with {dir}."""
    def put_in(text, at):
        for name, value in (('www', world.site.www), ('dir', at),
                            ('http', '127.0.0.1:%d' % world.site.http.port),
                            ('fcgi', world.site.socket),
                            ('modules', MODULES)):
            text = text.replace('{%s}' % name, value)
        return text

    def maker(pages, at, port, address):
        if prepare:
            prepare(at)
        names = set(DEFAULT + NEEDED + tuple(modules)) - set(without)
        text = ('ServerName localhost\nListen 127.0.0.1:%d\nUser www-data\n'
                'Group www-data\nServerRoot %s\nDefaultRuntimeDir %s\n'
                'PidFile %s/pid\nErrorLog %s/error.log\nLogLevel warn\n' % (
                    port, at, at, at, at) + load(names) +
                'TypesConfig /etc/mime.types\n'
                'DirectoryIndex index.html\n'
                '<IfModule mod_cgid.c>\nScriptSock %s/cgid\n</IfModule>\n'
                '<Directory />\nRequire all denied\n</Directory>\n'
                '<Directory %s>\nOptions +ExecCGI +Includes\n'
                'AddHandler cgi-script .cgi\nAllowOverride All\n'
                'Require all granted\n</Directory>\n'
                '<FilesMatch "^\\.ht">\nRequire all denied\n</FilesMatch>\n' %
                (at, pages.www) + settings(
                    at, address, pages.login_socket))
        text += put_in(outside, at) + '<VirtualHost *>\nDocumentRoot %s\n%s' \
            '\n</VirtualHost>\n%s' % (pages.www, put_in(site, at),
                                       put_in(behind, at))
        return text, ['/usr/sbin/apache2', '-D', 'FOREGROUND', '-f',
                      at + '/conf']
    return servers.start('apache', world.site, world.addresses['apache'],
                         maker)


def is_alice(shown, policy, name='alice'):
    """What the application was told, once and right."""
    http = shown['kind'] == 'http'
    wanted = {'Remote-User': 'login-' + name, 'X-Authgear-Policy': policy,
              'X-Authgear-User-Id': 'id-' + name,
              'X-Authgear-Decision': 'granted'} if http else {
                  'REMOTE_USER': 'login-' + name, 'AUTHGEAR_POLICY': policy,
                  'AUTHGEAR_USER_ID': 'id-' + name,
                  'AUTHGEAR_DECISION': 'granted'}
    return all(checker.values(shown, key) == [value]
               for key, value in wanted.items())


def ways(token):
    """The same credential, in each way that it can come in."""
    cookie = 'app_access_token=' + token
    return (('bearer', [('Authorization', 'Bearer ' + token)]),
            ('cookie', [('Cookie', 'a=1; %s; b=2' % cookie)]),
            ('both', [('Authorization', 'Bearer ' + token),
                      ('Cookie', cookie)]))
