"""authgear-cache doctor reads nginx's configuration: of the examples it says
nothing but good, and of each fault what it is and what mends it."""

import os
import shutil
import socket
import subprocess
import tempfile

import nginx_module
import servers
import tap

# The configuration stands where nginx looks for it, and the sockets where it
# asks, in a namespace of its own.
RUN = ('mount --bind "$0" "$3" && mount -t tmpfs none /run &&'
       ' mkdir -p /run/lock /run/apache2 && ln -s "$4" /run/authgear &&'
       ' exec "$1" doctor --config "$2"')
SETTINGS = """[authgear]
endpoint = http://127.0.0.1:1
state = %s/state
[policy default]
[policy admin]
[policy web]
login_client = web
login_return = http://127.0.0.1/authgear-login
"""
SHARE = '/usr/share/authgear-gate/nginx/'
SERVER = 'include %sauthgear-server.conf;' % SHARE
PUBLIC = 'include %sauthgear-public.conf;' % SHARE
ASK = 'auth_request /_authgear/default;'
ROOT = 'location / {'
PROXY = 'proxy_pass http://127.0.0.1:8000/app/;'
CACHE = 'access_log /var/log/nginx/access.log authgear;'
ZONE = CACHE + 'proxy_cache_path %s/c keys_zone=z:1m;'

# name, what is replaced by what, subject, finding, fault, what mends it
FAULTS = (
    ('a mistyped auth_request', ((ASK, 'auth_request /_authger/default;'),),
     'bad', 'does not begin with /_authgear/', 'auth_request /_authgear/'),
    ('a policy without a slash', ((ASK, 'auth_request /_authgeardefault;'),),
     'bad', 'does not begin with /_authgear/', 'auth_request /_authgear/'),
    ('a rewrite before the include', ((SERVER, 'rewrite ^/x /y last;'
                                       + SERVER),),
     'bad', 'does not stand first: rewrite does', 'the first line'),
    ('the include at the end', ((SERVER, ''), (ASK, ASK + SERVER)),
     'bad', 'does not stand first: listen does', 'the first line'),
    ('no include', ((SERVER, ''),),
     'bad', 'nothing there answers it', 'authgear-server.conf'),
    ('nobody is asked, names stay', ((PUBLIC, 'auth_request off;'),),
     'bad', 'does not clear the names', 'authgear-public.conf'),
    ('nobody is asked at all', ((ASK, ''),),
     'bad', 'does not clear the names', 'authgear-public.conf'),
    ('nobody is asked where only one path has a location',
     ((ASK, ''), (ROOT, 'location /one/ {' + ASK)),
     'bad', 'does not clear the names', 'authgear-public.conf'),
    ('a cache of all users', ((CACHE, ZONE), (PROXY, 'proxy_cache z;'
                                              + PROXY)),
     'bad', 'without the user in its key', '$ag_user_id'),
    ('a cache by the name of HTTP Basic',
     ((CACHE, ZONE), (PROXY, 'proxy_cache z; proxy_cache_key $remote_user;'
                      + PROXY)),
     'bad', 'without the user in its key', '$ag_user_id'),
    ('either of two rules', ((ASK, 'satisfy any; allow 127.0.0.1;' + ASK),),
     'cannot be looked at', 'whom another rule lets in', 'satisfy all'),
    ('a policy that is not there', ((ASK, ASK.replace('default', 'no')),),
     'bad', 'policy no, by auth_request, is not in', 'write it there'),
    ('what nginx refuses behind a warning',
     ((ASK, 'gzip_types text/html; auth_requests x;'),),
     'cannot be looked at', 'unknown directive', 'nginx -t'),
    ('what nginx refuses', ((ASK, 'auth_requests x;'),),
     'cannot be looked at', 'unknown directive', 'nginx -t'),
)

# the same of its module
ASKED, LATER = 'authgear default;', 'authgear_socket unix:'
MODULE = (
    ('the module, no policy', ((ASKED, ''),), 'cannot be looked at',
     'nobody is asked, and nothing says so', 'authgear off'),
    ('the module, no policy at all', (
        (ASKED, ''), ('authgear admin;', ''), ('authgear off;', '')),
     'bad', 'the module is loaded, but no authgear is here',
     'authgear POLICY'),
    ('the module and an include', (
        (ASKED, ASKED + 'auth_request /_authgear/x;'),),
     'bad', 'authgear default and auth_request /_authgear/x', 'one of them'),
    ('the site\'s own asking', ((ASKED, 'auth_request /own;'),),
     'cannot be looked at', 'auth_request /own is not ours',
     'authgear POLICY'),
    ('a policy of the module that is not there', ((ASKED, 'authgear no;'),),
     'bad', 'policy no, by the module, is not in', 'write it there'),
    ('a policy of a location that is not there', (
        ('authgear admin;', 'authgear no;'),),
     'bad', '/admin: policy no, by the module, is not in', 'write it there'),
    ('a policy of a path that is not there', (
        (ASKED, ASKED + 'authgear_path /x no;'),),
     'bad', 'authgear_path /x: policy no, by the module', 'write it there'),
    ('a socket that is not there', ((LATER + '/run/authgear/nginx.sock',
                                     LATER + '/run/authgear/no.sock'),),
     'bad', 'nobody listens at /run/authgear/no.sock', 'start authgear-fcgi'),
    ("a server's socket that is not there", (
        (ASKED, ASKED + LATER + '/run/authgear/no.sock;'),),
     'bad', 'nobody listens at /run/authgear/no.sock', 'start authgear-fcgi'),
    ('a socket for the login that is not there', (
        ('/run/authgear/login.sock', '/run/authgear/no.sock'),),
     'bad', 'authgear_login: nobody listens at', 'start authgear-fcgi'),
    ('a path that no login comes back to', (
        ('authgear_login /authgear-login ', 'authgear_login /login '),),
     'bad', 'has its login_return at /login', 'path of login_return'),
    ('pages that are not there', ((LATER, 'authgear_cache %s/no %s/no;'
                                   + LATER),),
     'bad', 'authgear_cache', 'authgear-cache init'),
    ('a cache of all users, with the module', (
        (CACHE, ZONE), (PROXY, 'proxy_cache z;' + PROXY)),
     'bad', 'without the user in its key', 'put $remote_user'),
)

