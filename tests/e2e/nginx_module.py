"""The nginx module in place of the includes: the description of a site that
nginx_site takes, said in the module's directives.

    for face in nginx_module.faces(): ...     'fastcgi', 'module'
    nginx_module.render(text)                 auth_request -> authgear
    nginx_module.includes(folder, ...)        files of the includes' names
    nginx_module.named(shown)                 HTTP_X_AUTHGEAR_* as variables

What the includes do beside asking (Host, websockets, $ag_...) a site with the
module says itself; here it stands in files of the same names.
"""

import os
import re

import tap

PATH = tap.binary('ngx_http_authgear_module.so')
# another one than Debian's: that of tests/nginx_sanitized.sh
NGINX = os.environ.get('AUTHGEAR_NGINX', '/usr/sbin/nginx')

HTTP = '''map $host $ag_own_host { default $host; "" $server_addr:$server_port; }
map $http_host $ag_host { default $http_host; "" $ag_own_host; }
map $http_upgrade $ag_upgrade { default ""; ~*^websocket$ websocket; }
map $ag_upgrade $ag_connection { default ""; websocket upgrade; }
map "" $ag_cache_control { default ""; }
map "" $ag_decision { default ""; }
map "" $ag_status { default ""; }
map "" $ag_asked { default ""; }
map $authgear_remote_user $ag_log_user { default $authgear_remote_user;
    "" -; }
map $authgear_request_id $ag_log_id { default $authgear_request_id; "" -; }
log_format authgear '$remote_addr - $ag_log_user [$time_local] "$request" '
    '$status $body_bytes_sent "$http_referer" "$http_user_agent" '
    '$ag_log_id';
'''
SERVER = '''authgear_socket unix:%s;
authgear_login /authgear-login unix:%s;
'''
PROXY = '''proxy_http_version 1.1;
proxy_set_header Upgrade $ag_upgrade;
proxy_set_header Connection $ag_connection;
proxy_set_header Host $ag_host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
'''
PHP = '''fastcgi_split_path_info ^(.+?\\.php)(/.*)$;
try_files $fastcgi_script_name =404;
set $path_info $fastcgi_path_info;
fastcgi_param PATH_INFO $path_info;
'''
SCRIPT = 'fastcgi_param SCRIPT_FILENAME ' \
    '$document_root$fastcgi_script_name;\n'
USER = '%s_param REMOTE_USER $remote_user if_not_empty;\n'


def params(kind):
    """Debian's list, with the port in the name of the host."""
    with open('/etc/nginx/%s_params' % kind) as file:
        lines = [line for line in file if '_param' in line and
                 'HTTP_HOST' not in line and not line.startswith('#')]
    return ''.join(lines) + '%s_param HTTP_HOST $ag_host;\n' % kind


def files():
    return {
        'http': HTTP,
        'proxy': PROXY,
        'grpc': 'grpc_set_header Host $ag_host;\n',
        'fastcgi': params('fastcgi') + SCRIPT,
        'php': PHP + params('fastcgi') + SCRIPT,
        'uwsgi': params('uwsgi') + USER % 'uwsgi',
        'scgi': params('scgi') + USER % 'scgi',
        'public': 'authgear off;\n',
    }


def sanitizers():
    """What a server's process is told of its sanitizers, if it has them."""
    return {name: value for name, value in os.environ.items()
            if name in ('ASAN_OPTIONS', 'UBSAN_OPTIONS')}


def is_built():
    return os.path.exists(PATH)


def names():
    """The server with it, for tests of all servers."""
    return ('nginx-module',) if is_built() else ()


def faces():
    """Those that there are; the lack of one is told."""
    if is_built():
        return ('fastcgi', 'module')
    tap.skip('the nginx module', 'it was not built: no nginx-dev')
    return ('fastcgi',)


def loading():
    return 'load_module %s;\n' % PATH


def includes(folder, address, login):
    """The files in a new folder; its name with a slash."""
    os.makedirs(folder)
    for name, text in dict(files(), server=SERVER % (address, login)).items():
        with open(os.path.join(folder, 'authgear-%s.conf' % name),
                  'w') as file:
            file.write(text)
    return folder + '/'


def named(shown):
    """What an application of variables saw, by the names that the includes
    have for it too."""
    before = 'HTTP_X_AUTHGEAR_'
    if shown and 'env' in shown:
        shown['env'] += [['AUTHGEAR_' + name[len(before):], value]
                         for name, value in shown['env']
                         if name.startswith(before)]
    return shown


def render(text):
    """A description with auth_request, by the module's directives."""
    text = re.sub(r'auth_request /_authgear/([a-z0-9_-]+);',
                  r'authgear \1;', text)
    return text.replace('auth_request off;', 'authgear off;')
