"""A browser in a few lines: cookies by their rules, a form, redirects."""

import http.client
import ssl
import urllib.parse

import login_world

PAGE = {'Accept': 'text/html,application/xhtml+xml', 'Sec-Fetch-Mode':
        'navigate'}


def query(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


class Browser:
    """Follows no redirect unless told.  browser.jar[domain][name] is
    (value, whether it goes over https alone)."""

    def __init__(self):
        self.jar = {}

    def cookies(self, host, is_https):
        return '; '.join(
            '%s=%s' % (name, value) for domain, kept in self.jar.items()
            for name, (value, secure) in kept.items()
            if (is_https or not secure) and
            (host == domain or (domain[0] == '.' and
                                ('.' + host).endswith(domain))))

    def keep(self, host, is_https, lines):
        for line in lines:
            first, *rest = [part.strip() for part in line.split(';')]
            name, value = first.split('=', 1)
            flags = [part.lower() for part in rest]
            secure = 'secure' in flags
            domain = host
            for part in flags:
                if part.startswith('domain='):
                    domain = '.' + part[7:].lstrip('.')
            if (secure and not is_https) or (name.startswith('__Host-') and (
                    not secure or domain != host or 'path=/' not in flags)):
                continue
            kept = self.jar.setdefault(domain, {})
            if 'Expires=Thu, 01 Jan 1970' in line:
                kept.pop(name, None)
            else:
                kept[name] = (value, secure)

    def forget(self, name):
        for kept in self.jar.values():
            kept.pop(name, None)

    def ask(self, url, method='GET', body=None, headers=None):
        parts = urllib.parse.urlsplit(url)
        is_https = parts.scheme == 'https'
        if is_https:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            link = http.client.HTTPSConnection('127.0.0.1', parts.port,
                                               timeout=20, context=context)
        else:
            link = http.client.HTTPConnection('127.0.0.1', parts.port,
                                              timeout=20)
        sent = dict(PAGE if headers is None else headers)
        sent['Host'] = parts.netloc
        cookies = self.cookies(parts.hostname, is_https)
        if cookies and 'Cookie' not in sent:
            sent['Cookie'] = cookies
        if body is not None:
            sent['Content-Type'] = 'application/x-www-form-urlencoded'
        link.request(method, parts.path + ('?' + parts.query if parts.query
                                           else ''), body, sent)
        answer = link.getresponse()
        answer.text = answer.read().decode('latin-1')
        self.keep(parts.hostname, is_https,
                  answer.msg.get_all('Set-Cookie') or [])
        link.close()
        answer.url = url
        answer.location = answer.getheader('Location') or ''
        answer.asks_password = query(answer.location).get('prompt') == 'login'
        return answer

    def follow(self, answer, most=20):
        """On through redirects to whatever is none, and how many there
        were; at `most` it is a loop."""
        hops = 0
        while answer.status in (302, 303) and hops < most:
            answer = self.ask(urllib.parse.urljoin(answer.url,
                                                   answer.location))
            hops += 1
        return answer, hops

    def log_in(self, url, user=login_world.USER,
               password=login_world.PASSWORD):
        """Fill in the form at `url`; what it answers."""
        return self.ask(url, 'POST', urllib.parse.urlencode(
            {'username': user, 'password': password}))
