"""What stands around the asking in nginx cannot answer for it: every
directive that could, at http and at server level, with the daemon up and
down; a good credential still passes."""

import http.client
import os
import sys

import checker
import nginx_module
import nginx_site
import tap

sys.path.insert(0, os.path.join(tap.SRC, 'tests', 'static'))
sys.dont_write_bytecode = True
import nginx_directives  # noqa: E402

DOWN_PAGE = b'page of /public'
CACHE = ('fastcgi_cache_path @AT@/cache keys_zone=around:1m;\n'
         'fastcgi_cache_path @AT@/cache2 keys_zone=other:1m;\n'
         'limit_req_zone $binary_remote_addr zone=req:1m rate=900r/s;\n'
         'limit_conn_zone $binary_remote_addr zone=conn:1m;\n')
BLOCK = '''server {
@BEFORE@
include @%s@/authgear-server.conf;
@LISTEN@
@SERVER@
root @WWW@;
auth_request /_authgear/default;
location = /public/ready.txt { auth_request off; add_before_body "";
    add_after_body ""; }
location /public/ { auth_request off; }
location /admin/ { auth_request /_authgear/admin; }
location /nested/ { location /nested/a/ { location ~ txt { alias
    @WWW@/page.txt; } } }
location /try/ { try_files /none /app/try; }
location /named/ { try_files /none @application; }
location @application { include @INCLUDES@/authgear-proxy.conf;
    proxy_pass http://@HTTP@; }
location /app/ { include @INCLUDES@/authgear-proxy.conf;
    proxy_pass http://@HTTP@; }
location /fcgi/ { include @INCLUDES@/authgear-fastcgi.conf;
    fastcgi_bind off; fastcgi_connect_timeout 60s; fastcgi_send_timeout 60s;
    fastcgi_read_timeout 60s; fastcgi_pass @FASTCGI@; }
location /upload/ { client_max_body_size 1m;
    include @INCLUDES@/authgear-proxy.conf; proxy_pass http://@HTTP@; }
}
'''
PATHS = ('/page.txt', '/nested/a/x.txt', '/try/x', '/named/x', '/app/x',
         '/fcgi/x', '/upload/x')

# What a site may say at http or at server level.
BOTH = (
    'error_page 400 401 402 403 404 405 413 500 501 502 503 504 =200 '
    '/public/page.txt;',
    'error_page 500 502 504 = /fcgi/down.php;',
    'error_page 502 504 =200 /public/page.txt; recursive_error_pages on;',
    'error_page 401 403 500 502 =200 /public/page.txt; '
    'fastcgi_intercept_errors on;',
    'error_page 401 403 500 502 =200 @application; '
    'fastcgi_intercept_errors on;',
    'fastcgi_cache around; fastcgi_cache_key $uri; '
    'fastcgi_cache_valid any 1m; fastcgi_cache_valid 200 1m;',
    'fastcgi_cache around; fastcgi_cache_key x; fastcgi_cache_valid 200 1s; '
    'fastcgi_ignore_headers Cache-Control Expires Set-Cookie Vary; '
    'fastcgi_cache_methods GET HEAD POST; fastcgi_cache_lock on; '
    'fastcgi_cache_use_stale error timeout updating http_500 http_503; '
    'fastcgi_cache_background_update on;',
    'fastcgi_store @AT@/work/stored; fastcgi_store_access all:r;',
    'fastcgi_store on;',
    'fastcgi_hide_header X-Authgear-Decision; '
    'fastcgi_hide_header X-Authgear-User-Id; '
    'fastcgi_hide_header WWW-Authenticate; fastcgi_hide_header Status;',
    'fastcgi_pass_header Status; fastcgi_pass_header X-Accel-Redirect; '
    'fastcgi_ignore_headers X-Accel-Redirect;',
    'fastcgi_next_upstream error timeout invalid_header http_500 http_503 '
    'http_403 non_idempotent; fastcgi_next_upstream_tries 5; '
    'fastcgi_next_upstream_timeout 1;',
    'fastcgi_param AUTHGEAR_POLICY open; fastcgi_param HTTP_COOKIE "";',
    'fastcgi_pass_request_headers off; fastcgi_pass_request_body on;',
    'fastcgi_keep_conn on; fastcgi_socket_keepalive on; '
    'fastcgi_ignore_client_abort on;',
    'fastcgi_buffering off; fastcgi_request_buffering off; '
    'fastcgi_max_temp_file_size 1m; fastcgi_limit_rate 1;',
    'fastcgi_buffer_size 1k; fastcgi_buffers 2 4k; '
    'fastcgi_busy_buffers_size 4k; fastcgi_temp_file_write_size 4k;',
    'fastcgi_connect_timeout 1ms; fastcgi_send_timeout 1ms; '
    'fastcgi_read_timeout 1ms;',
    'fastcgi_bind 127.0.0.9; fastcgi_force_ranges on; '
    'fastcgi_catch_stderr denied; fastcgi_index show.cgi; '
    'fastcgi_split_path_info ^(.+)(/.*)$;',
    'ssi on; ssi_types *; gunzip on; charset utf-8; override_charset on; '
    'gzip on; gzip_types *; gzip_min_length 1; '
    'gzip_proxied any;',
    'add_before_body /public/page.txt; add_after_body /public/page.txt; '
    'addition_types *; sub_filter denied granted; sub_filter_types *;',
    'expires 30d; add_header X-Authgear-Decision granted always; etag off; '
    'userid on; slice 1k; max_ranges 1; if_modified_since before;',
    'client_max_body_size 10; client_body_in_file_only clean; '
    'client_body_buffer_size 1k;',
    'auth_request_set $ag_decision granted; log_subrequest on; '
    'access_log @AT@/access.log; rewrite_log on;',
    'auth_basic off; auth_delay 1ms; satisfy all;',
    'limit_req zone=req burst=900 nodelay; limit_conn conn 900; '
    'limit_rate 100k; mirror /public/page.txt;',
    'post_action /public/page.txt; open_file_cache max=10; index page.txt; '
    'autoindex on; dav_methods PUT DELETE; reset_timedout_connection on;',
    'underscores_in_headers on; ignore_invalid_headers off; '
    'merge_slashes off;',
    'set_real_ip_from 0.0.0.0/0; real_ip_header X-Real-IP; '
    'default_type text/html; server_tokens off; sendfile on;',
)
# What only a server block can say, behind the include.
SERVER = (
    'if (!-e $request_filename) { '
    'rewrite ^/(.*)$ /fcgi/index.php?q=$1 last; }',
    'if (!-e $request_filename) { rewrite ^ /fcgi/index.php break; }',
    'rewrite ^/_auth /public/page.txt last;',
    'rewrite ^(/_.*)$ /fcgi/index.php?q=$1;',
    'if ($uri != /public/ready.txt) { rewrite ^ /fcgi/index.php last; }',
    'if ($uri ~ _auth) { return 200 granted; }',
    'if ($request_uri ~ "^/(page|app|fcgi)") { set $ag_asked open; }',
    'set $ag_asked open; set $ag_decision granted; set $ag_status 200;',
    'try_files /public/page.txt =200;',
    'location ~ /_ { return 200; }\nlocation ~* authgear { return 200; }',
    'location ~ /_authgear/default { auth_request off; return 200; }',
    'location /_authgear { auth_request off; return 200; }',
)
# What it says before the include: locations may stand anywhere.
BEFORE = (
    'location ~ / { try_files $uri =404; }',
    'location ~ ^/_ { auth_request off; return 200; }',
    'location ~* /(_authgear/)?(default|admin)$ { return 200; }',
    'location / { try_files $uri $uri/ /public/page.txt; }',
)


