"""Behind a proxy all visitors have its address, until the web server is told
to take theirs from it: the lines of README, for three servers."""

import apache
import checker
import gate
import lighttpd
import nginx_module
import nginx_site
import tap

VISITOR = '192.0.2.33'
PROXY = '127.0.0.1'
ELSE = '192.0.2.10'     # where no request comes from
NGINX = '''
set_real_ip_from %s;
real_ip_header X-Forwarded-For;
real_ip_recursive on;
'''
APACHE = '''
RemoteIPHeader X-Forwarded-For
RemoteIPInternalProxy %s
'''
LIGHTTPD = '''
server.modules += ( "mod_extforward" )
extforward.forwarder = ( "%s" => "trust" )
extforward.headers = ( "X-Forwarded-For" )
'''
SERVER = '''
server {
	include @INCLUDES@/authgear-server.conf;
	@LISTEN@
	root @WWW@;
	auth_request /_authgear/default;
	location /public/ {
		include @INCLUDES@/authgear-public.conf;
	}
}
'''


def address_of(world, port):
    """As which client a request that names a visitor is decided."""
    at = len(world.said())
    answer = checker.ask(port, '/page.txt', 'not.a.token', headers=[
        ('X-Forwarded-For', VISITOR)])
    line = gate.until(lambda: [text for text in world.said(at).split('\n')
                               if 'client_address=' in text], 'a line')[0]
    return answer.status, line.split('client_address=')[1].split()[0]


def expect(world, port, what, address):
    tap.equal(address_of(world, port), (401, address), what)


CASES = ((PROXY, VISITOR, 'from the proxy'), (ELSE, PROXY, 'from anybody'))


def main():
    with checker.World(()) as world:
        for proxy, seen, what in CASES:
            for face in nginx_module.faces():
                with nginx_site.running(world, SERVER, NGINX % proxy,
                                        face=face) as nginx:
                    expect(world, nginx.port, 'nginx, %s: %s' % (face, what),
                           seen)
            server = apache.start(world, apache.GUARD, ('remoteip',),
                                  outside=APACHE % proxy)
            expect(world, server.port, 'apache: ' + what, seen)
            server.stop()
            with lighttpd.Variant(world, before=LIGHTTPD % proxy) as server:
                expect(world, server.port, 'lighttpd: ' + what, seen)
    tap.done()


main()