PLACES = {'apache': '/etc/apache2/apache2.conf',
          'lighttpd': '/etc/lighttpd/lighttpd.conf'}
DEFAULT, CGI = '\tUse Authgear default "/"\n', 'cgi.assign = ( ".cgi" => "" )'
# server, what is replaced by what, finding, fault, what mends it
OTHERS = (
    ('apache', '\tUse AuthgearOn\n', '', 'bad', 'no Use AuthgearOn',
     'Use AuthgearOn'),
    ('apache', DEFAULT, '', 'bad', 'ask nobody', 'Use Authgear POLICY'),
    ('apache', DEFAULT, DEFAULT + '<Location "/open">\n'
     'Require all granted\n</Location>\n', 'cannot be looked at',
     'has access rules of its own', '--probe URL'),
    ('apache', DEFAULT, '<If "true">\nRequire all granted\n</If>\n' + DEFAULT,
     'cannot be looked at', 'has access rules of its own', '--probe URL'),
    ('apache', DEFAULT, DEFAULT + '<Location "/x">\n'
     'AuthName "authgear default"\n</Location>\n', 'cannot be looked at',
     'whether anybody is asked is not known', '--probe URL'),
    ('apache', DEFAULT, DEFAULT.replace('default', 'no'), 'bad',
     'policy no, <Location "/">, is not in', 'write it there'),
    ('lighttpd', '"AUTHGEAR_POLICY" => "admin"',
     '"AUTHGEAR_POLICY" => "no"', 'bad', 'policy no, named there, is not in',
     'write it there'),
    ('lighttpd', CGI, 'setenv.add-environment += ( "AUTHGEAR_CACHE" =>'
     ' "/nowhere/a /nowhere/b" )', 'bad', '/nowhere/a is no directory',
     'authgear-cache init'),
    ('lighttpd', CGI, 'auth.cache = ( "max-age" => 600 )', 'bad',
     'auth.cache', 'leave it out'),
    ('lighttpd', CGI, 'magnet.attract-raw-url-to := ()', 'bad',
     'authgear.lua is not called', 'lighty-enable-mod authgear'),
    ('lighttpd', CGI, '$HTTP["url"] =^ "/files/" {\n'
     'magnet.attract-raw-url-to = ()\n}\n', 'bad',
     'is set without authgear.lua', '+= in place of ='),
    ('lighttpd', CGI, '$HTTP["host"] == "b" {\nfastcgi.server = ( "/x" => (( '
     '"host" => "127.0.0.1", "port" => 8000 )) )\n}\n', 'cannot be looked at',
     'fastcgi.server is set anew', 'granted'),
    ('lighttpd', CGI, '$HTTP["url"] !~ "^/files/" {\nfastcgi.server = ()\n}\n',
     'cannot be looked at', 'fastcgi.server is set anew', '--probe URL'),
)
# what is as good as the example
AS_GOOD = (
    '$HTTP["url"] =~ "\\.php$" {\nfastcgi.server = ( "" => (( "host" => '
    '"127.0.0.1", "port" => 8000 )) )\n}\n',
    '$REQUEST_HEADER["X-Authgear-Decision"] == "granted" {\n'
    '$HTTP["host"] == "b" {\nfastcgi.server = ( "" => (( "host" => '
    '"127.0.0.1", "port" => 8000 )) )\n}\n}\n',
)

# a whole configuration of nginx, by which nothing is served
NOTHING = (
    ('no http', 'events { }\n'),
    ('http without a server', 'events { }\nhttp { }\n'),
    ('a server of another kind', 'events { }\nhttp { upstream a { server '
     '127.0.0.1:1; } }\n'),
)

