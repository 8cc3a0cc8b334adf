#!/usr/bin/python3
"""What the files of the product give to each other, from the objects of a
build: whose names they are, who uses them, and in which circles.

usage: exports.py BUILD_DIRECTORY
"""

import collections
import os
import re
import subprocess
import sys

import reading

# Names that are not of their file, and why.
FOREIGN = {
    # libpam looks them up
    'pam/module.c': re.compile(r'pam_sm_[a-z_]+'),
    # dlsym(3) looks them up
    'check/check_http.c': re.compile(r'check_http_[a-z_]+'),
    # nginx looks them up
    'nginx/ngx_http_authgear_module.c': re.compile(
        r'ngx_(http_authgear_)?module[a-z_]*'),
    # what a face may do with a task; gate_task.h is what it is inside
    'src/gate/gate.c': re.compile(r'gate_task_[a-z_]+'),
    # the verdict of a reason: one table, one list of names
    'src/ground/reason.c': re.compile(r'verdict_name'),
}
CALLED_BY_OTHERS = {'main'}
LOOKED_UP = {'pam/module.c', 'check/check_http.c',
             'nginx/ngx_http_authgear_module.c'}  # by others, at run time


# defined: names for others; functions: those that the file has, static too
Object = collections.namedtuple('Object', 'defined functions wanted')


def source_of(path, sources):
    """src/ground/libgate_la-json.o, fcgi/.libs/log.o: the .c, or None."""
    folder, name = os.path.split(path)
    if os.path.basename(folder) == '.libs':
        folder = os.path.dirname(folder)
    stem = name[:-2].split('-')[-1]
    source = os.path.join(folder, stem + '.c')
    return source if source in sources else None


def read_object(path):
    it = Object(set(), set(), set())
    said = subprocess.run(['nm', path], stdout=subprocess.PIPE, check=True,
                          universal_newlines=True).stdout
    for line in said.splitlines():
        kind, name = line.split()[-2:]
        if name.startswith('_'):
            continue
        if kind == 'U':
            it.wanted.add(name)
        elif kind.isupper():
            it.defined.add(name)
        if kind in 'tT':
            it.functions.add(name.split('.')[0])
    return it


def objects_of(build, sources):
    """{source: Object}; a source that was built twice is the same twice."""
    found = {}
    for top in reading.FOLDERS:
        for folder, _, names in os.walk(os.path.join(build, top)):
            for name in sorted(names):
                path = os.path.join(folder, name)
                source = source_of(os.path.relpath(path, build), sources)
                if name.endswith('.o') and source:
                    found[source] = read_object(path)
    return found


def stem_of(path):
    return os.path.splitext(os.path.basename(path))[0]


def begins(name, stem):
    return name == stem or name.startswith(stem + '_')


def misnamed(objects):
    """A name begins with its file's, and with no longer one beside it."""
    stems = collections.defaultdict(set)
    for source in objects:
        stems[os.path.dirname(source)].add(stem_of(source))
    for source, it in sorted(objects.items()):
        own = stem_of(source)
        for name in sorted(it.defined - CALLED_BY_OTHERS):
            if source in FOREIGN and FOREIGN[source].fullmatch(name):
                continue
            if not begins(name, own):
                yield '%s: %s' % (source, name)
                continue
            for other in sorted(stems[os.path.dirname(source)]):
                if len(other) > len(own) and begins(name, other):
                    yield '%s: %s is a name of %s.c' % (source, name, other)


def astray(objects, declared):
    """declared: {file: names}.  What a header declares is in its .c, and a
    .c declares nothing of another."""
    home = {name: source for source, it in objects.items()
            for name in it.defined}
    for header, names in sorted(declared.items()):
        for name in sorted(names):
            source = home.get(name)
            if source is None:
                yield '%s: %s is nowhere' % (header, name)
            elif source[:-2] != header[:-2]:
                yield '%s: %s is in %s' % (header, name, source)


def users(objects):
    """{name: sources that refer to it}"""
    found = collections.defaultdict(set)
    for source, it in objects.items():
        for name in it.wanted:
            found[name].add(source)
    return found


