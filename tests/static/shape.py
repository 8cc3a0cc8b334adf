#!/usr/bin/python3
"""What the C of this tree must be like by its text alone (STYLE.md)."""

import os
import re

import reading

PARAMETERS_MAX = 6
# whose parameters another's library says: libmicrohttpd, libc
CALLED_BY_OTHERS = {'sim_on_request', '__libc_start_main'}

# The words that say it, so that one search finds the rule of each header.
THREADS = re.compile(r'Threads: |May be used by all threads|'
                     r'No state: any thread')


def stem_of(path):
    return os.path.splitext(os.path.basename(path))[0]


def prefixed(texts):
    """Static functions that are named like external ones of their module."""
    for path, text in texts.items():
        stem = stem_of(path)
        for it in reading.definitions(text):
            for prefix in {stem, stem.split('_')[0]}:
                if it.is_static and it.name.startswith(prefix + '_'):
                    yield '%s:%d: %s' % (path, it.line, it.name)
                    break


def crowded(texts):
    for path, text in texts.items():
        for it in reading.definitions(text) + reading.prototypes(text):
            if len(it.parameters) > PARAMETERS_MAX and \
                    it.name not in CALLED_BY_OTHERS:
                yield '%s:%d: %s has %d' % (path, it.line, it.name,
                                            len(it.parameters))


def place_of(path, name, texts):
    """The file that an include names, or None: no header of ours."""
    for place in (os.path.join('src', name), name,
                  os.path.join(os.path.dirname(path), name)):
        if place in texts:
            return place
    return None


def include_circles(texts):
    edges = {path: {place_of(path, name, texts)
                    for name in reading.includes(text)} - {None}
             for path, text in texts.items()}
    for group in reading.circles(edges):
        yield 'circle of ' + ' '.join(group)


def silent(texts):
    """Headers with functions, included by another folder, that say nothing
    of threads."""
    public = set()
    for path, text in texts.items():
        for name in reading.includes(text):
            place = place_of(path, name, texts)
            if place and os.path.dirname(place) != os.path.dirname(path):
                public.add(place)
    for path in sorted(public):
        if reading.prototypes(texts[path]) and not any(
                THREADS.search(said)
                for said in reading.comments_of(texts[path])):
            yield path


SAMPLE = {
    'src/a/lease.h': '''
/* One lease.
 * May be used by all
 * threads. */
#include "a/row.h"
int lease_take(int a, int b, int c, int d, int e, int f, int g);
int lease_give(int a, int (*f)(int b, int c, int d), int e, int g, int h);
''',
    'src/a/row.h': '#include "a/top.h"\n/* threads */\nint row_get(void);\n',
    'src/a/top.h': '#include "a/row.h"\nint top(void);\n',
    'src/a/lease_row.c': '''
static int
lease_row_read(void)
{
}
static const char *lease_name(const char *text)
{
}
static void
name_lease(void) { }
int
lease_row_write(void)
{
}
''',
    'src/b/user.c': '#include "a/lease.h"\n#include "a/row.h"\n'
                    '/* static int user_no(void) { */ "static x user_y() {"\n',
}


def planted(tap):
    tap.finds('static names with a prefix', list(prefixed(SAMPLE)), [
        'src/a/lease_row.c:3: lease_row_read',
        'src/a/lease_row.c:6: lease_name'])
    tap.finds('seven parameters', list(crowded(SAMPLE)),
              ['src/a/lease.h:6: lease_take has 7'])
    tap.finds('a circle of includes', list(include_circles(SAMPLE)),
              ['circle of src/a/row.h src/a/top.h'])
    tap.finds('a header silent of threads', list(silent(SAMPLE)),
              ['src/a/row.h'])


def main():
    tap = reading.Tap()
    planted(tap)
    product = {path: reading.read(path) for path in reading.files()}
    rest = {path: reading.read(path)
            for path in reading.files(reading.TEST_FOLDERS)}
    everything = {**product, **rest}
    tap.holds('static functions have no prefix of their module',
              list(prefixed(product)))
    tap.holds('six parameters at most', list(crowded(everything)))
    tap.holds('no circle of includes', list(include_circles(everything)))
    tap.holds('public headers say what holds for threads',
              list(silent(product)))
    tap.done()


main()
