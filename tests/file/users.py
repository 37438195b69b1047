# SPDX-License-Identifier: BSD-3-Clause
"""Several users: mode, group, set-gid folders, whatever the umask; what belongs to somebody else is refused, with the
reason. Needs root, to be others.
"""
import os
import shutil
import stat
import subprocess

from space import GROUP, ONE, OTHER


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def tree(folder):
    """All folders, and all files, the root included."""
    folders, files = [], []
    for at, _, names in os.walk(folder):
        folders.append(at)
        files += [f'{at}/{name}' for name in names]
    return folders, files


def a_private_space(space, folder):
    for umask in ('000', '077', '027'):
        shutil.rmtree(folder, ignore_errors=True)
        told = space.run('prove', user=ONE, umask=umask, folder=folder)
        space.check(f'umask {umask}: a private space works', told == 'works', told)
        folders, files = tree(folder)
        space.check(f'umask {umask}: nobody else gets in', all(mode_of(p) & 0o077 == 0 for p in folders + files))
        told = space.run('prove', user=OTHER, folder=folder)
        space.check(f"umask {umask}: another user's folder is refused, with the reason",
                    f'user {ONE}' in told or 'permission' in told, told)


def a_shared_space(space, folder, options, groups, modes):
    check = space.check
    for umask in ('077', '022'):
        one = {'options': options, 'user': ONE, 'groups': groups, 'umask': umask, 'folder': folder}
        other = {**one, 'user': OTHER}
        shutil.rmtree(folder, ignore_errors=True)
        for who in (one, other, one):
            told = space.run('prove', **who)
            check(f'{options} umask {umask}: user {who["user"]} works', told == 'works', told)
        space.run('acquire', **one)
        told = space.state(**other)
        check(f'{options}: the other sees the Lock and that its process ended', told[0] == 'ended', told)
        waiter = space.start('wait', **one)
        told = space.run('release', **other)
        check(f'{options}: the other frees it', told == '0', told)
        space.woken(f'{options}: and that wakes who waits', waiter)
        folders, files = tree(folder)
        wrong = [p for p in folders if mode_of(p) != modes[0]] + [p for p in files if mode_of(p) != modes[1]]
        check(f'{options} umask {umask}: folders and files have their modes', not wrong, wrong)
        wrong = [p for p in folders + files if groups and os.stat(p).st_gid != GROUP]
        check(f"{options} umask {umask}: they are the group's", not wrong, wrong)
    shutil.rmtree(folder)
    makers = [subprocess.Popen(space.command('add', **{**one, 'user': user}), stdout=subprocess.PIPE, text=True)
              for user in (ONE, OTHER) * 8]
    told = [maker.communicate()[0].strip() for maker in makers]
    check(f'{options}: two users make the folders at once', told == ['0'] * 16, told)
    told = space.state(**one)
    check(f'{options}: and no increment is lost', told[1] == '16', told)


def make(folder, user, mode):
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    os.chown(folder, user, user)
    os.chmod(folder, mode)


def what_is_refused(space, folder):
    check = space.check
    make(folder, ONE, 0o777)
    told = space.run('add', user=ONE, folder=folder)
    check('a folder that everybody may write to is refused', 'is not used' in told and 'every user' in told, told)
    make(folder, ONE, 0o755)
    told = space.run('add', user=ONE, groups=(GROUP,), options=f'?group={GROUP}', folder=folder)
    check('a folder of another group is refused', f'group {ONE}' in told, told)
    told = space.run('add', user=OTHER, folder=folder)
    check("somebody else's folder is refused", f'user {ONE}' in told, told)
    told = space.run('add', user=ONE, options=f'?group={GROUP}', folder=space.base + '/own/new')
    check('a group that one is not in is refused', f'group {GROUP}' in told, told)
    for name in ('locks', '.phpsync'):
        make(folder, ONE, 0o755)
        make(f'{folder}/{name}', OTHER, 0o755)
        told = space.run('prove', user=ONE, folder=folder)
        check(f"somebody else's {name} inside is refused", f'user {OTHER}' in told, told)
    shutil.rmtree(folder)
    target = space.base + '/target'
    make(target, ONE, 0o755)
    os.symlink(target, folder)
    os.lchown(folder, OTHER, OTHER)
    told = space.run('add', user=ONE, folder=folder)
    check("somebody else's link to one's own folder is refused", 'symbolic link' in told, told)
    os.lchown(folder, ONE, ONE)
    told = space.run('add', user=ONE, folder=folder)
    check("one's own link to it is followed", told == '0', told)
    os.unlink(folder)


def test(space):
    why = space.why_no_others()
    if why:
        space.skip('several users', why)
        return
    own = space.base + '/own'
    os.mkdir(own)
    os.chmod(own, 0o777)
    a_private_space(space, own + '/space')
    a_shared_space(space, own + '/space', '?mode=0666', (), (0o777, 0o666))
    a_shared_space(space, own + '/space', f'?group={GROUP}', (GROUP,), (0o2770, 0o660))
    what_is_refused(space, own + '/space')
    shutil.rmtree(own)
