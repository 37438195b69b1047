# SPDX-License-Identifier: BSD-3-Clause
"""durable=1: when a call returns, its change has reached the disk, and in an order in which no power failure finds a
name without its content: a file's content is flushed before it gets its name, the folder after; a folder that was
made is flushed in its parent. Without durable=1 nothing is flushed.
"""
import os
import re

import trace
from trace import OPERATIONS


class Order:
    """Follows the calls of one operation, and notes what is not flushed."""

    def __init__(self, root):
        self.root = root
        self.unwritten = set()      # files whose content may not be on the disk
        self.unlisted = set()       # folders whose entries may not be
        self.wrong = []

    def named(self, old, new):
        if old in self.unwritten and self.is_ours(new):
            self.wrong.append(f'{new} got its name before its content was flushed')
        if old in self.unwritten:
            self.unwritten.discard(old)
            self.unwritten.add(new)
        self.changed(new)

    def changed(self, path):
        if self.is_ours(path):
            self.unlisted.add(os.path.dirname(path))

    def is_ours(self, path):
        """What is aside, in .phpsync, need not survive: without it fences begin at the time of day."""
        return path == self.root or (path.startswith(self.root + '/') and '/.phpsync' not in path)

    def flushed(self, path):
        self.unwritten.discard(path)
        self.unlisted.discard(path)

    def rest(self):
        return self.wrong + sorted(f for f in self.unwritten if self.is_ours(f)) + sorted(self.unlisted)


def paths_of(text, cwd):
    """The paths in a call's arguments: each with the folder before it, as -y shows that."""
    found = []
    for folder, path in re.findall(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"([^"]*)"', text):
        found.append(os.path.normpath(os.path.join(folder or cwd, path)))
    return found


def follow(space, calls):
    order = Order(space.root)
    for name, _, text in calls:
        if not re.search(r'= \d+', text):
            continue        # it failed
        on = re.match(r'\w+\(\d+<([^>]*)>', text)
        paths = paths_of(text, os.getcwd())
        if name == 'pwrite64':
            order.unwritten.add(on.group(1))
        elif name in ('fsync', 'fdatasync'):
            order.flushed(on.group(1))
        elif name in ('linkat', 'link', 'renameat2', 'rename'):
            order.named(*paths)
        elif name in ('mkdir', 'mkdirat', 'unlink', 'unlinkat', 'rmdir'):
            order.unwritten.discard(paths[0])       # what has no name need not survive
            order.changed(paths[0])
            order.unwritten.discard(paths[0])       # there is nothing left to find without its content
    return order.rest()


def test(space):
    why = trace.missing()
    if why:
        space.skip('durable=1 flushes in order', why)
        return
    for options in ('?durable=1', '?durable=1&mode=0666'):
        for name, operation in OPERATIONS.items():
            if operation.action == 'look' or 'dead' in name:
                continue        # what a look sweeps away has ended: it may come back, and has ended still
            calls = trace.calls(space, operation, options, paths=True)
            rest = follow(space, calls)
            space.check(f'{name}{options} has flushed all when it returns', not rest, rest)
            if name in ('acquire', 'create', 'add', 'set', 'swap', 'remove', 'release', 'renew'):
                space.check(f'{name}{options} flushes at all', any(n == 'fsync' for n, _, _ in calls), calls)
    for name, operation in OPERATIONS.items():
        calls = trace.calls(space, operation, '')
        space.check(f'{name} flushes nothing unless asked', all('sync' not in n for n, _, _ in calls), calls)
