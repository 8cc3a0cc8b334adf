"""Applications behind lighttpd - CGI, FastCGI (PHP), HTTP and WebDAV: each
learns who it is, never what the client claims, and never the credential."""
# beside others: it mostly waits

import http.cookies
import itertools
import json
import os
import re
import subprocess
import urllib.parse

import werkzeug.http

import backend
import checker
import lighttpd
import login_world
import process
import tap
from checker import values

# As Debian's 15-fastcgi-php.conf, for all addresses; and WebDAV that waits.
SETTINGS = '''
fastcgi.server += ( ".php" => (( "bin-path" => "/usr/bin/php-cgi",
    "socket" => "@DIR@/php.socket", "max-procs" => 1,
    "bin-environment" => ( "PHP_FCGI_CHILDREN" => "2" ),
    "broken-scriptfilename" => "enable" )) )
server.modules += ( "mod_webdav" )
$REQUEST_HEADER["X-Authgear-Decision"] == "granted" {
    webdav.activate = "enable"
}
fastcgi.server += ( "/admin/fcgi/" => (( "socket" => "@FASTCGI@",
    "check-local" => "disable" )) )
$HTTP["url"] =~ "^/admin/app/" {
    proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => @HTTP@ )) )
}
cgi.assign += ( ".pl" => "/usr/bin/perl" )
'''
# kind: its address, and the one that is for administrators
KINDS = {'cgi': ('/show.cgi', '/admin/show.cgi'),
         'php': ('/show.php', '/admin/show.php'),
         'fastcgi': ('/fcgi/show', '/admin/fcgi/show'),
         'http': ('/app/show', '/admin/app/show'),
         'webdav': ('/dav/', '/admin/')}
CLAIMS = [('X-Authgear-User-Id', 'mallory'), ('Remote_User', 'mallory'),
          ('X.Authgear.Decision', 'granted'), ('X-Forwarded-User', 'mallory'),
          ('REMOTE-USER', 'mallory')]
BROWSER = [('Accept', 'text/html'), ('Sec-Fetch-Mode', 'navigate'),
           ('Sec-Fetch-Dest', 'document')]
UUID = '1b4e28ba-2fa1-41d2-883f-0016d3cca427'
RANDOM = 'IY73tucWDUyBWEFTvRiOHNth4qZVw0IQ'
CREDENTIALS = ('app_access_token=%s' % RANDOM, 'app_session=' + RANDOM,
               'session=%s.%s' % (UUID, RANDOM),
               'p_session="%s.%s"' % (UUID, RANDOM),
               'x_app_access_token=' + RANDOM)


def prepare(world):
    www = world.site.www
    os.makedirs(www + '/dav')
    for name in ('dav', 'admin'):
        os.chmod(os.path.join(www, name), 0o777)
    for name in ('', 'admin', 'public'):
        world.site.write(name, 'show.php', backend.PHP % {
            'runs': world.site.runs_file})
    world.site.write('dav', 'a.txt', 'a\n')


def ask(server, kind, path, token=None, headers=()):
    headers = list(headers)
    if kind == 'webdav':
        headers.append(('Depth', '1'))
    return checker.ask(server.port, path, token, headers=headers,
                       method='PROPFIND' if kind == 'webdav' else 'GET')


def is_served(kind, answer):
    return answer.status == (207 if kind == 'webdav' else 200)


def is_alice(kind, answer):
    """By each name that this kind of application may look at."""
    if kind == 'webdav':
        return is_served(kind, answer)
    shown = answer.shown()
    if shown is None or b'mallory' in answer.body:
        return False
    wanted = {'X-Authgear-User-Id': 'id-alice', 'Remote-User': 'login-alice',
              'X-Authgear-Policy': 'default',
              'X-Authgear-Decision': 'granted',
              'X-Authgear-Remote-User': 'login-alice',
              'X-Authgear-User-Roles': 'staff'}
    if kind != 'http':
        wanted = {'HTTP_' + name: value for name, value in wanted.items()}
        wanted.update({'REMOTE_USER': 'login-alice',
                       'AUTHGEAR_USER_ID': 'id-alice',
                       'AUTHGEAR_DECISION': 'granted',
                       'AUTHGEAR_POLICY': 'default',
                       'AUTHGEAR_USER_ROLES': 'staff'})
    return all(values(shown, name) == [value]
               for name, value in wanted.items())


