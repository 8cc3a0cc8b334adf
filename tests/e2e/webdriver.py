"""A headless Chromium, driven over WebDriver (W3C) by the standard library."""

import json
import shutil
import tempfile
import urllib.error
import urllib.request

import gate
import servers

DRIVER = '/usr/bin/chromedriver'
ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'
ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
             '--no-first-run', '--disable-background-networking',
             '--disable-component-update', '--disable-sync',
             '--disable-dev-shm-usage',
             '--host-resolver-rules=MAP *.localhost 127.0.0.1, '
             'MAP * ~NOTFOUND, EXCLUDE 127.0.0.1']


class Browser:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='authgear-browser-')
        self.port = servers.free_port()
        self.session = None
        self.driver = gate.Process(
            'driver', [DRIVER, '--port=%d' % self.port], self.folder,
            {'HOME': self.folder})
        try:
            gate.until(self._is_ready, 'chromedriver', 30)
            self._begin()
        except BaseException:
            self.close()
            raise

    def _is_ready(self):
        try:
            return self._call('GET', '/status')['ready']
        except (OSError, urllib.error.URLError):
            return False

    def _begin(self):
        options = {'args': ARGUMENTS + ['--user-data-dir=%s/profile' %
                                        self.folder]}
        self.session = self._call('POST', '/session', {'capabilities': {
            'alwaysMatch': {'browserName': 'chrome',
                            'acceptInsecureCerts': True,
                            'goog:chromeOptions': options}}})['sessionId']

    def _call(self, method, path, body=None):
        request = urllib.request.Request(
            'http://127.0.0.1:%d%s' % (self.port, path), method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={'Content-Type': 'application/json'})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)['value']
        except urllib.error.HTTPError as error:
            raise ConnectionError('chromedriver: %s %s: %s' % (
                method, path, error.read(400).decode(
                    'utf-8', 'replace'))) from error

    def _do(self, method, path, body=None):
        return self._call(method, '/session/%s%s' % (self.session, path),
                          body)

    def go(self, url):
        self._do('POST', '/url', {'url': url})

    def url(self):
        return self._do('GET', '/url')

    def text(self):
        """What a person reads on the page."""
        return self._do('GET', '/element/%s/text' % self._find('body'))

    def _find(self, selector):
        return self._do('POST', '/element', {
            'using': 'css selector', 'value': selector})[ELEMENT]

    def fill(self, selector, text):
        self._do('POST', '/element/%s/value' % self._find(selector),
                 {'text': text})

    def click(self, selector):
        self._do('POST', '/element/%s/click' % self._find(selector), {})

    def has(self, selector):
        return bool(self._do('POST', '/elements', {
            'using': 'css selector', 'value': selector}))

    def close(self):
        try:
            if self.session:
                self._do('DELETE', '')
        except (OSError, urllib.error.URLError):
            pass
        self.driver.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