def unused(objects):
    by = users(objects)
    for source, it in sorted(objects.items()):
        for name in sorted(it.defined - CALLED_BY_OTHERS):
            if source in LOOKED_UP and FOREIGN[source].fullmatch(name):
                continue
            if not by[name] - {source}:
                yield '%s: %s' % (source, name)


def call_circles(objects):
    home = {name: source for source, it in objects.items()
            for name in it.defined if name != 'main'}
    calls = collections.defaultdict(lambda: collections.defaultdict(set))
    for source, it in objects.items():
        for name in it.wanted:
            if home.get(name, source) != source:
                calls[source][home[name]].add(name)
    for group in reading.circles(calls):
        yield 'circle of ' + ' '.join(group)
        for source in group:
            for other in group:
                if calls[source].get(other):
                    yield '  %s calls %s: %s' % (
                        source, other, ' '.join(sorted(calls[source][other])))


def unseen(objects, texts):
    """Functions that the reading of the text has missed; not those that a
    header of a library brings, which begin no line."""
    for source, it in sorted(objects.items()):
        read = {found.name for found in reading.definitions(texts[source])}
        for name in sorted(it.functions - read):
            if re.search(r'^\S.*\b%s\(|^%s\(' % (name, name),
                         reading.code_of(texts[source]), re.MULTILINE):
                yield '%s: %s' % (source, name)


def planted(tap):
    def made(source, defined, wanted=''):
        return source, Object(set(defined.split()), set(),
                              set(wanted.split()))
    sample = dict([
        made('src/a/lease.c', 'lease_take lease_take_back take', 'row_read'),
        made('src/a/lease_take.c', 'lease_take_now', 'lease_take'),
        made('src/a/row.c', 'row_read rowing', 'lease_take_now'),
        made('src/a/top.c', 'main', 'row_read row_gone')])
    tap.finds('names of another file', list(misnamed(sample)), [
        'src/a/lease.c: lease_take is a name of lease_take.c',
        'src/a/lease.c: lease_take_back is a name of lease_take.c',
        'src/a/lease.c: take', 'src/a/row.c: rowing'])
    tap.finds('declarations astray', list(astray(sample, {
        'src/a/lease.h': {'lease_take', 'row_read', 'lease_gone'}})), [
        'src/a/lease.h: lease_gone is nowhere',
        'src/a/lease.h: row_read is in src/a/row.c'])
    tap.finds('exports that nobody uses', list(unused(sample)), [
        'src/a/lease.c: lease_take_back', 'src/a/lease.c: take',
        'src/a/row.c: rowing'])
    odd = 'static int f(int a[{ 1 }])\n{\n}\nint\ng(void)\n{\n\tput(1);\n}\n'
    tap.finds('a function that is not read', list(unseen(
        {'a.c': Object(set(), {'f', 'g', 'put'}, set())}, {'a.c': odd})),
        ['a.c: f'])
    tap.finds('a circle of calls', list(call_circles(sample)), [
        'circle of src/a/lease.c src/a/lease_take.c src/a/row.c',
        '  src/a/lease.c calls src/a/row.c: row_read',
        '  src/a/lease_take.c calls src/a/lease.c: lease_take',
        '  src/a/row.c calls src/a/lease_take.c: lease_take_now'])


def main():
    build, = sys.argv[1:]
    sources = set(reading.files(endings=('.c',)))
    objects = objects_of(build, sources)
    missing = sorted(sources - set(objects))
    tap = reading.Tap()
    planted(tap)
    texts = {path: reading.read(path) for path in reading.files()}
    declared = {path: {it.name for it in reading.prototypes(text)
                       if not it.is_static} for path, text in texts.items()}
    tap.holds('every function is read', list(unseen(objects, texts)))
    tap.holds('external names begin with the name of their file',
              list(misnamed(objects)))
    tap.holds('no circle of calls between files', list(call_circles(objects)))
    if missing:
        why = 'not built: ' + ' '.join(missing)
        tap.skip("a header's functions are in the .c of its name", why)
        tap.skip('exports are used by the product', why)
    else:
        tap.holds("a header's functions are in the .c of its name",
                  list(astray(objects, declared)))
        tap.holds('exports are used by the product', list(unused(objects)))
    tap.done()


main()
