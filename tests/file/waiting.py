# SPDX-License-Identifier: BSD-3-Clause
"""Who waits is woken, whatever happens to the folders it waits for: by inotify, and by polling where that is asked for
or where there is no inotify. A waiter gives up after two minutes, so that one who was not woken is seen to be.
"""
import ctypes
import os
import shutil
import subprocess
import time

import trace
from space import descriptors, switches

POLLING = '?poll=0.05'
MODES = ('', '?mode=0666', POLLING)


def folders_that_vanish(space):
    for options in MODES:
        space.fresh()
        waiter = space.start('await', options=options)
        space.run('add', options=options)
        space.woken(f'{options} who waits for an Integer whose folder does not exist', waiter)
        space.fresh()
        waiter = space.start('await', options=options)
        space.fresh()
        space.run('add', options=options)
        space.woken(f'{options} who waits while the root is removed and comes back', waiter)
        for name in ('locks', 'locks/8c', 'locks/8c/e4', ''):
            space.fresh()
            space.run('acquire', options=options)
            waiter = space.start('wait', options=options)
            shutil.rmtree(f'{space.root}/{name}')
            space.woken(f'{options} who waits for a Lock when {name or "the root"} is removed', waiter)
        for replaced in (False, True):
            space.fresh()
            space.run('acquire', options=options)
            waiter = space.start('wait', options=options)
            os.rename(space.root, space.root + '.moved')
            if replaced:
                space.run('add', options=options)
            space.woken(f'{options} who waits for a Lock when the root is '
                        f'{"replaced" if replaced else "moved away"}', waiter)
            shutil.rmtree(space.root + '.moved')
        space.fresh()
        space.check(f'{options} missing folders are made', space.run('prove', options=options) == 'works')


def lookers_hold_nobody_up(space):
    """A look takes no lock: with one, thousands of looks were made while a release waited for its turn."""
    space.fresh()
    spinning = [subprocess.Popen(space.command('spin'), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                for _ in range(8)]
    for process in spinning:
        process.stdout.readline()
    told = space.run('releases')
    space.check('a release does not wait until those who look pause', told.isdigit() and int(told) <= 100, told)
    for process in spinning:
        told = process.communicate('enough\n', timeout=120)[0].strip()
        space.check('who looked saw the Lock or did not', told == '0', told)
    os.unlink(space.root + '.looks')


def a_root_replaced_before_the_watch(space):
    """Between the last look at the folder and each of the two watches: nothing rings of what went before."""
    for options in ('', '?mode=0666'):
        for action in ('wait', 'await'):
            for number in '12':
                space.fresh()
                space.run('set', options=options)
                os.rename(space.root, space.root + '.new')
                space.run('acquire', options=options)
                space.run('add', options=options)
                with open(space.place('integers'), 'w') as file:
                    file.write('0')
                told = space.run(action, options=options, environment={'SWAP_ROOT': number})
                space.check(f'{options} {action}: the root is replaced just before watch {number}',
                            told == 'waits\n0' and os.path.isdir(space.root + '.moved'), told)
                shutil.rmtree(space.root + '.moved', ignore_errors=True)
                shutil.rmtree(space.root + '.new', ignore_errors=True)


def a_sleep_costs_nothing(space):
    """Also while the folder is missing: then the first above it that is there is watched."""
    for action, before, ends_it in (('wait', 'acquire', 'release'), ('await', 'remove', 'add')):
        space.fresh()
        space.run(before)
        waiter = space.start(action)
        if any('inotify' in name for name in descriptors(waiter.pid)):
            slept = switches(waiter.pid)
            time.sleep(0.7)
            space.check(f'{action}: who sleeps on inotify never looks', switches(waiter.pid) == slept)
        else:
            space.skip(f'{action}: who sleeps on inotify never looks', 'this user has no inotify instance left')
        space.run(ends_it)
        space.woken(f'{action}: it is woken', waiter)


def polling(space):
    space.fresh()
    space.run('acquire', options=POLLING)
    waiter = space.start('wait', options=POLLING)
    found = descriptors(waiter.pid)
    space.check('poll= uses no inotify', not any('inotify' in name for name in found), found)
    space.run('release', options=POLLING)
    space.woken('who polls sees a release', waiter)


def inotify_that_fails(space):
    why = trace.missing()
    if why:
        space.skip('inotify that fails', why)
        return
    for what in ('inotify_init1:error=EMFILE', 'inotify_init1:error=ENOSYS', 'inotify_add_watch:error=ENOSPC'):
        space.fresh()
        space.run('acquire')
        waiter = space.start('wait', strace=('-o', '/dev/null', '-e', 'inject=' + what))
        space.run('release')
        space.woken(f'{what}: who waits, by polling', waiter)


def no_inotify_left(space):
    """A user who has used up its instances; a user of its own, so that nobody else lacks one."""
    why = space.why_no_others()
    if why:
        space.skip('no inotify instance is left', why)
        return
    user = 10000 + os.getpid() % 50000      # other runs of this test beside it have theirs
    space.fresh()
    os.mkdir(space.root)
    os.chown(space.root, user, user)
    pipe = os.pipe()
    hoarder = os.fork()
    if hoarder == 0:
        hoard(pipe, user)
    os.close(pipe[1])
    all_taken = os.read(pipe[0], 1)
    os.close(pipe[0])
    if all_taken == b'y':
        space.run('acquire', user=user)
        waiter = space.start('wait', user=user)
        found = descriptors(waiter.pid)
        space.check('none is left to the waiter', not any('inotify' in name for name in found), found)
        space.run('release', user=user)
        space.woken('who gets no inotify instance, by polling', waiter)
    else:
        space.skip('no inotify instance is left', 'there are too many to use them up')
    os.kill(hoarder, 9)
    os.waitpid(hoarder, 0)


def hoard(pipe, user):
    """Takes all inotify instances of the user, says so, and keeps them until it is killed."""
    os.close(pipe[0])
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    libc = ctypes.CDLL(None, use_errno=True)
    taken = 0
    while taken < 900 and libc.inotify_init1(0) >= 0:
        taken += 1
    os.write(pipe[1], b'n' if taken == 900 else b'y')
    while True:
        time.sleep(1000)


def a_flood_of_events(space):
    """More events in the folder than the kernel keeps for one reader, while the waiter is stopped."""
    with open('/proc/sys/fs/inotify/max_queued_events') as file:
        most = int(file.read())
    if most > 50000:
        space.skip('who waits is woken through a flood of events', f'it would take {most} of them')
        return
    space.fresh()
    space.run('acquire')
    waiter = space.start('wait')
    subprocess.run(['kill', '-STOP', str(waiter.pid)], check=True)
    path = os.path.dirname(space.place('locks')) + '/flood'
    file = os.open(path, os.O_CREAT | os.O_RDWR)
    for i in range(most + 100):
        os.rename(f'{path}{i or ""}', f'{path}{i + 1}')     # two events, none like the one before
    os.close(file)
    space.run('release')
    subprocess.run(['kill', '-CONT', str(waiter.pid)], check=True)
    space.woken('who waits, through a flood of events', waiter)


def test(space):
    folders_that_vanish(space)
    a_root_replaced_before_the_watch(space)
    lookers_hold_nobody_up(space)
    a_sleep_costs_nothing(space)
    polling(space)
    inotify_that_fails(space)
    no_inotify_left(space)
    a_flood_of_events(space)
