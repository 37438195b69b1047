# SPDX-License-Identifier: BSD-3-Clause
"""What lies where, in which form; what is planted there; and processes that live on while their folder is moved,
removed, emptied, or replaced by another.
"""
import os
import shutil
import subprocess
import time

import trace


def write(path, text):
    with open(path, 'w') as file:
        file.write(text)


def read(path):
    with open(path) as file:
        return file.read()


def the_places_are_php_sync_fs_s(space):
    check, run = space.check, space.run
    integer, lock = space.place('integers'), space.place('locks')
    space.fresh()
    run('add')
    run('acquire')
    check('an Integer is a decimal number at its place', read(integer) == '1')
    check('its key lies beside it', read(integer + '.key') == 'k')
    check('a Lock is a file at its place', 'key k\n' in read(lock))
    check('nothing lies in the root itself', all(os.path.isdir(f'{space.root}/{n}') for n in os.listdir(space.root)))
    for text, value in (('', '0'), ('7\n\n', '7'), (' 12', '12'), ('-3', '-3')):
        write(integer, text)
        check(f'the text {text!r} is a number', space.state()[1] == value, space.state())
    write(integer, '100')
    run('set')
    check('a shorter number is padded, the file never shortened', read(integer) == '5\n\n')
    for text in ('x', '1.5', '99999999999999999999', '1 2', '-', '5' * 100):
        write(integer, text)
        told = run('add')
        check(f'the text {text!r} is an error', told.startswith('-11 ') and integer in told, told)
        check(f'the text {text!r} is left as it is', read(integer) == text)
    os.unlink(integer)
    write(integer + '.key', 'another')
    check('a key that was left over is replaced', run('add') == '0' and read(integer + '.key') == 'k')
    write(integer + '.key', 'another')
    check('another key with the same digest is an error', 'another key' in run('add'), run('add'))
    write(lock, '')
    check("a Lock that php-sync-fs's PHP code left is an error that says so", 'php-sync-fs' in run('acquire'))


def fence_of_next(space, **how):
    """The fence of a Lock that a process takes now, or what it said instead."""
    space.run('release')
    told = space.run('acquire', **how)
    return int(read(space.place('locks')).split()[1]) if told == '0' else told


