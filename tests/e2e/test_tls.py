"""TLS between daemon and Authgear: what does not verify is undecided, and
the log says why."""

import os

import fastcgi
import gate
import http_server
import tap


def ask(daemon, token):
    return fastcgi.ask(daemon.path, fastcgi.bearer(token))


def bad(site, name, said):
    with site.daemon(name) as daemon:
        daemon.wait_for('keys not fetched')
        answer = ask(daemon, site.sim.token(session=True))
        tap.ok(answer is not None and answer.status == 503 and
               answer.headers.get('x-authgear-decision') == 'undecided',
               name + ': undecided', repr(answer))
        tap.ok(said in daemon.log().lower(), name + ': the log says why',
               daemon.log())
        # the resolver, which no key has to be there for
        answer = ask(daemon, site.sim.token(kind='opaque'))
        tap.ok(answer is not None and answer.status == 503 and
               answer.headers.get('x-authgear-reason', '').startswith(
                   'resolver-'), name + ': the session too', repr(answer))
        line = daemon.log().splitlines()[-1].lower()
        tap.ok('kind=opaque-token' in line and said in line,
               name + ': and its line', line)
        return daemon.log()


def main():
    certificates = {}
    with gate.Site(sim=False) as store:
        ours = http_server.Certificates(store.folder)
        other = http_server.Certificates(store.folder, 'other')
        certificates['good'] = ours.sign('good')
        certificates['wrong'] = ours.sign('wrong', 'DNS:example.com')
        certificates['expired'] = ours.sign('expired', expired=True)
        with gate.Site({'ca_file': ours.ca, 'validate': 'hybrid'},
                       tls=certificates['good']) as site:
            with site.daemon() as daemon:
                daemon.wait_for('keys fetched')
                answer = ask(daemon, site.sim.token(session=True))
                tap.ok(answer is not None and answer.status == 200,
                       'TLS that verifies', repr(answer))
                answer = ask(daemon, site.sim.token(kind='opaque'))
                tap.ok(answer is not None and answer.status == 200,
                       'and for the resolver', repr(answer))
        for name, ca, pair, said in (
                ('unknown CA', other.ca, 'good', 'certificate'),
                ('the system\'s CAs', None, 'good', 'certificate'),
                ('wrong name', ours.ca, 'wrong', 'name'),
                ('expired', ours.ca, 'expired', 'expired')):
            with gate.Site({'ca_file': ca, 'validate': 'hybrid'},
                           tls=certificates[pair]) as site:
                bad(site, name, said)
        with gate.Site({'ca_file': ours.ca, 'validate': 'hybrid'},
                       tls=certificates['good']) as site:
            site.sim.fault('redirect', location=site.sim.url + '/x')
            bad(site, 'redirect', 'status 30')
    tap.ok(not os.path.exists(store.folder), 'nothing is left')
    tap.done()


if __name__ == '__main__':
    main()
