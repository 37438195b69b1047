#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What else can happen to a file space: other users, planted links, vanished folders, no inotify.

    tests/file/folders PROGRAM [FOLDER]     PROGRAM is tests/file/file.c, built

Parts that need a second user are skipped unless root runs it. Ends with "N passed, N failed, N skipped".
"""
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time

BASE = tempfile.mkdtemp(prefix='phpsync-folders.', dir=sys.argv[2] if len(sys.argv) > 2 else '/dev/shm')
ROOT = BASE + '/space'
PROGRAM = shutil.copy(sys.argv[1], BASE + '/file')     # where the other users can reach it
ONE, OTHER, GROUP = 4001, 4002, 4003
passed = failed = skipped = 0


def check(what, good, why=''):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f'FAILED {what}: {why}', flush=True)


def command(action, options='', user=None, groups=(), umask=None, inject=None, folder=None):
    words = [PROGRAM, f'file://{folder or ROOT}{options}', action]
    if inject:
        words = ['strace', '-qq', '-f', '-o', '/dev/null'] + [w for i in inject for w in ('-e', i)] + words
    if umask is not None:
        words = ['sh', '-c', f'umask {umask}; exec "$@"', 'sh'] + words
    if user is not None:
        extra = [f'--groups={",".join(map(str, groups))}'] if groups else ['--clear-groups']
        words = ['setpriv', f'--reuid={user}', f'--regid={user}'] + extra + words
    return words


def run(action, **how):
    done = subprocess.run(command(action, **how), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60)
    return done.stdout.strip()


def start(action, **how):
    """A program that waits; returns when it sleeps."""
    process = subprocess.Popen(command(action, **how), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(0.4)
    return process


def done_within(process, seconds):
    """What it said, and whether it said it in time."""
    begin = time.monotonic()
    told = process.communicate(timeout=60)[0].strip()
    return told == '0' and time.monotonic() - begin < seconds, told


def fresh():
    shutil.rmtree(ROOT, ignore_errors=True)


def place(category):
    digest = '8ce4b16b22b58894aa86c421e8759df3'     # md5 of "k"
    return f'{ROOT}/{category}/{digest[:2]}/{digest[2:4]}/{digest}'


def the_places_are_php_sync_fs_s():
    fresh()
    run('add')
    run('acquire')
    check('an Integer is a decimal number at its place', open(place('integers')).read() == '1')
    check('its key lies beside it', open(place('integers') + '.key').read() == 'k')
    check('a Lock is a file at its place', 'key k\n' in open(place('locks')).read())
    check('nothing lies in the root itself', all(os.path.isdir(f'{ROOT}/{n}') for n in os.listdir(ROOT)))
    for text, value in (('', 0), ('7\n\n', 7), (' 12', 12), ('-3', -3)):
        open(place('integers'), 'w').write(text)
        check(f'the text {text!r} is a number', run('state').endswith(f'integer={value}'), run('state'))
    open(place('integers'), 'w').write('100')
    run('set')
    check('a shorter number is padded, the file never shortened', open(place('integers')).read() == '5\n\n')
    for text in ('x', '1.5', '99999999999999999999', '1 2', '-', '5' * 100):
        open(place('integers'), 'w').write(text)
        told = run('add')
        check(f'the text {text!r} is an error', told.startswith('-11 ') and place('integers') in told, told)
        check(f'the text {text!r} is left as it is', open(place('integers')).read() == text)
    os.unlink(place('integers'))
    open(place('integers') + '.key', 'w').write('another')
    check('a key that was left over is replaced', run('add') == '0' and open(place('integers') + '.key').read() == 'k')
    open(place('integers') + '.key', 'w').write('another')
    check('another key with the same digest is an error', 'another key' in run('add'), run('add'))
    open(place('locks'), 'w').close()
    check("a Lock that php-sync-fs's PHP code left is an error that says so", 'php-sync-fs' in run('acquire'))


def folders_that_vanish():
    for mode, slow in (('', 3), ('?mode=0666', 3), ('?poll=0.05', 3)):
        fresh()
        waiter = start('await', options=mode)
        run('add', options=mode)
        good, told = done_within(waiter, slow)
        check(f'{mode} who waits for an Integer whose folder does not exist is woken', good, told)
        fresh()
        run('remove', options=mode)
        waiter = start('await', options=mode)
        fresh()
        time.sleep(0.2)
        run('add', options=mode)
        good, told = done_within(waiter, slow)
        check(f'{mode} who waits while the root is removed and comes back is woken', good, told)
        for name in ('locks', 'locks/8c', 'locks/8c/e4', ''):
            fresh()
            run('acquire', options=mode)
            waiter = start('wait', options=mode)
            shutil.rmtree(f'{ROOT}/{name}')
            good, told = done_within(waiter, slow)
            check(f'{mode} who waits for a Lock is woken when {name or "the root"} is removed', good, told)
        fresh()
        run('acquire', options=mode)
        waiter = start('wait', options=mode)
        os.rename(ROOT, ROOT + '.moved')
        good, told = done_within(waiter, slow)
        check(f'{mode} who waits for a Lock is woken when the root is moved away', good, told)
        shutil.rmtree(ROOT + '.moved')
        fresh()
        check(f'{mode} missing folders are made', run('prove', options=mode) == 'works')


def who_lives_on_in_a_new_folder():
    for mode in ('', '?mode=0666'):
        for how in ('moved', 'removed', 'emptied'):
            fresh()
            process = subprocess.Popen(command('stay', options=mode), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       text=True)
            process.stdout.readline()
            time.sleep(0.1)     # a folder moved away is looked for twenty times a second
            if how == 'moved':
                os.rename(ROOT, ROOT + '.moved')
            elif how == 'removed':
                shutil.rmtree(ROOT)
            else:
                shutil.rmtree(ROOT + '/locks')
                shutil.rmtree(ROOT + '/integers')
            process.stdin.write('go\n')
            process.stdin.flush()
            told = process.stdout.readline().strip()
            check(f'{mode} a process goes on when the root was {how}', told == '0', told)
            told = run('state', options=mode)
            check(f'{mode} others see that it lives when the root was {how}', told == 'lock=alive integer=1', told)
            process.communicate('go\n', timeout=60)
            told = run('state', options=mode)
            check(f'{mode} and that it released', told == 'lock=absent integer=1', told)
            shutil.rmtree(ROOT + '.moved', ignore_errors=True)


def inotify_that_fails():
    for what in ('inotify_init1:error=EMFILE', 'inotify_add_watch:error=ENOSPC', 'inotify_init1:error=ENOSYS'):
        fresh()
        run('acquire')
        waiter = start('wait', inject=['inject=' + what])
        run('release')
        good, told = done_within(waiter, 2)
        check(f'{what}: who waits polls', good, told)
    fresh()
    run('acquire')
    waiter = start('wait', inject=['inject=inotify_init1,inotify_add_watch:signal=KILL'], options='?poll=0.05')
    run('release')
    good, told = done_within(waiter, 2)
    check('poll= makes no use of inotify', good, told)
    # A flood of events in the folder: more than the kernel keeps for one reader.
    fresh()
    run('acquire')
    waiter = start('wait')
    subprocess.run(['kill', '-STOP', str(waiter.pid)], check=True)
    folder = os.path.dirname(place('locks'))
    for i in range(20000):
        open(f'{folder}/flood-{i % 7}', 'w').close()
        os.unlink(f'{folder}/flood-{i % 7}')
    run('release')
    subprocess.run(['kill', '-CONT', str(waiter.pid)], check=True)
    good, told = done_within(waiter, 2)
    check('who waits is woken through a flood of events', good, told)


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def planted_links():
    fresh()
    elsewhere = BASE + '/elsewhere'
    for options in ('', '?mode=0666'):
        for name in ('locks', 'integers', '.phpsync'):
            fresh()
            os.makedirs(elsewhere, exist_ok=True)
            os.mkdir(ROOT, 0o700)
            os.symlink(elsewhere, f'{ROOT}/{name}')
            told = run('prove', options=options)
            check(f'{options} a link in the place of {name} is refused', 'symbolic link' in told, told)
            check(f'{options} nothing came through the link', os.listdir(elsewhere) == [], os.listdir(elsewhere))
    for options in ('', '?mode=0666'):
        fresh()
        run('add', options=options)
        os.rename(place('integers'), elsewhere + '/target')
        os.symlink(elsewhere + '/target', place('integers'))
        told = run('add', options=options)
        check(f'{options} a link in the place of a file is refused', 'symbolic link' in told, told)
        check(f'{options} its target is left alone', open(elsewhere + '/target').read() == '1')
    fresh()
    run('add', options='?mode=0666')
    shutil.move(f'{ROOT}/integers/8c', elsewhere + '/8c')
    os.symlink(elsewhere + '/8c', f'{ROOT}/integers/8c')
    told = run('add', options='?mode=0666')
    check('a link deep in a shared folder is refused', told.startswith('-') and 'link' in told, told)
    shutil.rmtree(elsewhere)


def many_users():
    os.chmod(BASE, 0o711)
    own = BASE + '/own'
    os.mkdir(own, 0o777)
    os.chmod(own, 0o777)
    folder = own + '/space'
    for umask in ('000', '077', '027'):
        shutil.rmtree(folder, ignore_errors=True)
        told = run('prove', user=ONE, umask=umask, folder=folder)
        check(f'umask {umask}: a private space works', told == 'works', told)
        files = [os.path.join(at, n) for at, folders, names in os.walk(folder) for n in folders + names]
        check(f'umask {umask}: nobody else gets in', all(mode_of(p) & 0o077 == 0 for p in files + [folder]))
        told = run('prove', user=OTHER, folder=folder)
        check(f"umask {umask}: another user's folder is refused, with the reason", f'user {ONE}' in told or
              'permission' in told, told)
    for options, groups in (('?mode=0666', ()), (f'?group={GROUP}', (GROUP,))):
        for umask in ('077', '022'):
            shutil.rmtree(folder, ignore_errors=True)
            for user in (ONE, OTHER, ONE):
                told = run('prove', options=options, user=user, groups=groups, umask=umask, folder=folder)
                check(f'{options} umask {umask}: user {user} works', told == 'works', told)
            run('acquire', options=options, user=ONE, groups=groups, umask=umask, folder=folder)
            told = run('state', options=options, user=OTHER, groups=groups, folder=folder)
            check(f'{options}: the other sees the Lock and that its process ended', told.startswith('lock=ended'), told)
            waiter = start('wait', options=options, user=ONE, groups=groups, folder=folder)
            told = run('release', options=options, user=OTHER, groups=groups, umask=umask, folder=folder)
            check(f'{options}: the other frees it', told == '0', told)
            good, told = done_within(waiter, 3)
            check(f'{options}: and that wakes who waits', good, told)
            group = [p for at, folders, _ in os.walk(folder) for p in [at] + [f'{at}/{f}' for f in folders]]
            if groups:
                check(f'{options}: folders are set-gid, and the group\'s', all(
                    mode_of(p) == 0o2770 and os.stat(p).st_gid == GROUP for p in group), group)
        shutil.rmtree(folder, ignore_errors=True)
        makers = [subprocess.Popen(command('add', options=options, user=u, groups=groups, umask='077', folder=folder),
                                   stdout=subprocess.PIPE, text=True) for u in (ONE, OTHER) * 8]
        told = [m.communicate()[0].strip() for m in makers]
        check(f'{options}: two users make the folders at once', told == ['0'] * 16, told)
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder, 0o777)
    os.chmod(folder, 0o777)
    told = run('add', user=ONE, folder=folder)
    check('a folder that everybody may write to is refused', 'is not used' in told, told)
    os.chown(folder, ONE, ONE)
    os.chmod(folder, 0o755)
    told = run('add', user=ONE, groups=(GROUP,), options=f'?group={GROUP}', folder=folder)
    check('a folder of another group is refused', f'group {ONE}' in told, told)
    told = run('add', user=OTHER, folder=folder)
    check("somebody else's folder is refused", f'user {ONE}' in told, told)
    os.mkdir(folder + '/locks')
    os.chown(folder + '/locks', OTHER, OTHER)
    told = run('add', user=ONE, folder=folder)
    check("somebody else's folder inside is refused", f'user {OTHER}' in told, told)
    shutil.rmtree(folder)
    os.mkdir(BASE + '/target')
    os.chown(BASE + '/target', ONE, ONE)
    os.symlink(BASE + '/target', folder)
    os.lchown(folder, OTHER, OTHER)
    told = run('add', user=ONE, folder=folder)
    check("somebody else's link to one's own folder is refused", 'symbolic link' in told, told)


try:
    the_places_are_php_sync_fs_s()
    folders_that_vanish()
    who_lives_on_in_a_new_folder()
    inotify_that_fails()
    planted_links()
    if os.geteuid() == 0 and shutil.which('setpriv'):
        many_users()
    else:
        skipped += 1
finally:
    shutil.rmtree(BASE, ignore_errors=True)
print(f'{passed} passed, {failed} failed, {skipped} skipped')
sys.exit(1 if failed else 0)
