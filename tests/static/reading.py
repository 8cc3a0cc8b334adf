"""Reads C as it is written here (STYLE.md), for the checks beside it.

A function begins in the first column, type and name on lines of their own or
on one; whatever is indented is no function.  exports.py holds that every
function of an object file is seen.
"""

import collections
import os
import re

FOLDERS = ('src', 'fcgi', 'check', 'pam', 'nginx')
TEST_FOLDERS = ('tests', 'bench')

# name, line, parameters (their texts), is_static
Function = collections.namedtuple('Function', 'name line parameters is_static')

ATTRIBUTE = r'(?:__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)\s*)?'
HEAD = r'^' + ATTRIBUTE + r'(?P<type>[A-Za-z_][\w \t\n*]*?[\s*])' + \
    ATTRIBUTE + r'(?P<name>[A-Za-z_]\w*)\((?P<parameters>[^;{}]*)\)\s*' + \
    ATTRIBUTE
DEFINITION = re.compile(HEAD + r'\{', re.MULTILINE)
PROTOTYPE = re.compile(HEAD + r';', re.MULTILINE)
INCLUDE = re.compile(r'^#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)


def _blank(match):
    return re.sub(r'[^\n]', ' ', match.group(0))


def code_of(text):
    """The text without comments, strings and directives; lines stay."""
    text = re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])'
                  r'*\'', _blank, text, flags=re.DOTALL)
    return re.sub(r'^#(?:[^\n]*\\\n)*[^\n]*', _blank, text, flags=re.MULTILINE)


def comments_of(text):
    """What comments say, each in one line."""
    return [' '.join(re.sub(r'^[ \t]*\*+', '', part, flags=re.MULTILINE)
                     .split())
            for part in re.findall(r'/\*(.*?)\*/', text, re.DOTALL)]


def _parameters(text):
    parts = ['']
    depth = 0
    for char in text:
        depth += {'(': 1, ')': -1}.get(char, 0)
        if char == ',' and depth == 0:
            parts.append('')
        else:
            parts[-1] += char
    parts = [' '.join(part.split()) for part in parts]
    return [] if parts in ([''], ['void']) else parts


def _functions(pattern, text):
    code = code_of(text)
    for match in pattern.finditer(code):
        words = match.group('type').split()
        if 'typedef' in words:
            continue
        yield Function(match.group('name'),
                       code.count('\n', 0, match.start('name')) + 1,
                       _parameters(match.group('parameters')),
                       'static' in words)


def definitions(text):
    return list(_functions(DEFINITION, text))


def prototypes(text):
    return list(_functions(PROTOTYPE, text))


def includes(text):
    return INCLUDE.findall(text)


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def files(folders=FOLDERS, endings=('.c', '.h')):
    """All files of a kind below the folders, by name; none of a build."""
    found = []
    for top in folders:
        for folder, below, names in os.walk(top):
            below[:] = [name for name in below
                        if not name.startswith(('.', '__', 'build'))]
            found += [os.path.join(folder, name) for name in names
                      if name.endswith(endings)]
    return sorted(found)


def circles(edges):
    """The groups of names that reach each other; edges: {name: names}."""
    number, low, stack, found = {}, {}, [], []

    def visit(name):
        number[name] = low[name] = len(number)
        stack.append(name)
        for other in edges.get(name, ()):
            if other not in number:
                visit(other)
            if other in stack:
                low[name] = min(low[name], low[other])
        if low[name] == number[name]:
            group = set()
            while name not in group:
                group.add(stack.pop())
            if len(group) > 1 or name in edges.get(name, ()):
                found.append(sorted(group))

    for name in sorted(edges):
        if name not in number:
            visit(name)
    return found


class Tap:
    """Numbers and says what holds; findings are lines, none is well."""

    def __init__(self):
        self.count = 0

    def _say(self, word, name):
        self.count += 1
        print('%s %d - %s' % (word, self.count, name))

    def holds(self, name, findings):
        self._say('not ok' if findings else 'ok', name)
        for line in findings:
            print('# ' + line)

    def finds(self, name, findings, wanted):
        """A check was given a planted sample: it must tell these."""
        self.holds('finds: ' + name, [] if findings == wanted else
                   ['of the sample it says %r, not %r' % (findings, wanted)])

    def skip(self, name, why):
        self._say('ok', '%s # SKIP %s' % (name, why))

    def done(self):
        print('1..%d' % self.count)