# name and changes of what is as good as the example
GOOD = (
    ('the example', ()),
    ('a cache by user', ((CACHE, ZONE), (
        PROXY, 'proxy_cache z; proxy_cache_key $ag_user_id$uri;' + PROXY))),
    ('an answer that asks nobody', ((ASK, ASK + 'location = /up {'
                                     ' auth_request off; return 204; }'),)),
    ('a policy in each location', (
        (ASK, ''), (ROOT, ROOT + ASK),
        *((place, place + ASK) for place in ('location /fcgi/ {',
                                             'location /app/ {')))),
    ('the recipe of a route', ((ASK, 'auth_request /_auth-x; location ='
                                ' /_auth-x { internal; rewrite ^'
                                ' /_authgear/default last; }'),)),
    ('quotes, comments, variables', ((ASK, 'set $a "};\\"{ #"; # }\n'
                                      'set $b ${a}x;' + ASK),)),
)


def doctor(at, changes, example='nginx.conf'):
    text = servers.example(example, [])
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new.replace('%s', at))
    text = text.replace(SHARE, tap.SRC + '/examples/nginx/')
    text = text.replace('modules/ngx_http_authgear_module.so',
                        nginx_module.PATH)
    text = text.replace('/run/nginx.pid', at + '/pid')
    text = text.replace('/var/log/nginx', at)
    text = text.replace('127.0.0.1:8080', '127.0.0.1:%d'
                        % servers.free_port())
    return look(at, text, 'nginx', '/etc/nginx/nginx.conf')


def other(at, name, place, old='', new=''):
    """lighttpd or Apache, by its example."""
    text = servers.example(name + '.conf', [(old, new, 1)] if old else [])
    text = text.replace('/usr/share/authgear-gate/', tap.SRC + '/examples/')
    text = text.replace('/var/log/apache2', at)
    return look(at, text, name, place)


def look(at, text, name, place):
    conf = os.path.join(at, 'conf')
    with open(conf, 'w') as file:
        file.write(text)
    out = subprocess.run(
        ['unshare', '-m', 'sh', '-c', RUN, conf,
         os.path.join(tap.BUILD, 'authgear-cache'), at + '/settings', place,
         at],
        capture_output=True, text=True, timeout=60)
    if out.returncode not in (0, 1) or not out.stdout:
        raise RuntimeError(out.stderr)
    return [line for line in out.stdout.splitlines()
            if ': ' + name in line]


def by_module(at):
    lines = doctor(at, (), 'nginx-module.conf')
    tap.ok(len(lines) >= 5 and all(line.startswith('good: ')
                                   for line in lines),
           'good: the example of the module', '\n'.join(lines))
    for name, changes, finding, fault, remedy in MODULE:
        lines = doctor(at, changes, 'nginx-module.conf')
        tap.ok(any(line.startswith(finding) and fault in line and
                   remedy in line for line in lines), name,
               '\n'.join(lines))
    os.chmod(at + '/nginx.sock', 0o600)
    lines = doctor(at, (), 'nginx-module.conf')
    os.chmod(at + '/nginx.sock', 0o666)
    tap.ok(any(line.startswith('bad: ') and 'www-data may not connect to '
               '/run/authgear/nginx.sock' in line for line in lines),
           'a socket that nginx cannot reach', '\n'.join(lines))


def listen(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    os.chmod(path, 0o666)
    listener.listen()
    return listener


def main():
    at = tempfile.mkdtemp(prefix='authgear-web-')
    os.chmod(at, 0o755)
    listeners = [listen(os.path.join(at, name))
                 for name in ('nginx.sock', 'login.sock')]
    with open(os.path.join(at, 'settings'), 'w') as file:
        file.write(SETTINGS % at)
    try:
        for name, changes in GOOD:
            lines = doctor(at, changes)
            tap.ok(len(lines) >= 7 and all(
                line.startswith('good: ') for line in lines),
                'good: ' + name, '\n'.join(lines))
        for name, changes, finding, fault, remedy in FAULTS:
            lines = doctor(at, changes)
            tap.ok(any(line.startswith(finding) and fault in line and
                          remedy in line for line in lines),
                      name, '\n'.join(lines))
        if nginx_module.is_built():
            by_module(at)
        for name, text in NOTHING:
            lines = look(at, text, 'nginx', '/etc/nginx/nginx.conf')
            tap.ok(len(lines) == 1 and lines[0].startswith(
                'cannot be looked at: nginx: ') and 'nothing is served' in
                   lines[0], 'nginx: ' + name, '\n'.join(lines))
        for text in AS_GOOD:
            lines = other(at, 'lighttpd', PLACES['lighttpd'], CGI, text)
            tap.ok(lines and all(line.startswith('good: ') for line in lines),
                   'good: lighttpd with ' + text.splitlines()[0],
                   '\n'.join(lines))
        for name, place in PLACES.items():
            lines = other(at, name, place)
            tap.ok(lines and all(line.startswith('good: ') for line in lines),
                   'good: the example of ' + name, '\n'.join(lines))
        for name, old, new, finding, fault, remedy in OTHERS:
            lines = other(at, name, PLACES[name], old, new)
            tap.ok(any(line.startswith(finding) and fault in line and
                       remedy in line for line in lines),
                   name + ': ' + fault, '\n'.join(lines))
    finally:
        for listener in listeners:
            listener.close()
        shutil.rmtree(at)
    tap.done()


if __name__ == '__main__':
    main()
