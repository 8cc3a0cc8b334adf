#!/usr/bin/python3
"""Holds the directives of the nginx that is installed, out of its own tables,
against nginx_directives.txt, and that against authgear-server.conf.

usage: nginx_directives.py [FILE...]

With FILEs (the program and modules of nginx) prints "directive levels file"
a line for each of http: levels are m (http), s (server), l (location) and f
("if" in a location). An ngx_module_t is found by how it begins, its list of
ngx_command_t by the pointer in it; both are read as the loader would.
"""

import fnmatch
import glob
import os
import re
import struct
import sys

UNSET = b'\xff' * 8
HTTP = 0x50545448               # "HTTP", the type of an ngx_module_t
LEVELS = ((0x02000000, 'm'), (0x04000000, 's'), (0x08000000, 'l'),
          (0x40000000, 'f'))
NGINX = '/usr/sbin/nginx'
MODULES = '/usr/lib/nginx/modules/*.so'
HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = ('set', 'each', 'kept', 'none', 'told')
RELATIVE = {62: 8, 183: 1027, 243: 3}   # by machine: x86-64, arm64, riscv64


class Image:
    """What an ELF file of 64 bits has in memory."""

    def __init__(self, path):
        with open(path, 'rb') as file:
            self.data = file.read()
        if self.data[:6] != b'\x7fELF\x02\x01':
            raise ValueError('no ELF file of 64 bits: ' + path)
        self.machine, = struct.unpack_from('<H', self.data, 18)
        self.segments = []
        self.pointers = {}
        self.dynamic = {}
        self._read_segments()
        self._read_relocations()

    def _read_segments(self):
        start, = struct.unpack_from('<Q', self.data, 32)
        size, count = struct.unpack_from('<HH', self.data, 54)
        for at in range(start, start + size * count, size):
            kind, _, offset, address, _, length = struct.unpack_from(
                '<IIQQQQ', self.data, at)
            if kind == 1:
                self.segments.append((address, offset, length))
            elif kind == 2:
                for entry in range(offset, offset + length, 16):
                    tag, value = struct.unpack_from('<QQ', self.data, entry)
                    self.dynamic.setdefault(tag, value)

    def _read_relocations(self):
        table, size = self.dynamic.get(7), self.dynamic.get(8, 0)
        if table is None:
            return
        start = self.offset(table)
        for at in range(start, start + size, 24):
            where, info, addend = struct.unpack_from('<QQq', self.data, at)
            if info & 0xffffffff == RELATIVE.get(self.machine):
                self.pointers[where] = addend
            else:
                self.pointers[where] = None     # another file's

    def offset(self, address):
        for begin, offset, length in self.segments:
            if begin <= address < begin + length:
                return offset + address - begin
        return None

    def word(self, address):
        offset = self.offset(address)
        return struct.unpack_from('<Q', self.data, offset)[0]

    def pointer(self, address):
        if address in self.pointers:
            return self.pointers[address]
        return self.word(address) or None

    def text(self, address, length):
        offset = self.offset(address)
        return self.data[offset:offset + length].decode('ascii')

    def modules(self):
        """Addresses of the ngx_module_t of http."""
        begin = UNSET * 2 + bytes(24)   # two indices, no name, two spares
        for first, offset, length in self.segments:
            at = self.data.find(begin, offset, offset + length)
            while at >= 0:
                address = first + at - offset
                if at + 80 <= offset + length and \
                        self.word(address + 72) == HTTP:
                    yield address
                at = self.data.find(begin, at + 8, offset + length)

    def commands(self, module):
        """(name, type) of each."""
        at = self.pointer(module + 64)
        while at is not None and self.word(at) != 0:
            yield (self.text(self.pointer(at + 8), self.word(at)),
                   self.word(at + 16))
            at += 56


def directives(path):
    """{name: levels} of one file."""
    found = {}
    image = Image(path)
    for module in image.modules():
        for name, flags in image.commands(module):
            levels = ''.join(letter for bit, letter in LEVELS if flags & bit)
            known = found.get(name, '')
            found[name] = ''.join(letter for _, letter in LEVELS
                                  if letter in levels + known)
    return found


