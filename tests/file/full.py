# SPDX-License-Identifier: BSD-3-Clause
"""File systems that are really full, out of inodes, or read-only: small ones in memory, mounted in a mount namespace of
their own, so that nothing stays. And a process that may open no more files.
"""
import os
import resource
import subprocess

import errors
from space import TRACEABLE

# Runs in the new namespace: the rest of the arguments with a small file system mounted at $1, with the options $2.
MOUNT = 'mount -t tmpfs -o "$2" phpsync-test "$1" && shift 2 && exec "$@"'


class Mounted:
    """A namespace with a small file system at the space's root; commands are run in it by a shell that stays."""

    def __init__(self, space, options):
        space.fresh()
        os.mkdir(space.root)
        self.space = space
        self.shell = subprocess.Popen(
            ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', MOUNT, 'sh', space.root, options, 'sh'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=TRACEABLE)

    def do(self, line):
        """What the line printed."""
        self.shell.stdin.write(line + ' 2>&1; echo; echo end-of-it\n')
        self.shell.stdin.flush()
        told = ''
        for said in self.shell.stdout:
            if said == 'end-of-it\n':
                break
            told += said
        return told.strip()

    def run(self, *action, key='space'):
        return self.do(f"'{self.space.program}' 'file://{self.space.root}/{key}' {' '.join(action)}")

    def end(self):
        self.shell.stdin.close()
        self.shell.wait(timeout=120)
        self.shell.stdout.close()


def can_mount(space):
    space.fresh()
    os.mkdir(space.root)
    tried = subprocess.run(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', MOUNT, 'sh', space.root,
                            'size=64k', 'true'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return tried.returncode == 0


def fails_clearly(told, *parts):
    words = told.split(' ', 1)
    return len(words) == 2 and words[0] in ('-8', '-10') and errors.is_clear(words[1]) and any(
        part in words[1] for part in parts)


def full(space, what, options, fill, reason):
    check = space.check
    mounted = Mounted(space, options)
    told = mounted.run('add')
    check(f'{what}: there is an Integer before', told == '0', told)
    mounted.do(fill)
    told = mounted.run('add')
    check(f'{what}: it is changed in place', told == '0', told)
    before = mounted.run('state')
    told = mounted.run('add', 'twice', key='another')
    check(f'{what}: another one is not made, and that is said', '-10' in told and reason in told, told)
    told = mounted.run('acquire')
    check(f'{what}: a Lock is not taken, and that is said', fails_clearly(told, reason), told)
    told = mounted.run('state')
    check(f'{what}: nothing has changed', told == before == 'lock=absent integer=2', told)
    mounted.do(f"rm -rf '{space.root}'/filler*")
    for key in ('space', 'another'):
        told = mounted.run('prove', key=key)
        check(f'{what}: all works when there is room again', told == 'works', told)
    mounted.end()


def read_only(space):
    check = space.check
    mounted = Mounted(space, 'size=1m')
    for action in ('add', 'acquire'):
        mounted.run(action)
    mounted.do(f"mount -o remount,ro '{space.root}'")
    told = mounted.run('state')
    check('read-only: a look shows what is there', told == 'lock=ended integer=1', told)
    for action in ('add', 'set', 'remove', 'release'):
        told = mounted.run(action)
        check(f'read-only: {action} says so', fails_clearly(told, 'read-only'), told)
    told = mounted.run('state')
    check('read-only: nothing has changed', told == 'lock=ended integer=1', told)
    mounted.do(f"mount -o remount,rw '{space.root}'")
    told = mounted.run('prove')
    check('read-only no longer: all works', told == 'works', told)
    mounted.end()


def no_more_files(space):
    """With a limit of so many open files a call works, or says so."""
    works = 0
    for limit in range(3, 16):
        for action in ('release', 'add', 'list'):
            space.fresh()
            space.run('acquire')
            space.run('add')
            before = space.state()
            done = subprocess.run(space.command(action), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  check=False, timeout=120, env=TRACEABLE, preexec_fn=lambda n=limit:
                                  resource.setrlimit(resource.RLIMIT_NOFILE, (n, n)))
            told = done.stdout.strip()
            works += told == '0'
            if told != '0' and 'error while loading' not in told:
                space.check(f'{action} with {limit} open files says so', 'too many open files' in told, told)
                space.check(f'{action} with {limit} open files changes nothing', space.state() == before, before)
    space.check('with files enough it works', works > 0)


def test(space):
    no_more_files(space)
    if os.geteuid() != 0 or not can_mount(space):
        space.skip('full and read-only file systems', 'nothing can be mounted here')
        return
    root = space.root
    full(space, 'a full file system', 'size=256k', f"dd if=/dev/zero of='{root}'/filler bs=4k", 'no room')
    full(space, 'a file system without inodes', 'size=4m,nr_inodes=64',
         f"mkdir '{root}'/filler; for i in $(seq 70); do touch '{root}'/filler/$i; done", 'no room')
    read_only(space)
