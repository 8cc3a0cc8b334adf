"""authgear-fcgi --probe against nginx, lighttpd and Apache with the examples:
closed, without the daemon, and opened as sites are opened by mistake."""

import checker
import nginx_module
import nginx_site
import servers
import tap
from probing import expect, probe, verdicts


def base(world, name):
    return 'http://127.0.0.1:%d' % world.servers[name].port


def test_servers():
    with checker.World() as world:
        for name in world.names:
            paths = ('/page.txt', '/show.cgi', '/app/show', '/admin/',
                     '/nothing')
            status, probes = probe(*(base(world, name) + path for path in
                                     paths), config=world.config)
            tap.ok(status == 0 and len(probes) == len(paths) and
                   {one['verdict'] for one in probes} == {'closed'},
                   name + ': closed', [
                       (one['url'], one['cause'], [
                           asking for asking in one['askings']
                           if asking['verdict'] != 'closed'])
                       for one in probes])
            expect(name + ': a public page', probe(
                base(world, name) + '/public/page.txt'), 'open', 'nobody')
        open_nginx(world)
        world.fcgi.stop()
        for name in world.names:
            expect(name + ': without the daemon', probe(
                base(world, name) + '/page.txt'), 'not told', 'daemon',
                   'is the daemon up?')
        diverted_nginx(world)


def test_policies():
    with checker.World(names=('nginx', 'lighttpd') + nginx_module.names(),
                       rules='\nunauthenticated = pass') as world:
        for name in world.names:
            got = probe(base(world, name) + '/page.txt', config=world.config)
            expect(name + ': pass', got, 'open', 'unauthenticated-pass',
                   'unauthenticated = pass (policy default, admin)')
            tap.equal((verdicts(got[1][0], 'no credential', 'GET'),
                       verdicts(got[1][0], 'a bad', 'GET'),
                       verdicts(got[1][0], 'forged identity -', 'GET')),
                      ({'open'}, {'closed'}, {'closed'}),
                      name + ': pass, and what is bad is refused')
            expect(name + ': pass, unknown settings', probe(
                base(world, name) + '/page.txt'), 'open',
                   'unauthenticated-pass', 'unauthenticated = pass')
    with checker.World(names=('nginx', 'lighttpd') + nginx_module.names(),
                       rules='\ncors_preflight = pass') as world:
        for name in world.names:
            expect(name + ': preflight', probe(
                base(world, name) + '/app/show', config=world.config),
                   'open', 'cors-preflight-pass',
                   'cors_preflight = pass, or the server answers OPTIONS by '
                   'itself (policy default, admin)')


# As sites are opened by mistake.
MISTAKES = '''server {
include @INCLUDES@/authgear-server.conf;
@LISTEN@
root @WWW@;
location = /public/ready.txt { auth_request off; }
location /unguarded/ { alias @WWW@/; auth_request off; }
location /mistyped/ { alias @WWW@/; auth_request /own; }
location = /own { internal; auth_request off; return 200; }
location /options/ { alias @WWW@/; auth_request /_authgear/default;
    if ($request_method = OPTIONS) { return 204; } }
location /dav/ { alias @WWW@/; auth_request /_authgear/default;
    if ($request_method = PROPFIND) { return 207; } }
location /tls/ { return 301 https://$host$request_uri; }
location /basic/ { alias @WWW@/; auth_request off; auth_basic x;
    auth_basic_user_file /dev/null; }
location /page/ { alias @WWW@/; auth_request /_authgear/default;
    error_page 401 /public/page.txt; }
location /public/ { auth_request off; }
auth_request /_authgear/default;
}
'''
OPENED = (('/unguarded/page.txt', 'nobody'), ('/mistyped/page.txt', 'nobody'),
          ('/options/page.txt', 'method'), ('/dav/page.txt', 'method'),
          ('/tls/', 'https'), ('/basic/page.txt', 'other'),
          ('/page/page.txt', 'other'))
DIVERTED = '''server {
@LISTEN@
root @WWW@;
location = /public/ready.txt { }
location = /asking { internal; proxy_pass http://127.0.0.1:@NOBODY@;
    error_page 502 504 =200 /public/ready.txt; }
location / { auth_request /asking; }
}
'''


# What opens nothing where the module asks.
HARMLESS = ('/mistyped/page.txt', '/page/page.txt')


def open_nginx(world):
    for face in nginx_module.faces():
        with nginx_site.running(world, MISTAKES, face=face) as nginx:
            for path, code in OPENED:
                what = '%s, %s' % (face, path)
                got = probe('http://127.0.0.1:%d%s' % (nginx.port, path))
                if face == 'module' and path in HARMLESS:
                    tap.equal(got[1][0]['verdict'], 'closed', what)
                else:
                    expect(what, got, 'open', code)
    with nginx_site.running(world, '''server {
@LISTEN@
location = /public/ready.txt { root @WWW@; }
location / { proxy_pass http://127.0.0.1:%d; proxy_cache all;
    proxy_cache_key $request_method$uri; proxy_cache_valid any 1m;
    proxy_ignore_headers Cache-Control Expires Vary; }
}''' % world.servers['nginx'].port, 'proxy_cache_path @AT@/cache '
                            'keys_zone=all:1m;') as nginx:
        expect('nginx, a cache in front', probe(
            'http://127.0.0.1:%d/page.txt' % nginx.port), 'open', 'cache')


def diverted_nginx(world):
    """An error page that says yes while there is nobody to ask."""
    with nginx_site.running(world, DIVERTED.replace(
            '@NOBODY@', str(servers.free_port()))) as nginx:
        expect('nginx, error_page =200', probe(
            'http://127.0.0.1:%d/page.txt' % nginx.port), 'open', 'nobody',
               'error_page')


def test_apache_trace():
    """TRACE that shows what the client sent."""
    def made(site, at, port, address):
        text, command = servers.MAKERS['apache'](site, at, port, address)
        # the include switches it off for the host: behind its lines
        end = '\n</VirtualHost>'
        if text.count(end) != 1:
            raise AssertionError('one virtual host is expected')
        return text.replace(end, '\nTraceEnable On' + end), command

    with checker.World(names=('apache',)) as world:
        apache = servers.start('apache_trace', world.site,
                               world.addresses['apache'], made)
        try:
            got = probe('http://127.0.0.1:%d/page.txt' % apache.port)
            expect('apache, TraceEnable On', got, 'open', 'trace')
            tap.equal((verdicts(got[1][0], method='TRACE'),
                       verdicts(got[1][0], method='GET')),
                      ({'open'}, {'closed'}), 'apache: TRACE alone')
        finally:
            apache.stop()


def main():
    test_servers()
    test_policies()
    test_apache_trace()
    tap.done()


if __name__ == '__main__':
    main()
