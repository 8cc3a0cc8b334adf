"""Every module of Debian's apache2-bin that can answer by itself: asked
without a credential in ten methods, it does not, but for those that README
names. A module without a row here makes the test fail."""

import os
import socket
import struct
import subprocess

import apache
import backend
import checker
import servers
import tap
from checker import refused

METHODS = ('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'MOVE', 'MKCOL',
           'PROPFIND', 'OPTIONS', 'TRACE')

# What never answers a request: what it does instead.
SILENT = {
    'decides who may': (
        'access_compat', 'auth_basic', 'auth_digest', 'authn_anon',
        'authn_core', 'authn_dbd', 'authn_dbm', 'authn_file',
        'authn_socache', 'authnz_fcgi', 'authnz_ldap', 'authz_core',
        'authz_dbd', 'authz_dbm', 'authz_groupfile', 'authz_host',
        'authz_owner', 'authz_user'),
    'filters what others answer': (
        'brotli', 'bucketeer', 'buffer', 'case_filter', 'case_filter_in',
        'charset_lite', 'data', 'deflate', 'ext_filter', 'filter',
        'proxy_html', 'ratelimit', 'reqtimeout', 'request', 'sed',
        'substitute', 'xml2enc'),
    'headers, variables, types': (
        'cern_meta', 'env', 'expires', 'headers', 'ident', 'mime',
        'mime_magic', 'remoteip', 'session', 'session_cookie',
        'session_crypto', 'session_dbd', 'setenvif', 'unique_id',
        'usertrack'),
    'logs': ('dumpio', 'log_debug', 'log_forensic'),
    'stores or serves other modules': (
        'cache_disk', 'cache_socache', 'dav_fs', 'dav_lock', 'dbd',
        'heartbeat', 'lbmethod_bybusyness', 'lbmethod_byrequests',
        'lbmethod_bytraffic', 'lbmethod_heartbeat', 'macro', 'proxy_hcheck',
        'slotmem_plain', 'slotmem_shm', 'socache_dbm', 'socache_memcache',
        'socache_redis', 'socache_shmcb', 'suexec'),
    'connections, not requests': ('mpm_event', 'mpm_prefork', 'mpm_worker',
                                  'ssl'),
}

