#!/usr/bin/python3
"""The directives of the nginx that is installed, out of its own tables.

usage: nginx_directives.py FILE...     (programs and modules of nginx)

Prints "directive levels module" a line: levels is made of m (http), s
(server), l (location), f ("if" in a location); module is the name of the
file. Only directives of http are told.

An ngx_module_t is found by how it begins, its list of ngx_command_t by the
pointer in it; both are read as the loader would, relocations applied.
"""

import os
import struct
import sys

UNSET = b'\xff' * 8
HTTP = 0x50545448               # "HTTP", the type of an ngx_module_t
LEVELS = ((0x02000000, 'm'), (0x04000000, 's'), (0x08000000, 'l'),
          (0x40000000, 'f'))
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


def main():
    for path in sys.argv[1:]:
        module = os.path.basename(path).replace('ngx_', '').replace(
            '_module.so', '')
        for name, levels in sorted(directives(path).items()):
            print(name, levels or '-', module)


if __name__ == '__main__':
    main()
