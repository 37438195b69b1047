# SPDX-License-Identifier: BSD-3-Clause
"""Processes of one host whose clocks are apart: in a time namespace, as a container may have it."""
import subprocess

from space import TIME_LIMIT

AHEAD = ('unshare', '--time', '--boottime', '7200', '--fork')   # seconds: more than the leases of file.c


def in_container(space, *action):
    done = subprocess.run([*AHEAD, *space.command(*action)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=TIME_LIMIT, check=False)
    return done.stdout.strip()


def fence_after(space, told):
    space.check('a Lock is taken', told == '0', told)
    with open(space.place('locks')) as file:
        fence = int(file.read().split()[1])
    space.run('release')
    return fence


def test(space):
    if subprocess.run([*AHEAD, 'true'], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        space.skip('two time namespaces', 'they cannot be made here')
        return
    check = space.check
    space.fresh()
    fences = [fence_after(space, space.run('acquire')), fence_after(space, in_container(space, 'acquire')),
              fence_after(space, space.run('acquire'))]
    check('fences grow from one time namespace to the other', fences == sorted(set(fences)), fences)
    holder = subprocess.Popen(space.command('stay'), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    holder.stdout.readline()
    holder.stdin.write('\n')
    holder.stdin.flush()
    check('a Hold is taken', holder.stdout.readline().strip() == '0')
    told = in_container(space, 'acquire')
    check('its lease goes on where the clock is ahead', told == '1', told)
    told = space.state()
    check('and nobody has freed it', told == ('alive', '3'), told)
    told = holder.communicate('\n')[0].strip()
    check('but its holder', told == '0', told)
    told = in_container(space, 'renew')
    check('a Hold of such a process is renewed', told == '0', told)
