# SPDX-License-Identifier: BSD-3-Clause
"""Each system call of each operation fails in turn, in each way that it can, once or from then on; each
write is cut short. Then the call said what failed, or did its work; the old state is there if it failed; and the very
same object does its work when the trouble is over, and so does every other process.

Each call is met in every run. Without --long it fails in one way instead of all that it can: in the next one each time
a call of that kind comes, so that every kind of call fails in every way somewhere.
"""
import itertools
import re

import trace
from trace import OPERATIONS

MODES = ('', '?durable=1')
PATH = ('EACCES', 'EROFS', 'EIO')
ROOM = ('ENOSPC', 'EDQUOT')
ERRORS = {
    'openat': (*PATH, *ROOM, 'EMFILE', 'EINTR'),
    'pwrite64': ('EIO', *ROOM, 'EINTR'),
    'pread64': ('EIO', 'EINTR'),
    'read': ('EIO', 'EINTR'),
    'getdents64': ('EIO',),
    'flock': ('EIO', 'EINTR', 'ENOLCK'),
    'fcntl': ('EIO', 'EINTR', 'ENOLCK'),
    'fsync': ('EIO', *ROOM, 'EINTR'),
    'linkat': (*PATH, *ROOM),
    'renameat2': (*PATH, *ROOM),
    'unlinkat': PATH,
    'mkdirat': (*PATH, *ROOM),
    'newfstatat': ('EIO', 'EACCES'),
    'fchmod': PATH,
    'utimensat': PATH,
    'getppid': (),
    'close': (),        # whatever it says, the descriptor is gone
}
SAME = {'open': 'openat', 'mkdir': 'mkdirat', 'rmdir': 'unlinkat', 'unlink': 'unlinkat', 'link': 'linkat',
        'rename': 'renameat2', 'fstat': 'newfstatat', 'lstat': 'newfstatat', 'stat': 'newfstatat',
        'statx': 'newfstatat', 'fdatasync': 'fsync'}


TURNS = {}      # of each kind of call: which error is next


def errors_of(call, text):
    if 'LOCK_UN' in text or 'F_UNLCK' in text:
        return ()       # to unlock what one has locked does not fail
    return ERRORS.get(SAME.get(call, call), ('EIO',))


def selected(space, kind, call, text, without=()):
    """The errors to make at this call."""
    errors = [error for error in errors_of(call, text) if error not in without]
    if space.long or not errors:
        return errors
    turns = TURNS.setdefault((kind, SAME.get(call, call)), itertools.count())
    return [errors[next(turns) % len(errors)]]


def is_clear(message):
    """One line: on which key, unless it was a list; what failed, with its place, and why."""
    return bool(re.fullmatch(r'((Lock|Integer) "k" in )?\S+: (cannot \S.*|/.+ is not .+): .+', message))


def gone_but_not_flushed(operation, message):
    """What is freed or removed cannot be taken back: an error behind that is about its durability, and says so."""
    return operation.new == trace.NOTHING and 'flush' in message


def check_twice(space, what, operation, told, must_work):
    """What the process said: result, state, the result of the second try, state. Whether the first try worked."""
    lines = told.split('\n')
    parsed = [re.fullmatch(r'(-?\d+) ?(.*)', line) for line in lines[0::2]]
    if len(lines) != 4 or not all(parsed):
        space.check(what, False, f'it said "{told}"')
        return
    (first, message), (second, _) = ((int(m.group(1)), m.group(2)) for m in parsed)
    states = [trace_state(line) for line in lines[1::2]]
    if first == 0:
        space.check(what + ' did its work', states[0] == operation.inside, told)
        space.check(what + ', then again', (second, states[1]) == (operation.second, operation.again), told)
        return
    space.check(what + ' says what failed', first < 0 and is_clear(message) and not must_work, told)
    if gone_but_not_flushed(operation, message) and states[0] == operation.inside:
        space.check(what + ', then again', (second, states[1]) == (operation.second, operation.again), told)
        return
    space.check(what + ' leaves the old state', states[0] == (operation.starts or operation.old), told)
    space.check(what + ', then works', (second, states[1]) == (0, operation.inside), told)


def trace_state(line):
    return tuple(re.sub(r'\w+=', '', word) for word in line.split())


def others_go_on(space, what, options):
    proved = space.run('prove', options=options)
    space.check(what + ', then used by another', proved == 'works', proved)


def run_failing(space, what, operation, options, injected, *more):
    """What it said; None if the error could not be made inside the operation. The folder is looked at anew when that is
    due, so a slow run makes more calls before than the one that was traced: then the error came too early."""
    traced = space.base + '/trace'
    for _ in range(50):
        trace.prepare(space, operation, options)
        told = space.run(operation.action, *more, options=options, strace=('-o', traced, '-e', 'inject=' + injected))
        if trace.first_injected_inside(traced):
            return told
    space.skip(what, 'it has fewer such calls in most runs')
    return None


def fail_once(space, name, operation, options, call, number, text):
    for error in selected(space, 'once', call, text):
        what = f'{name}{options} with {error} from {call} {number}'
        told = run_failing(space, what, operation, options, f'{call}:error={error}:when={number}', 'twice')
        if told is None:
            continue
        check_twice(space, what, operation, told, error == 'EINTR')
        others_go_on(space, what, options)


def fail_from_then_on(space, name, operation, options, call, number, text):
    for error in selected(space, 'on', call, text, without=('EINTR',)):
        what = f'{name}{options} with {error} from {call} {number} on'
        told = run_failing(space, what, operation, options, f'{call}:error={error}:when={number}+')
        if told is None:
            continue
        result = re.fullmatch(r'(-?\d+) ?(.*)', told)
        good = result and (result.group(1) == '0' or (int(result.group(1)) < 0 and is_clear(result.group(2))))
        space.check(what + ' says what failed', good, told)
        found = space.state(options=options)
        space.check(what + ' leaves the old state or the new', found in (operation.old, operation.new), found)
        others_go_on(space, what, options)


def write_short(space, name, operation, options, number):
    what = f'{name}{options} with write {number} cut short'
    trace.prepare(space, operation, options)
    told = space.run(operation.action, 'twice', options=options, environment={'SHORT_WRITE': str(number)})
    check_twice(space, what, operation, told, False)
    others_go_on(space, what, options)


def test(space):
    why = trace.missing()
    if why:
        space.skip('an error from each system call', why)
        return
    for options in MODES:
        for name, operation in OPERATIONS.items():
            for call, number, text in trace.calls(space, operation, options):
                if space.long or not options or 'sync' in call:
                    fail_once(space, name, operation, options, call, number, text)
                if options:     # these are all the calls, and flushes
                    fail_from_then_on(space, name, operation, options, call, number, text)
                if call == 'pwrite64':
                    write_short(space, name, operation, options, number)
