#!/usr/bin/python3
"""usage: seeds.py DIRECTORY

Writes what the fuzz targets begin from, DIRECTORY/TARGET/NUMBER: recorded
answers of a real Authgear and texts as the unit tests have them, in the form
that the first comment of each target describes.  The same files every time.
"""

import os
import sys

import seeds_facts
import seeds_web

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def recorded(name):
    with open(os.path.join(TESTS, 'recorded', name), 'rb') as file:
        return file.read()


def main():
    if len(sys.argv) != 2:
        sys.exit('usage: seeds.py DIRECTORY')
    seeds = {}
    for part in (seeds_facts, seeds_web):
        seeds.update(part.seeds(recorded))
    for target, texts in seeds.items():
        folder = os.path.join(sys.argv[1], 'fuzz_' + target)
        os.makedirs(folder)
        for number, text in enumerate(texts):
            if isinstance(text, str):
                text = text.encode('latin-1')
            path = os.path.join(folder, '%03d' % number)
            with open(path, 'wb') as file:
                file.write(text)


if __name__ == '__main__':
    main()