def table():
    """[(pattern, kind, value or None)], and lines that make no sense."""
    rows, kind, wrong = [], None, []
    with open(os.path.join(HERE, 'nginx_directives.txt'),
              encoding='ascii') as file:
        for line in file:
            words = line.split()
            if line.startswith('['):
                kind = words[0].strip('[]')
                if kind not in KINDS:
                    wrong.append(line)
            elif words and not line.startswith('#') and kind:
                for word in words:
                    name, equals, value = word.partition('=')
                    rows.append((name, kind, value if equals else None))
    return rows, wrong


def tokens(text):
    return re.findall(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|[{};]|[^\s{};]+',
                      re.sub(r'(?m)^\s*#.*$', '', text))


def block(words):
    """The directives of a block, [(words, its block or None)]."""
    found, line = [], []
    while words:
        word = words.pop(0)
        if word == '}':
            break
        if word == ';':
            found.append((line, None))
            line = []
        elif word == '{':
            found.append((line, block(words)))
            line = []
        else:
            line.append(word)
    return found


def asking():
    """Of the location that asks: what it says, and each one inside it."""
    path = os.path.join(HERE, '../../examples/nginx/authgear-server.conf')
    with open(path, encoding='ascii') as file:
        server = block(tokens(file.read()))
    outer = [inside for line, inside in server
             if line == ['location', '^~', '/_authgear/']][0]
    inner = [inside for line, inside in outer if inside is not None and
             any(each[0] == 'fastcgi_pass' for each, _ in inside)]
    return server, outer, inner


def said(inside):
    return {line[0]: ' '.join(line[1:]) for line, more in inside
            if more is None}


def rows_of(name, rows):
    """The rows of a directive: its own, or those of the longest pattern."""
    exact = [row for row in rows if row[0] == name]
    like = sorted((row for row in rows if fnmatch.fnmatchcase(name, row[0])),
                  key=lambda row: -len(row[0]))
    return exact or like[:1]


def ok(held, name, detail=''):
    ok.count += 1
    print('%s %d - %s' % ('ok' if held else 'not ok', ok.count, name))
    for line in str(detail).splitlines() if not held else ():
        print('# ' + line)


def check_known(files, rows):
    """Every directive that reaches in has its row."""
    for path in files:
        found = {name for name, levels in directives(path).items()
                 if 'm' in levels or 's' in levels}
        unknown = sorted(name for name in found if not rows_of(name, rows))
        name = os.path.basename(path)
        # a module of streams or mail has none, nginx itself very many
        ok(len(found) > 300 or name != 'nginx',
           '%s: its tables are read' % name, len(found))
        ok(not unknown, '%s: %d directives are known' % (name, len(found)),
           ' '.join(unknown))


def check_include(rows):
    """What the table says of the include is there, and nothing else."""
    server, outer, inner = asking()
    shut = said(outer)
    for name, kind, value in rows:
        if kind == 'set':
            places = [dict(shut, **said(each)) for each in inner]
            if name == 'fastcgi_pass_request_headers':
                places = places[:1]
            ok(places and all(name in each and value in (None, each[name])
                              for each in places),
               'the include says %s %s' % (name, value or ''),
               [each.get(name) for each in places])
        elif kind == 'each':
            ok(inner and all(name in said(each) for each in inner),
               'each location of the include says ' + name)
    known = {'internal', 'return', 'include', 'location'}
    extra = [name for name in shut if name not in known and
             'set' not in [row[1] for row in rows_of(name, rows)]]
    ok(not extra, 'whatever the include says is in the table', extra)
    first = [line[0] for line, _ in server[:3]]
    ok(first == ['set', 'if', 'if'] and [block for _, block in server[1:3]] ==
       [[(['return', '400'], None)], [(['break'], None)]],
       'nothing is rewritten before the break', server[:3])


def main():
    if len(sys.argv) > 1:
        for path in sys.argv[1:]:
            for name, levels in sorted(directives(path).items()):
                print(name, levels or '-', os.path.basename(path))
        return
    rows, wrong = table()
    ok(not wrong, 'every group of the table has a kind', wrong)
    names = [row[0] for row in rows]
    ok(len(names) == len(set(names)), 'each name stands once in the table',
       [name for name in names if names.count(name) > 1])
    check_known([NGINX] + sorted(glob.glob(MODULES)), rows)
    check_include(rows)
    print('1..%d' % ok.count)


ok.count = 0
if __name__ == '__main__':
    main()