def fences(space):
    """They grow in one boot, and from boot to boot, whatever the clock of the next one shows."""
    check = space.check
    space.fresh()
    start = time.time_ns() // 1000
    first = fence_of_next(space)
    check('fences begin at the microseconds since 1970', start <= first <= time.time_ns() // 1000, (start, first))
    path = space.root + '/.phpsync/fence'
    check('and go on', first < fence_of_next(space))
    ceiling, offset, boot = read(path).split()
    check('they are below their ceiling', first <= int(ceiling) and len(boot) == 16, (first, ceiling, boot))
    for what, text, least in (
            ('another boot, whose clock was further on', f'{int(ceiling) + 10**9:019} {int(offset) + 10**9:019} {"a" * 16}\n',
             int(ceiling) + 10**9),
            ('another boot, a moment after its last fence', f'{ceiling} {int(ceiling) - 10**6:019} {"a" * 16}\n',
             int(ceiling)),
            ('a number alone', str(int(ceiling) + 10**10), int(ceiling) + 10**10),
            ('a number with newlines', str(int(ceiling) + 2 * 10**10) + '\n' * 40, int(ceiling) + 2 * 10**10),
            ('nothing', '', start)):
        write(path, text)
        one, other = fence_of_next(space), fence_of_next(space)
        check(f'after {what} fences are larger still', least < one < other, (least, one, other))
        check(f'after {what} this boot has an offset', read(path).split()[2:] == [boot], read(path))
    for text in ('x', f'{ceiling} {offset} {boot}x\n', f'{ceiling} {offset}', f'{9 * 10**18} {offset} {boot}\n', str(2**63 - 1)):
        write(path, text)
        told = fence_of_next(space)
        check(f'the text {text!r} is an error', str(told).startswith('-11 ') and path in told, told)
        check(f'the text {text!r} is left as it is', read(path) == text)
    os.unlink(path)
    check('removed, it is made anew', start < fence_of_next(space))
    fences_of_two_boot_ids(space, path)
    why = trace.missing()
    if why:
        space.skip('a process that cannot tell the boot', why)
        return
    before = read(path).split()
    blind = ('-o', '/dev/null', '-P', '/proc/sys/kernel/random/boot_id', '-e', 'inject=openat:error=ENOENT')
    fence = fence_of_next(space, strace=blind)
    check('a process that cannot tell the boot goes on where others do', fence > int(before[0]), (fence, before))
    check('and leaves the offset', read(path).split()[1] == before[1], read(path))
    check('others go on', fence < fence_of_next(space))


def fences_of_two_boot_ids(space, path):
    """Containers of one host may each be told a boot id of their own: what one wrote is right for the other."""
    check = space.check
    space.run('release')
    process = subprocess.Popen(space.command('stay'), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    check('a process of one boot id', process.stdout.readline().strip() == '0')
    offset = read(path).split()[1]
    ceiling = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000 + int(offset) + 95000
    write(path, f'{ceiling:019} {offset} {"a" * 16}\n')
    other = fence_of_next(space)
    space.run('release')
    check('one of another takes that offset', read(path).split()[1] == offset, (offset, read(path)))
    process.stdin.write('\n')
    process.stdin.flush()
    check('the first goes on', process.stdout.readline().strip() == '0')
    own = int(read(space.place('locks')).split()[1])
    check('with a larger fence', other < own, (other, own))
    process.communicate('\n')


def who_lives_on_in_a_new_folder(space):
    for options in ('', '?mode=0666'):
        for how in ('moved', 'removed', 'emptied', 'replaced', 'linked', 'robbed'):
            space.fresh()
            process = subprocess.Popen(space.command('stay', options=options), stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
            process.stdout.readline()
            time.sleep(0.1)     # a folder moved away is looked for twenty times a second, so not more often
            if how in ('moved', 'replaced', 'linked'):
                os.rename(space.root, space.root + '.moved')
            if how == 'robbed':
                os.rename(space.root + '/.phpsync', space.root + '.moved')
            if how == 'linked':
                os.mkdir(space.root + '.target', 0o777)
                os.symlink(space.root + '.target', space.root)
            if how in ('replaced', 'linked'):
                space.run('set', options=options)
            elif how == 'removed':
                shutil.rmtree(space.root)
            elif how == 'emptied':
                shutil.rmtree(space.root + '/locks')
                shutil.rmtree(space.root + '/integers')
            expected = {'replaced': '6', 'linked': '6', 'robbed': '3'}.get(how, '1')
            process.stdin.write('go\n')
            process.stdin.flush()
            told = process.stdout.readline().strip()
            space.check(f'{options} a process goes on when the root was {how}', told == '0', told)
            told = space.state(options=options)
            space.check(f'{options} others see that it lives when the root was {how}', told == ('alive', expected), told)
            process.communicate('go\n', timeout=120)
            told = space.state(options=options)
            space.check(f'{options} and that it released', told == ('absent', expected), told)
            if how == 'linked':
                os.unlink(space.root)
            for end in ('.moved', '.target'):
                shutil.rmtree(space.root + end, ignore_errors=True)


def begin(space, action, options=''):
    process = subprocess.Popen(space.command(action, options=options), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().strip()


def who_is_busy_while_its_folder_is_replaced(space):
    for action, options in (('move', ''), ('vanish', ''), ('vanish', '?mode=0644')):
        space.fresh()
        process, told = begin(space, action, options)
        space.check(f'{action}: a process goes on when its folder was replaced in the midst of its work', told == '0', told)
        told = space.state(options=options)
        space.check(f'{action}: others see that it lives', told[0] == 'alive', told)
        process.kill()
        process.communicate()
        told = space.state(options=options)
        space.check(f'{action}: its Hold ends with it', told[0] == 'absent', told)
        shutil.rmtree(space.root + '.moved', ignore_errors=True)


def who_had_its_files_closed(space):
    space.fresh()
    process, told = begin(space, 'close')
    space.check('a process goes on when all its files were closed', told == '0', told)
    told = space.state()
    space.check('others see that it lives on without them', told == ('alive', '2'), told)
    process.communicate('go\n', timeout=120)
    space.check('it left alone what it had opened in their places', process.returncode == 0, process.returncode)


def a_folder_that_is_not_used_costs_one_descriptor(space):
    space.fresh()
    told = space.run('roots')
    space.check('of each folder that it has used a process keeps one file open', told.isdigit() and int(told) < 20, told)


def a_backup_by_links(space):
    space.fresh()
    process, _ = begin(space, 'stay')
    process.stdin.write('go\n')
    process.stdin.flush()
    process.stdout.readline()
    backup = space.base + '/backup'
    os.link(space.place('locks'), backup)
    size = os.stat(backup).st_size
    told = space.run('release'), space.run('acquire')
    space.check('who frees a Lock that has a backup leaves a mark', os.stat(backup).st_size == size + 1)
    space.check('a Hold is freed by another, who takes the Lock', told == ('0', '0'), told)
    told = process.communicate('go\n', timeout=120)[0].strip()
    space.check('its holder is told that it was no longer its own', told == '1', told)
    space.check("and left the other's Lock alone", space.state()[0] == 'ended', space.state())
    os.unlink(backup)


def planted_links(space):
    check, run = space.check, space.run
    elsewhere = space.base + '/elsewhere'
    os.mkdir(elsewhere)
    for options in ('', '?mode=0666'):
        for name in ('locks', 'integers', '.phpsync'):
            space.fresh()
            os.mkdir(space.root, 0o700)
            os.symlink(elsewhere, f'{space.root}/{name}')
            told = run('prove', options=options)
            check(f'{options} a link in the place of {name} is refused', 'symbolic link' in told, told)
            check(f'{options} nothing came through the link', os.listdir(elsewhere) == [], os.listdir(elsewhere))
        for category, action in (('integers', 'add'), ('locks', 'release')):
            space.fresh()
            run('add', options=options)
            run('acquire', options=options)
            target = elsewhere + '/target'
            os.rename(space.place(category), target)
            content = read(target)
            os.symlink(target, space.place(category))
            told = run(action, options=options)
            check(f'{options} a link in the place of a file in {category} is refused', 'symbolic link' in told, told)
            check(f'{options} its target is left alone', read(target) == content)
            os.unlink(target)
    space.fresh()
    run('add', options='?mode=0666')
    shutil.move(f'{space.root}/integers/8c', elsewhere + '/8c')
    os.symlink(elsewhere + '/8c', f'{space.root}/integers/8c')
    told = run('add', options='?mode=0666')
    check('a link deep in a shared folder is refused', told.startswith('-') and 'link' in told, told)
    os.unlink(f'{space.root}/integers/8c')
    shutil.move(elsewhere + '/8c', f'{space.root}/integers/8c')
    for options, mode, followed in (('', 0o700, True), ('?mode=0644', 0o755, True), ('', 0o770, False)):
        space.fresh()
        run('add', options=options)
        os.chmod(space.root, mode)
        shutil.move(f'{space.root}/integers/8c', elsewhere + '/8c')
        os.symlink(elsewhere + '/8c', f'{space.root}/integers/8c')
        told = run('add', options=options)
        check(f'{options} a link deep in a folder of mode {mode:o}, followed: {followed}', (told == '0') == followed, told)
        shutil.rmtree(elsewhere + '/8c')
    shutil.rmtree(elsewhere)


def test(space):
    the_places_are_php_sync_fs_s(space)
    fences(space)
    who_lives_on_in_a_new_folder(space)
    who_is_busy_while_its_folder_is_replaced(space)
    who_had_its_files_closed(space)
    a_folder_that_is_not_used_costs_one_descriptor(space)
    a_backup_by_links(space)
    planted_links(space)