# module, path, lines of the virtual host, what those who may get: status,
# text and, if not GET, the method.
ROWS = [
    ('actions', '/m/actions/page.txt',
     'Action acted /m/cgi/show.cgi\n<Location /m/actions>\n'
     'SetHandler acted\n</Location>', 200, '"cgi"'),
    ('alias', '/m/alias/page.txt', 'Alias /m/alias {www}/m/elsewhere', 200,
     'page of elsewhere'),
    ('alias', '/m/alias-there/', '<Directory {www}/m/alias-there>\n'
     'Redirect 302 /m/alias-there http://away.example/\n</Directory>', 302,
     ''),
    ('asis', '/m/asis/page.asis', 'AddHandler send-as-is asis', 200,
     'as it is'),
    ('auth_form', '/m/auth_form/x', '<Location /m/auth_form>\n'
     'SetHandler form-logout-handler\nSession On\nSessionCookieName s\n'
     'AuthFormLogoutLocation http://away.example/\n</Location>', 307, ''),
    ('autoindex', '/m/autoindex/', '<Directory {www}/m/autoindex>\n'
     'Options +Indexes\n</Directory>', 200, 'page.txt'),
    ('cache', '/m/cache/page.txt', 'CacheRoot {dir}/cache\n'
     'CacheEnable disk /m/cache', 200, 'page of cache'),
    ('cgi', '/m/cgi/show.cgi', '', 200, '"cgi"'),
    ('cgid', '/m/cgi/show.cgi', '', 200, '"cgi"'),
    ('dav', '/m/dav/', 'DavLockDB {dir}/lock\n<Location /m/dav>\nDav On\n'
     '</Location>', 207, 'multistatus', 'PROPFIND'),
    ('dav', '/m/dav/new', '', 201, '', 'PUT'),
    ('dialup', '/m/dialup/page.txt', '<Location /m/dialup>\n'
     'ModemStandard V.34\n</Location>', 200, 'page of dialup'),
    ('dir', '/m/dir', '', 301, ''),
    ('dir', '/m/dir-fallback/x', '<Directory {www}/m/dir-fallback>\n'
     'FallbackResource /m/dir-fallback/page.txt\n</Directory>', 200,
     'page of dir-fallback'),
    ('file_cache', '/m/file_cache/page.txt',
     'MMapFile {www}/m/file_cache/page.txt', 200, 'page of file_cache'),
    ('heartmonitor', '/m/heartmonitor', '<Location /m/heartmonitor>\n'
     'SetHandler heartbeat\n</Location>', 405, ''),
    ('imagemap', '/m/imagemap/page.map?1,1', 'AddHandler imap-file map', 302,
     ''),
    ('include', '/m/include/page.shtml', 'AddHandler server-parsed shtml\n'
     'AddOutputFilter INCLUDES shtml', 200, 'now included'),
    ('info', '/m/info', '<Location /m/info>\nSetHandler server-info\n'
     '</Location>', 200, 'Server Information'),
    ('ldap', '/m/ldap', '<Location /m/ldap>\nSetHandler ldap-status\n'
     '</Location>', 200, 'LDAP'),
    ('lua', '/m/lua/page.lua', '<Location /m/lua>\nSetHandler lua-script\n'
     '</Location>', 200, 'from lua'),
    ('lua', '/m/lua-map', 'LuaMapHandler /m/lua-map {www}/m/lua/page.lua '
     'handle', 200, 'from lua'),
    ('md', '/m/md', '<Location /m/md>\nSetHandler md-status\n</Location>',
     200, '{'),
    ('negotiation', '/m/negotiation/page.var', 'AddHandler type-map var',
     200, 'page of negotiation'),
    ('proxy', '/m/proxy/x', '<Location /m/proxy>\n'
     'SetHandler "proxy:http://{http}/"\n</Location>', 200, '"http"'),
    ('proxy_ajp', '/m/proxy_ajp/x', 'ProxyPass /m/proxy_ajp ajp://{closed}/',
     503, ''),
    ('proxy_balancer', '/m/proxy_balancer', '<Location /m/proxy_balancer>\n'
     'SetHandler balancer-manager\n</Location>', 200, 'Load Balancer'),
    ('proxy_express', 'http://express.example/x', '', 200, '"http"'),
    ('proxy_fcgi', '/m/proxy_fcgi/x', 'ProxyPass /m/proxy_fcgi '
     '"unix:{fcgi}|fcgi://localhost/"', 200, '"fastcgi"'),
    ('proxy_fdpass', '/m/proxy_fdpass/x',
     '<Location /m/proxy_fdpass>\nSetHandler "proxy:fd://{dir}/none"\n'
     '</Location>', 500, ''),
    ('proxy_ftp', '/m/proxy_ftp/x', 'ProxyPass /m/proxy_ftp ftp://{closed}/',
     503, ''),
    ('proxy_http', '/m/proxy_http/x',
     'ProxyPass /m/proxy_http http://{http}/', 200, '"http"'),
    ('proxy_http2', '/m/proxy_http2/x',
     'ProxyPass /m/proxy_http2 h2c://{closed}/', 503, ''),
    ('proxy_scgi', '/m/proxy_scgi/x',
     'ProxyPass /m/proxy_scgi scgi://{closed}/', 503, ''),
    ('proxy_uwsgi', '/m/proxy_uwsgi/x',
     'ProxyPass /m/proxy_uwsgi uwsgi://{closed}/', 503, ''),
    ('proxy_wstunnel', '/m/proxy_wstunnel/x',
     'ProxyPass /m/proxy_wstunnel ws://{closed}/', 503, ''),
    ('reflector', '/m/reflector', '<Location /m/reflector>\n'
     'SetHandler reflector\n</Location>', 200, 'x', 'POST'),
    ('rewrite', '/m/rewrite/away', '<Directory {www}/m/rewrite>\n'
     'RewriteEngine On\nRewriteRule ^away http://away.example/ [R]\n'
     'RewriteRule ^gone - [G]\n</Directory>', 302, ''),
    ('rewrite', '/m/rewrite/gone', '', 410, ''),
    ('speling', '/m/speling/paeg.txt', '<Directory {www}/m/speling>\n'
     'CheckSpelling On\n</Directory>', 301, ''),
    ('status', '/m/status', '<Location /m/status>\nSetHandler server-status\n'
     '</Location>', 200, 'Server Status'),
    ('userdir', '/~anna/page.txt', 'UserDir {www}/m/userdir', 200,
     'page of userdir'),
    ('vhost_alias', 'http://virtual.example/page.txt', '', 200,
     'page of virtual.example'),
]
# What answers before anybody is asked: README's "What you must guarantee".
# module, path, lines, status and text of the answer to GET.
TOLD = [
    ('alias', '/t/alias', 'Redirect 302 /t/alias http://away.example/', 302,
     ''),
    ('alias', '/t/location', '<Location /t/location>\n'
     'Redirect 302 "http://away.example/"\n</Location>', 302, ''),
    ('rewrite', '/t/rewrite', 'RewriteEngine On\n'
     'RewriteRule ^/t/rewrite http://away.example/ [R]', 302, ''),
    ('allowmethods', '/t/allowmethods', '<Location /t/allowmethods>\n'
     'AllowMethods POST\n</Location>', 405, ''),
    ('lua', 'http://quick.example/page.txt', '', 200, 'from lua'),
    ('proxy_connect', 'http://forward.example/x', '', 200, '"http"'),
]
# Tested by a function of its own below.
OTHERS = {'echo', 'http2'}

