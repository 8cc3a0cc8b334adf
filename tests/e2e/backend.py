"""Applications behind the web servers: they tell what reached them.

Each answers with JSON: {"kind", "env": [[name, value], ...], "length",
"sha256"} for CGI and FastCGI, "headers" in place of "env" for HTTP.  All
append a line to a file for each run, so that a test can say "it did not
run".  Names and values are as they came, twice when they came twice.
"""

import hashlib
import http.server
import json
import os
import socket
import struct
import threading

CGI = r'''#!/usr/bin/python3 -IS
import hashlib, json, os, sys
with open(%(runs)r, 'a') as runs:
    runs.write('cgi\n')
pairs = [item.split('=', 1) for item in
         open('/proc/self/environ', encoding='latin-1').read().split('\0')
         if '=' in item]
left = int(dict(pairs).get('CONTENT_LENGTH') or 0)
length, digest = 0, hashlib.sha256()
while left > 0:
    data = sys.stdin.buffer.read(min(left, 65536))
    if not data:
        break
    length, left = length + len(data), left - len(data)
    digest.update(data)
body = json.dumps({'kind': 'cgi', 'env': pairs, 'length': length,
                   'sha256': digest.hexdigest()})
sys.stdout.write('Status: 200 OK\r\nContent-Type: application/json\r\n'
                 'X-Backend: cgi\r\n\r\n' + body)
'''


PHP = '''<?php
file_put_contents(%(runs)r, "php\\n", FILE_APPEND);
header('Content-Type: application/json');
header('X-Backend: php');
$env = [];
foreach ($_SERVER as $name => $value)
	if (is_string($value))
		$env[] = [$name, $value];
echo json_encode(['kind' => 'php', 'env' => $env, 'cookies' => $_COOKIE,
    'sent' => getallheaders()], JSON_INVALID_UTF8_SUBSTITUTE);
'''


def write_cgi(path, runs):
    with open(path, 'w') as file:
        file.write(CGI % {'runs': runs})
    os.chmod(path, 0o755)


class _Http(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self):
        length = int(self.headers.get('Content-Length') or 0)
        body = self.rfile.read(length)
        if self.headers.get('Transfer-Encoding', '').lower() == 'chunked':
            body = self.read_chunks()
        self.server.ran('http')
        text = json.dumps({
            'kind': 'http', 'headers': [[k, v] for k, v in
                                        self.headers.items()],
            'method': self.command, 'path': self.path,
            'length': len(body),
            'sha256': hashlib.sha256(body).hexdigest()}).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('X-Backend', 'http')
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(text)

    def read_chunks(self):
        body = b''
        while True:
            size = int(self.rfile.readline().split(b';')[0] or b'0', 16)
            if size == 0:
                break
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline() not in (b'\r\n', b'\n', b''):
            pass
        return body

    do_GET = do_HEAD = do_POST = do_PUT = do_OPTIONS = do_DELETE = answer

    def log_message(self, *arguments):
        pass


class Http(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, runs):
        self.ran = runs
        super().__init__(('127.0.0.1', 0), _Http)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    def stop(self):
        self.shutdown()
        self.server_close()


def _exactly(stream, count):
    data = stream.read(count)
    if len(data) != count:
        raise EOFError
    return data


def read_record(stream):
    _, kind, _, length, padding = struct.unpack('>BBHHBx',
                                                _exactly(stream, 8))
    content = _exactly(stream, length)
    _exactly(stream, padding)
    return kind, content


def write_record(stream, kind, content):
    stream.write(struct.pack('>BBHHBx', 1, kind, 1, len(content), 0))
    stream.write(content)


def write_answer(stream, data):
    for at in range(0, len(data), 32768):
        write_record(stream, 6, data[at:at + 32768])
    write_record(stream, 6, b'')
    write_record(stream, 3, bytes(8))


def pairs_of(data):
    pairs, at = [], 0

    def number(at):
        if data[at] < 128:
            return data[at], at + 1
        return struct.unpack('>I', data[at:at + 4])[0] & 0x7fffffff, at + 4

    while at < len(data):
        name_length, at = number(at)
        value_length, at = number(at)
        end = at + name_length + value_length
        pairs.append([data[at:at + name_length].decode('latin-1'),
                      data[at + name_length:end].decode('latin-1')])
        at = end
    return pairs


def read_params(stream):
    """Of a request, to their end; pairs."""
    params = b''
    while True:
        kind, content = read_record(stream)
        if kind == 4 and not content:
            return pairs_of(params)
        params += content if kind == 4 else b''


class Listener:
    """On a unix socket; serve() gets each connection in a thread of its own.
    `held`: a listening socket that somebody else made."""

    def __init__(self, path, held=None):
        self.socket = held or socket.socket(socket.AF_UNIX)
        if not held:
            self.socket.bind(path)
            os.chmod(path, 0o666)
            self.socket.listen(256)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,),
                             daemon=True).start()

    def _serve(self, peer):
        try:
            with peer, peer.makefile('rwb') as stream:
                self.serve(stream)
                stream.flush()
        except (OSError, EOFError, ValueError):
            pass

    def serve(self, stream):
        raise NotImplementedError

    def stop(self):
        self.socket.close()


class Fastcgi(Listener):
    """A FastCGI responder on a unix socket."""

    def __init__(self, path, runs):
        self.ran = runs
        super().__init__(path)

    def serve(self, stream):
        pairs = read_params(stream)
        length, digest = 0, hashlib.sha256()
        while True:
            kind, content = read_record(stream)
            if kind == 5 and not content:
                break
            length += len(content)
            digest.update(content)
        self.ran('fastcgi')
        body = json.dumps({'kind': 'fastcgi', 'env': pairs, 'length': length,
                           'sha256': digest.hexdigest()})
        head = ('Status: 200 OK\r\nContent-Type: application/json\r\n'
                'X-Backend: fastcgi\r\n\r\n')
        if dict(pairs).get('REQUEST_METHOD') == 'HEAD':
            body = ''
        write_answer(stream, (head + body).encode())