def status_of(port, path, token, method='GET', body=None):
    """(status, body), or (None, b'') when the connection was closed."""
    try:
        answer = checker.ask(port, path, token, method=method, body=body)
        return answer.status, answer.body
    except (OSError, http.client.HTTPException):
        return None, b''


def leaks(world, port, token):
    """What of the guarded paths somebody gets with this token. A page that
    the site shows for an error is public, and told by its text."""
    found = []
    for path in PATHS:
        before = world.site.runs()
        status, body = status_of(port, path, token)
        ran = world.site.runs() - before
        if ran or b'page of /\n' in body or (
                status == 200 and DOWN_PAGE not in body):
            found.append((path, status, body[:80], ran))
    return found


def passes(port, token, skip=()):
    """The paths that a good credential does not get."""
    bad = []
    for path in PATHS:
        if path in skip:
            continue
        body = b'x' * 5000 if path == '/upload/x' else None
        status, got = status_of(port, path, token,
                                'POST' if body else 'GET', body)
        if status != 200:
            bad.append((path, status, got[:80]))
    return bad


def surrounded(world, face, what, http='', server='', before='', skip=()):
    what = face + ': ' + what
    good = world.token()
    bad = world.token(tamper='signature')
    block = BLOCK.replace('@SERVER@', server).replace('@BEFORE@', before)
    try:
        with nginx_site.running(world, block % 'INCLUDES' + block % 'DOWN',
                                CACHE + http, face=face) as nginx:
            up, down = nginx.ports
            missed = passes(up, good, skip)
            tap.ok(not missed, what + ': a good one passes', missed)
            for who, token in (('nobody', None), ('a forger', bad)):
                found = leaks(world, up, token)
                tap.ok(not found, '%s: closed to %s' % (what, who), found)
            found = [leaks(world, down, token) for token in
                     (good, None, bad)]
            tap.ok(not any(found), what + ': closed without the daemon',
                   found)
    except RuntimeError as error:
        tap.ok(False, what + ': starts', error)


def each_directive(world, face):
    for lines in BOTH:
        called = lines.split(';')[0]
        surrounded(world, face, 'http: ' + called, http=lines)
        surrounded(world, face, 'server: ' + called, server=lines)


def all_are_tried():
    """Whatever the include switches off is switched on above."""
    rows, _ = nginx_directives.table()
    text = ' '.join(BOTH)
    missing = [name for name, kind, _ in rows
               if kind in ('set', 'each') and name + ' ' not in text and
               name != 'auth_request']
    tap.ok(not missing, 'every directive of the include is tried', missing)


def each_rewriting(world, face):
    for lines in SERVER:
        surrounded(world, face, 'server: ' + lines, server=lines)
    for lines in BEFORE:
        surrounded(world, face, 'before: ' + lines, before=lines,
                   skip=PATHS if lines.startswith('location /') else
                   PATHS[1:] if 'location ~ /' in lines else ())


if __name__ == '__main__':
    all_are_tried()
    with checker.World(('nginx',)) as here:
        for each in nginx_module.faces():
            for case in (each_directive, each_rewriting):
                case(here, each)
    tap.done()