def granted(world, server, kind):
    token = world.token(roles=['staff'])
    path = KINDS[kind][0]
    answer = ask(server, kind, path, token)
    tap.ok(is_alice(kind, answer), kind + ': granted, as herself', answer)
    signature = token.split('.')[2].encode()
    for sent in ([], [('Cookie', 'app_access_token=%s; sid=1' % token)]):
        answer = ask(server, kind, path, None if sent else token, sent)
        tap.ok(is_served(kind, answer) and signature not in answer.body and
               b'HTTP_AUTHORIZATION' not in answer.body and
               b'"Authorization"' not in answer.body,
               kind + ': the credential is not seen', answer)
    many = ask(server, kind, path, world.token(roles=checker.MANY_ROLES))
    tap.ok(is_served(kind, many) and (kind == 'webdav' or checker.roles_told(
        many.shown() or {'env': []}) == ([], ['1'])),
        kind + ': roles without room', many)
    for claim in CLAIMS:
        before = world.site.runs()
        answers = [ask(server, kind, path, who, [claim])
                   for who in (None, token, 'nonsense')]
        tap.ok(all((each.status, each.header('X-Authgear-Reason')) == (
            400, 'forged-identity') for each in answers) and
               world.site.runs() == before,
               '%s: a claim is refused: %s' % (kind, claim[0]), answers[0])


def refused(world, server, kind):
    path, strict = KINDS[kind]
    before = world.site.runs()
    for what, token, status, reason in (
            ('nobody', None, 401, 'no-credential'),
            ('nonsense', 'nonsense', 401, 'malformed'),
            ('expired', world.token(clock_offset=-7200), 401, 'expired')):
        answer = ask(server, kind, path, token)
        tap.ok((answer.status, answer.header('X-Authgear-Reason')) ==
               (status, reason) and answer.header('WWW-Authenticate') and
               answer.header('Cache-Control') == 'no-store' and
               answer.header('X-Authgear-Request-Id'),
               '%s: %s is refused' % (kind, what), answer)
    answer = ask(server, kind, strict, world.token())
    tap.equal((answer.status, answer.header('X-Authgear-Reason')),
              (403, 'role-missing'), kind + ': forbidden')
    tap.equal(world.site.runs(), before, kind + ': and nothing ran')
    answer = ask(server, kind, strict, world.token(roles=['admin']))
    tap.ok(is_served(kind, answer), kind + ': an administrator', answer)


def undecided(world, server, kind):
    token = world.token()
    path = KINDS[kind][0]
    before = world.site.runs()
    aside = world.state + '.aside'
    os.rename(world.state, aside)
    answer = ask(server, kind, path, token)
    os.rename(aside, world.state)
    tap.ok(answer.status == 503 and answer.header('Retry-After') and
           answer.header('X-Authgear-Reason') == 'state-unreadable',
           kind + ': what cannot be told is 503', answer)
    world.fcgi.stop()
    answer = ask(server, kind, path, token)
    tap.ok(answer.status == 503 and world.site.runs() == before,
           kind + ': so it is without the daemon', answer)
    world.start_daemon()
    tap.ok(process.eventually(lambda: is_served(
        kind, ask(server, kind, path, token))), kind + ': until it is back')


def login(world):
    server = world.server
    for kind in KINDS:
        before = world.pages.runs()
        answer = checker.ask(server.port, KINDS[kind][0] + '?a=b',
                             headers=BROWSER)
        to = urllib.parse.urlsplit(answer.header('Location') or '')
        tap.ok(answer.status == 302 and world.pages.runs() == before and
               answer.header('X-Authgear-Request-Id') and
               '%s://%s' % to[:2] == world.authgear,
               kind + ': a page goes to the login', answer)
        answer = checker.ask(server.port, KINDS[kind][0], headers=BROWSER +
                             CLAIMS[:1])
        tap.equal((answer.status, answer.header('Location')), (400, None),
                  kind + ': not with a claim')
        answer = ask(server, kind, KINDS[kind][0])
        tap.equal(answer.status, 401, kind + ': a program does not')


PERL = '''use CGI::Cookie; use JSON::PP;
my %cookies = CGI::Cookie->fetch;
print encode_json({ map { $_ => $cookies{$_}->value } keys %cookies });
'''


def perl(cookies):
    """What CGI::Cookie reads."""
    run = subprocess.run(['/usr/bin/perl', '-e', PERL], check=True,
                         env={'HTTP_COOKIE': cookies, 'LC_ALL': 'C'},
                         stdout=subprocess.PIPE)
    return json.loads(run.stdout)


def parsed(header):
    """The header by strict parsers."""
    jar = http.cookies.SimpleCookie(header)
    return {'http.cookies': {name: jar[name].value for name in jar},
            'werkzeug': dict(werkzeug.http.parse_cookie(header)),
            'CGI::Cookie': perl(header)}


def cookie_lines():
    """(header sent, what others of it say)."""
    for credential in CREDENTIALS:
        for first, mark, last in itertools.product(
                ('', 'sid=1'), ('; ', ';', ' ; ', ';;', '; ; '),
                ('', 'lang=de')):
            parts = [each for each in (first, credential, last) if each]
            yield mark.join(parts), [first, last]
            yield mark.join([credential] + parts + [credential]), \
                [first, last]
    yield '; '.join(CREDENTIALS), []
    yield ', '.join(CREDENTIALS), []
    yield '; '.join(CREDENTIALS[:2] + ('sid=1',) + CREDENTIALS[2:] +
                    ('lang=de', 'session=own')), ['sid=1', 'lang=de',
                                                  'session=own']
    yield 'sid=1; %s, lang=de' % CREDENTIALS[0], ['sid=1', 'lang=de']