HOSTS = '''
<VirtualHost *>
    ServerName express.example
    DocumentRoot {www}
    ProxyExpressEnable On
    ProxyExpressDBMType sdbm
    ProxyExpressDBMFile {dir}/express
    %(guard)s
</VirtualHost>
<VirtualHost *>
    ServerName virtual.example
    VirtualDocumentRoot {www}/m/virtual/%%0
    %(guard)s
</VirtualHost>
<VirtualHost *>
    ServerName quick.example
    LuaQuickHandler {www}/m/lua/page.lua handle
    %(guard)s
</VirtualHost>
Listen 127.0.0.1:{echo}
<VirtualHost 127.0.0.1:{echo}>
    ProtocolEcho On
</VirtualHost>
<VirtualHost *>
    ServerName forward.example
    ProxyRequests On
    ProxyRemote * http://{http}
    %(guard)s
</VirtualHost>
''' % {'guard': apache.GUARD}


def sdbm(path, key, value):
    """The least database that mod_proxy_express reads: one page."""
    page = bytearray(1024)
    at = 1024 - len(key)
    page[at:at + len(key)] = key
    end = at - len(value)
    page[end:at] = value
    struct.pack_into('=hhh', page, 0, 2, at, end)
    with open(path + '.pag', 'wb') as file:
        file.write(page)
    open(path + '.dir', 'wb').close()


