# SPDX-License-Identifier: BSD-3-Clause
"""The operations, and the system calls that each makes, as strace sees them."""
import re
import shutil
import subprocess
from dataclasses import dataclass

# They change nothing that another process could see, and cannot fail in a way that matters.
HARMLESS = {'brk', 'mmap', 'munmap', 'mprotect', 'madvise', 'futex', 'getpid', 'gettid', 'getrandom', 'uname',
            'rt_sigprocmask', 'geteuid', 'clock_gettime', 'write'}


@dataclass
class Operation:
    """States are (lock, integer). A killed process's Lock is "ended", and its Hold's "absent"."""
    action: str
    before: tuple       # what others did before
    old: tuple          # the state before, as others see it after the process has ended
    new: tuple          # and after
    inside: tuple       # after, as the process itself sees it
    second: int         # the result when it does the same again
    again: tuple        # and the state then, as it sees it
    fresh: bool = False     # the whole folder is missing before
    starts: tuple = ()      # the state before, as the process itself sees it; () is old


NOTHING, LOCKED, LIVES, ONE = ('absent', 'none'), ('ended', 'none'), ('alive', 'none'), ('absent', '1234')
TWO, THREE, PUT = ('absent', '2468'), ('absent', '3702'), ('absent', '5678')
BOTH = ('ended', '1234')
OPERATIONS = {
    'acquire': Operation('acquire', (), NOTHING, LOCKED, LIVES, 1, LIVES),
    'acquire in a new folder': Operation('acquire', (), NOTHING, LOCKED, LIVES, 1, LIVES, fresh=True),
    'acquire after a dead Hold': Operation('acquire', ('hold',), NOTHING, LOCKED, LIVES, 1, LIVES),
    'hold': Operation('hold', (), NOTHING, NOTHING, LIVES, 1, LIVES),
    'renew': Operation('renew', (), NOTHING, NOTHING, LIVES, 0, LIVES, starts=LIVES),
    'release': Operation('release', ('acquire',), LOCKED, NOTHING, NOTHING, 1, NOTHING),
    'release of a Hold': Operation('release_hold', (), NOTHING, NOTHING, NOTHING, 1, NOTHING, starts=LIVES),
    'create': Operation('count', (), NOTHING, ONE, ONE, 0, TWO),
    'create in a new folder': Operation('count', (), NOTHING, ONE, ONE, 0, TWO, fresh=True),
    'add': Operation('count', ('count',), ONE, TWO, TWO, 0, THREE),
    'set': Operation('put', ('count',), ONE, PUT, PUT, 0, PUT),
    'swap': Operation('swap', ('count',), ONE, PUT, PUT, 1, PUT),
    'remove': Operation('remove', ('count',), ONE, NOTHING, NOTHING, 1, NOTHING),
    'look': Operation('look', ('acquire', 'count'), BOTH, BOTH, BOTH, 0, BOTH),
    'look at a dead Hold': Operation('look', ('hold', 'count'), ONE, ONE, ONE, 0, ONE),
    'list': Operation('list', ('acquire', 'count'), BOTH, BOTH, BOTH, 0, BOTH),
}


def missing():
    """Why nothing can be traced here, or None."""
    if not shutil.which('strace'):
        return 'there is no strace'
    tried = subprocess.run(['strace', '-qq', '-o', '/dev/null', '-e', 'inject=getppid:retval=1', 'true'],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return 'strace may not trace here' if tried.returncode else None


def prepare(space, operation, options):
    """Everything as it is before the operation. The folders of its key are missing, or the whole root."""
    space.fresh()
    if operation.action == 'open' or operation.fresh:
        return
    space.run('prove', options=options)
    shutil.rmtree(space.root + '/locks', ignore_errors=True)
    shutil.rmtree(space.root + '/integers', ignore_errors=True)
    for action in operation.before:
        space.run(action, options=options)


def calls(space, operation, options, paths=False):
    """The operation's system calls, as (name, how many of that name there were with it, text)."""
    prepare(space, operation, options)
    trace = space.base + '/trace'
    space.run(operation.action, options=options, strace=(*(['-y'] if paths else []), '-o', trace))
    counts, inside, found = {}, False, []
    with open(trace) as lines:
        for line in lines:
            match = re.match(r'\d+ +(\w+)\((.*)', line)
            if not match:
                continue
            name = match.group(1)
            counts[name] = counts.get(name, 0) + 1
            if name == 'getppid':
                inside = not inside
                if not inside:
                    found.append((name, counts[name], 'the end'))
            elif inside and name not in HARMLESS:
                found.append((name, counts[name], f'{name}({match.group(2)}'))
    return found


def first_injected_inside(trace):
    """Whether the first error that strace made came while the operation ran."""
    inside = False
    with open(trace) as lines:
        for line in lines:
            if 'INJECTED)' in line:
                return inside
            if re.match(r'\d+ +getppid\(', line):
                inside = not inside
    return False