def cookies(world, server):
    token = world.token()
    for sent, others in cookie_lines():
        wanted = dict(each.split('=') for each in others if each)
        shown = checker.ask(server.port, '/app/x', token, headers=[
            ('Cookie', sent)]).shown() or {'headers': []}
        got = values(shown, 'Cookie')
        header = got[0] if got else ''
        held = RANDOM not in json.dumps(shown) and not re.search(
            r'^[\s;,]|;\s*;|[;,]\s*$', header) and bool(header) == bool(
                wanted)
        read = parsed(header)
        shown = checker.ask(server.port, '/show.php', token, headers=[
            ('Cookie', sent)]).shown() or {}
        # PHP keeps a blank that the client put before the next one
        read['PHP'] = {key: value.rstrip() for key, value in
                       dict(shown.get('cookies') or {}).items()}
        held = held and all(each == wanted for each in read.values())
        tap.ok(held, 'cookies: %s' % sent.replace(RANDOM, '...'),
               (header, read, wanted))
    for kept in ('a=1; b=2', 'a={"x":1,"y":2}; b=2', 'a=1;;b=2', ' a=1',
                 'a="x, y"; b', 'session=x; app=1'):
        got = [values(checker.ask(server.port, path, token, headers=[
            ('Cookie', kept)]).shown() or {'env': []}, name)
               for path, name in (('/app/x', 'Cookie'),
                                  ('/show.cgi', 'HTTP_COOKIE'))]
        tap.ok(got[0] and got[0] == got[1] and
               [each.strip() for each in got[0][0].split(';') if each] ==
               [each.strip() for each in kept.split(';') if each],
               'cookies: others as they were: %s' % kept, got)


def caches(world, server):
    """What is served here is asked about again; what an application says of
    its own answers stays."""
    token = world.token()
    script = os.path.join(world.site.www, 'own.pl')
    with open(script, 'w') as file:
        file.write('print "Content-Type: text/plain\\r\\n'
                   'Cache-Control: max-age=60\\r\\n\\r\\nown\\n";\n')
    for path, wanted in (('/page.txt', 'private, no-cache'),
                         ('/a/', 'private, no-cache'),
                         ('/nothing', 'private, no-cache'),
                         ('/admin/page.txt', 'no-store'),
                         ('/show.cgi', 'private, no-cache'),
                         ('/own.pl', 'max-age=60')):
        answer = checker.ask(server.port, path, token)
        got = [value for name, value in answer.headers
               if name.lower() == 'cache-control']
        tap.equal(got, [wanted], 'caches: %s' % path)
    page = checker.ask(server.port, '/page.txt', token)
    answer = checker.ask(server.port, '/page.txt', token, headers=[
        ('If-None-Match', page.header('ETag'))])
    tap.equal((answer.status, answer.header('Cache-Control')),
              (304, 'private, no-cache'), 'caches: not modified')
    answer = checker.ask(server.port, '/public/page.txt')
    tap.equal((answer.status, answer.header('Cache-Control')), (200, None),
              'caches: a public page may be kept')


def logs(world, server):
    """The access log tells the user, and the id of the daemon's log."""
    shown = checker.ask(server.port, '/show.cgi?log=1',
                        world.token()).shown()
    ids = [values(shown, 'AUTHGEAR_REQUEST_ID')[0], checker.ask(
        server.port, '/show.cgi?log=2').header('X-Authgear-Request-Id')]

    def lines():
        with open(os.path.join(server.dir, 'access.log')) as file:
            return [line for line in file if '?log=' in line]
    server.send(1)      # SIGHUP: it writes its buffer
    tap.ok(process.eventually(lambda: len(lines()) == 2), 'two lines logged')
    got = lines()
    tap.ok(' login-alice [' in got[0] and got[0].rstrip().endswith(
        ids[0] + ' -') and ' - [' in got[1] and got[1].rstrip().endswith(
            '- ' + ids[1]) and 'request=' + ids[1] in world.said(),
           'user and request id, as in the log of the daemon', (got, ids))
    tap.ok(not re.search('Bearer|eyJ', ''.join(got)), 'and no credential')


with checker.World(names=()) as here:
    prepare(here)
    with lighttpd.Variant(here, behind=SETTINGS) as running:
        for each in KINDS:
            granted(here, running, each)
            refused(here, running, each)
            undecided(here, running, each)
        cookies(here, running)
        caches(here, running)
        logs(here, running)
with login_world.World('lighttpd', maker=lighttpd.Variant(
        None, behind=SETTINGS).made) as here:
    login(here)
tap.done()
