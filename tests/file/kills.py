# SPDX-License-Identifier: BSD-3-Clause
"""SIGKILL between any two system calls: each operation is done again and again in a fresh folder, and killed as its
first call begins, its second, and so on, and after its last. Then the Lock exists or does not, the Integer has its old
value or its new one, every call works, and what the dead process left is gone when another has come by.

Without --long, with durable=1 and in a shared space only those operations are killed that make something.
"""
import os
import re
import subprocess

import trace
from trace import OPERATIONS

MODES = ('', '?durable=1', '?mode=0666')
MAKING = ('acquire in a new folder', 'create in a new folder')


def strays(space):
    """What lies in the space that should not, when no process uses it."""
    found = []
    for folder, _, files in os.walk(space.root):
        for name in files:
            path = os.path.join(folder, name)[len(space.root) + 1:]
            if path in ('.phpsync/life', '.phpsync/fence'):
                continue
            key_of = re.fullmatch(r'(integers/../../[0-9a-f]{32})\.key', path)
            if key_of and os.path.exists(f'{space.root}/{key_of.group(1)}'):
                continue
            if not re.fullmatch(r'(locks|integers)/../../[0-9a-f]{32}', path):
                found.append(path)
    spare = space.root + '/.phpsync/spare'
    return found + (os.listdir(spare) if os.path.isdir(spare) else [])


def kill_at_each_call(space, name, operation, options):
    met = set()
    for call, number, text in trace.calls(space, operation, options):
        what = f'{name}{options} killed at {call} {number}'
        trace.prepare(space, operation, options)
        space.run(operation.action, options=options,
                  strace=('-o', '/dev/null', '-e', f'inject={call}:signal=KILL:when={number}'))
        found = space.state(options=options)
        met.add(found)
        space.check(what, found in (operation.old, operation.new), f'{found} is there, before {text}')
        proved = space.run('prove', options=options)
        space.check(what + ', then used', proved == 'works', proved)
        space.check(what + ', then tidied', not strays(space), strays(space))
    expected = {operation.old, operation.new}
    space.check(f'{name}{options}: the kills met every outcome', met == expected, met)


def what_lives_is_left_alone(space):
    """Who comes by removes what dead processes left, and nothing else."""
    for options in ('', '?mode=0666'):
        space.fresh()
        alive = subprocess.Popen(space.command('stay', options=options), stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        told = alive.stdout.readline().strip()
        space.check(f'{options} one lives', told == '0', told)
        spare = space.root + '/.phpsync/spare'
        living = set(os.listdir(spare))
        with open(spare + '/not-ours', 'w') as file:
            file.write('x')
        space.run('acquire', options=options)       # ends without tidying up
        left = set(os.listdir(spare)) - living - {'not-ours'}
        space.check(f'{options} one that ends leaves something', left, os.listdir(spare))
        told = space.run('prove', options=options)
        space.check(f'{options} another comes by', told == 'works', told)
        found = set(os.listdir(spare))
        space.check(f'{options} what the dead one left is gone', not left & found, left & found)
        space.check(f"{options} the living one's and a stranger's stay", living | {'not-ours'} <= found, found)
        alive.stdin.write('go\n')
        alive.stdin.flush()
        told = alive.stdout.readline().strip()
        space.check(f'{options} the living one goes on', told == '0', told)
        told = space.state(options=options)
        space.check(f'{options} and its Hold is seen to live', told[0] == 'alive', told)
        alive.communicate('go\n', timeout=120)


def test(space):
    what_lives_is_left_alone(space)
    why = trace.missing()
    if why:
        space.skip('a kill at each system call', why)
        return
    for options in MODES:
        for name, operation in OPERATIONS.items():
            if space.long or not options or name in MAKING:
                kill_at_each_call(space, name, operation, options)
