# SPDX-License-Identifier: BSD-3-Clause
"""A network file system: strace tells the program that its folder lies on NFS."""
import os
import re
import shutil
import subprocess

import trace
from folders import fence_of_next, read

NFS = ('-e', 'trace=statfs,flock', '-e', 'inject=statfs:poke_exit=@arg2=6969000000000000')   # f_type, the first member


def missing():
    """Why nothing can be told so here, or None."""
    why = trace.missing()
    if why:
        return why
    tried = subprocess.run(['strace', '-qq', '-o', '/dev/null', *NFS, 'true'], stderr=subprocess.DEVNULL, check=False)
    return 'strace cannot change what a call returns' if tried.returncode else None


def test(space):
    why = missing()
    if why:
        space.skip('a network file system', why)
        return
    check = space.check
    told = space.base + '/told'
    nfs = ('-o', told, *NFS)
    path = space.root + '/.phpsync/fence'
    space.fresh()
    check('all works', space.run('prove', strace=nfs) == 'works')
    check('it is taken for NFS', 'NFS_SUPER_MAGIC' in read(told), read(told))
    check('the last fence is a number', re.fullmatch(r'\d{16}\s*', read(path)), read(path))
    fences = [fence_of_next(space, strace=how) for how in (nfs, nfs, (), (), nfs, ())]
    check('fences grow when the folder moves to a disk, and back',
          str not in map(type, fences) and fences == sorted(set(fences)), fences)
    looks = []
    for how in (NFS, ('-e', 'trace=flock')):
        check('a look works', space.run('look', strace=('-o', told, *how)) == '0')
        looks.append(read(told).count('LOCK_SH'))
    check("a look takes the Lock's flock there, and not on a disk", looks[0] == looks[1] + 1, looks)
    os.unlink(told)
    shutil.rmtree(space.root)
