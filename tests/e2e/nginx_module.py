"""The nginx module in place of the includes: the description of a site that
nginx_site takes, said in the module's directives.

    for face in nginx_module.faces(): ...     'fastcgi', 'module'
    nginx_module.render(text)                 auth_request -> authgear
    nginx_module.includes(folder, ...)        files of the includes' names

What the includes do beside asking (Host, websockets, $ag_...) a site with the
module says itself; here it stands in files of the same names.
"""

import os
import re

import tap

PATH = tap.binary('ngx_http_authgear_module.so')

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
USER = '%s_param REMOTE_USER $remote_user if_not_empty;\n'
FILES = {
    'http': HTTP,
    'proxy': PROXY,
    'grpc': 'grpc_set_header Host $ag_host;\n',
    'fastcgi': 'include /etc/nginx/fastcgi_params;\n'
               'fastcgi_param SCRIPT_FILENAME '
               '$document_root$fastcgi_script_name;\n',
    'php': 'include /etc/nginx/snippets/fastcgi-php.conf;\n',
    'uwsgi': 'include /etc/nginx/uwsgi_params;\n' + USER % 'uwsgi',
    'scgi': 'include /etc/nginx/scgi_params;\n' + USER % 'scgi',
    'public': 'authgear off;\n',
}


def is_built():
    return os.path.exists(PATH)


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
    for name, text in dict(FILES, server=SERVER % (address, login)).items():
        with open(os.path.join(folder, 'authgear-%s.conf' % name),
                  'w') as file:
            file.write(text)
    return folder + '/'


def render(text):
    """A description with auth_request, by the module's directives."""
    text = re.sub(r'auth_request /_authgear/([a-z0-9_-]+);',
                  r'authgear \1;', text)
    return text.replace('auth_request off;', 'authgear off;')