def build(site):
    for module, path, *_ in ROWS:
        if path.count('/') == 2 and module != 'dir':
            continue        # a name for a handler
        name = path.split('/')[2] if path.startswith('/m/') else module
        os.makedirs(os.path.join(site.www, 'm', name), exist_ok=True)
        site.write('m/' + name, 'page.txt', 'page of %s\n' % name)
    for name in ('elsewhere', 'virtual/virtual.example', 'userdir/anna'):
        os.makedirs(os.path.join(site.www, 'm', name))
        site.write('m/' + name, 'page.txt', 'page of %s\n' %
                   name.split('/')[0 if 'anna' in name else -1])
    for name, text in (
            ('asis/page.asis', 'Content-Type: text/plain\n\nas it is\n'),
            ('imagemap/page.map', 'base map\n'
             'default http://away.example/\n'),
            ('include/page.shtml', '<!--#set var="a" value="now" -->'
             '<!--#echo var="a" --> included\n'),
            ('lua/page.lua', 'function handle(r)\nr.content_type = '
             '"text/plain"\nr:puts("from lua")\nreturn apache2.OK\nend\n'),
            ('negotiation/page.var', 'URI: page\n\nURI: page.txt\n'
             'Content-type: text/plain\n')):
        site.write('m', name, text)
    backend.write_cgi(os.path.join(site.www, 'm/cgi/show.cgi'),
                      site.runs_file)
    os.chown(os.path.join(site.www, 'm/dav'), 33, 33)


def every_module_has_a_row():
    rows = {name for names in SILENT.values() for name in names}
    rows |= {row[0] for row in ROWS + TOLD} | set(OTHERS)
    there = {name[4:-3] for name in os.listdir(apache.MODULES)
             if name.startswith('mod_') and name.endswith('.so')}
    tap.ok(len(there) >= 118 and there <= rows,
           'every module of Debian has a row', sorted(there - rows))
    return there


def ask(world, path, *more, method='GET', **others):
    headers = [('Destination', 'http://127.0.0.1:%d/m/dav/moved' %
                world.servers['apache'].port), ('Depth', '0')]
    body = b'x' if method in ('POST', 'PUT') else None
    return world.ask('apache', path, *more, method=method, headers=headers,
                     body=body, **others)


def closed(world, module, path):
    """Whatever the method, the answer is the authorizer's own."""
    for method in METHODS:
        before = world.site.runs()
        answer = ask(world, path, method=method)
        ours = answer.status == 401 and answer.header(
            'X-Authgear-Reason') == 'no-credential' and answer.header(
                'X-Authgear-Request-Id')
        tap.ok((ours or method == 'TRACE' and answer.status == 405) and
               world.site.runs() == before,
               '%s: %s %s is asked about' % (module, method, path), answer)


def cache(world):
    """mod_cache asks first, and keeps nothing that is somebody's own."""
    site = ('CacheRoot {dir}/cache\nCacheHeader On\nCacheDefaultExpire 600\n'
            'CacheIgnoreNoLastMod On\nCacheEnable disk /\n'
            'CacheSocache shmcb\nCacheEnable socache /m/socache\n'
            '<Location /kept>\nHeader set Cache-Control "public, '
            'max-age=600"\n</Location>\n'
            '<Location /app>\nProxyPass http://{http}/app\n</Location>\n' +
            apache.GUARD)
    for name in ('kept', 'm/socache'):
        os.makedirs(os.path.join(world.site.www, name), exist_ok=True)
        world.site.write(name, 'page.txt', 'page of %s\n' % name)
    for name in ('public', 'kept', 'm/socache', '.'):
        # old enough to be fresh by Apache's guess
        os.utime(os.path.join(world.site.www, name, 'page.txt'), (1e9, 1e9))
    world.servers['apache'] = apache.start(
        world, site, ['cache', 'cache_disk', 'cache_socache',
                      'socache_shmcb', 'proxy_http'],
        prepare=lambda at: os.chmod(os.mkdir(at + '/cache') or at + '/cache',
                                    0o777))
    paths = ('/page.txt', '/kept/page.txt', '/m/socache/page.txt')
    cookie = [('Cookie', 'app_access_token=' + world.token())]

    def hits(path, headers=()):
        for _ in range(3):
            answer = world.ask('apache', path, headers=headers)
        return 'HIT' in (answer.header('X-Cache') or '')
    tap.ok(hits('/public/page.txt'), 'cache: it works where nobody is asked')
    tap.ok(hits('/kept/page.txt', cookie), 'cache: and where the site says '
           'public')
    tap.ok(not hits('/page.txt', cookie) and
           not hits('/m/socache/page.txt', cookie), 'cache: not by itself')
    for path in paths:
        answer = world.ask('apache', path, headers=cookie)
        tap.equal(answer.header('Cache-Control'),
                  'public, max-age=600' if path.startswith('/kept') else
                  'private, no-cache', 'cache: what is said of ' + path)
        for method in METHODS[:9]:
            refused(world, 'apache', 'cache: %s %s' % (method, path), (401,),
                    path, method=method)
    for name in ('ann', 'ben'):
        answer = world.ask('apache', '/app/x', world.token(name))
        tap.equal(checker.values(answer.shown(), 'Remote-User'),
                  ['login-' + name], 'cache: the page of ' + name)
    world.fcgi.stop()
    for path in paths:
        refused(world, 'apache', 'cache: no daemon, ' + path, (500, 503),
                path)
        refused(world, 'apache', 'cache: no daemon, a cookie, ' + path,
                (500, 503), path, headers=cookie)
    world.servers['apache'].stop()
    world.start_daemon()


