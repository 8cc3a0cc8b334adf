"""nginx, lighttpd, Apache and CUPS, with the credentials of Authgear as the
passwords of HTTP's Basic; and many logins in one process."""

import pam_root

# beside others: it has namespaces of its own
pam_root.enter()

import http.client
import os

import gate
import pam_cases
import pam_site
import pam_web
import process
import tap

# one login in 5 requests of a load test; the first ones are not counted
LOGINS = int(os.environ.get('AUTHGEAR_TEST_REQUESTS', '5000')) // 5
BEFORE = 100
# kB that a process may grow by: what malloc keeps
GROWTH = 1024


def log_in(host, password, count):
    """How many are granted, all by one connection."""
    link = http.client.HTTPConnection('127.0.0.1', host.port,
                                      timeout=gate.PATIENCE)
    headers = {'Authorization': pam_web.basic('alice', password)}
    granted = 0
    for _ in range(count):
        link.request('GET', host.page, headers=headers)
        answer = link.getresponse()
        answer.read()
        granted += answer.status == 200
    link.close()
    return granted


def held(pid):
    """(RSS in kB, descriptors, threads, children)"""
    with open('/proc/%d/status' % pid, encoding='ascii') as file:
        lines = dict(line.split(':', 1) for line in file)
    with open('/proc/%d/task/%d/children' % (pid, pid),
              encoding='ascii') as file:
        children = len(file.read().split())
    return (int(lines['VmRSS'].split()[0]),
            len(os.listdir('/proc/%d/fd' % pid)), int(lines['Threads']),
            children)


def worker(host):
    """The process of nginx that asks."""
    with open('/proc/%d/task/%d/children' % (host.process.pid,
                                             host.process.pid),
              encoding='ascii') as file:
        return int(file.read().split()[0])


def test_many(site, host):
    """Nothing is left in one process, whether granted or refused."""
    pid = worker(host)
    good, bad = site.alice.log_in('session'), site.bob.log_in('session')
    log_in(host, good, BEFORE)
    log_in(host, bad, BEFORE)
    before = held(pid)
    granted = log_in(host, good, LOGINS), log_in(host, bad, LOGINS // 10)
    tap.equal(granted, (LOGINS, 0), '%d logins in one worker of nginx' %
              LOGINS)

    def is_flat():
        after = held(pid)
        return after[0] <= before[0] + GROWTH and \
            all(now <= then for now, then in zip(after[1:], before[1:]))
    # the last connection may not be closed yet
    tap.ok(process.eventually(is_flat), 'its memory, descriptors, threads '
           'and children are what they were', (before, held(pid)))
    tap.note('note: RSS, descriptors, threads, children: %r, %d logins '
             'later %r' % (before, LOGINS, held(pid)))


def main():
    with pam_site.Site() as site:
        nginx = pam_web.Nginx(site)
        test_many(site, nginx)
        pam_cases.run(site, nginx)
        for host in (pam_web.Lighttpd, pam_web.Apache, pam_web.Cups):
            pam_cases.run(site, host(site))
        pam_site.finish(site)
    tap.done()


main()