def http2(world):
    """The same requests, as streams."""
    port = world.servers['apache'].port

    def ask(path, *more):
        return subprocess.run(
            ['curl', '-s', '--http2-prior-knowledge', '-w',
             '\n%{http_version} %{http_code}', *more,
             'http://127.0.0.1:%d%s' % (port, path)],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
            check=False).stdout.decode('latin-1')
    bearer = ('-H', 'authorization: Bearer ' + world.token())
    for module, path, _, status, text, *method in ROWS:
        # mod_dialup crashes over HTTP/2, also without us
        if not path.startswith('/') or method or status != 200 or \
                module == 'dialup':
            continue
        answer = ask(path)
        tap.ok(answer.endswith('\n2 401'), 'http2: nobody, ' + path, answer)
        answer = ask(path, *bearer)
        tap.ok(answer.endswith('\n2 200') and text in answer,
               'http2: %s for those who may' % path, answer)
        answer = ask(path, '-H', 'x-authgear-user-id: root', *bearer)
        tap.ok(answer.endswith('\n2 400'), 'http2: a forged name, ' + path,
               answer)


def echo(port):
    with socket.create_connection(('127.0.0.1', port), 60) as link:
        link.sendall(b'GET /page.txt HTTP/1.0\r\n')
        tap.equal(link.recv(100), b'GET /page.txt HTTP/1.0\r\n',
                  'echo: says what it hears, as README says')


def main():
    there = every_module_has_a_row()
    with checker.World(()) as world:
        build(world.site)
        lines = '\n'.join(row[2] for row in ROWS + TOLD)
        lines = lines.replace('{closed}', '127.0.0.1:1')
        echo_port = servers.free_port()
        world.servers['apache'] = apache.start(
            world, 'Protocols h2c http/1.1\n' + lines + apache.GUARD,
            sorted(there - {'mpm_prefork', 'mpm_worker'}),
            behind=HOSTS.replace('{echo}', str(echo_port)),
            prepare=lambda at: (
                os.chmod(os.mkdir(at + '/cache') or at + '/cache', 0o777),
                sdbm(at + '/express', b'express.example', b'http://127.0.0.1:'
                     b'%d' % world.site.http.port)))
        token = world.token()
        for module, path, _, status, text, *method in ROWS:
            closed(world, module, path)
            answer = ask(world, path, token, method=(method or ['GET'])[0])
            tap.ok(answer.status == status and text.encode() in answer.body,
                   '%s: answers those who may, at %s' % (module, path),
                   answer)
        for module, path, _, status, text in TOLD:
            answer = ask(world, path)
            tap.ok(answer.status == status and text.encode() in answer.body,
                   '%s: answers before anybody is asked, as README says' %
                   module, answer)
        http2(world)
        echo(echo_port)
        log = world.servers['apache'].log()
        tap.ok('exit signal' not in log, 'nothing crashed', log[-2000:])
        world.servers['apache'].stop()
        cache(world)
    tap.done()


main()
