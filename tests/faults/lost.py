# SPDX-License-Identifier: BSD-3-Clause
"""Connections that are cut at any point, requests that take effect late, replies that never come (proxy.c, faults.c)."""
import os
import re
import subprocess

from harness import TIME_LIMIT, Proxy, need, scratch

CUTS = ('before', 'middle', 'after', 'reply', 'withhold', 'late')
HARMLESS = ('before', 'middle', 'delay')        # the naive client survives these
LOSSES = tuple(kind for kind in CUTS if kind != 'before') + ('blackout',)
LONG = bool(os.environ.get('long'))


def fault(run, engine, kinds, *words, client=(), **options):
    """Runs faults.c through a proxy with these faults; what each printed: text, numbers, counts of the proxy."""
    with engine.start() as server, scratch() as folder:
        if 'naive' in client:
            direct, dsn = engine.socket(server), engine.front(server, folder)
        else:
            direct, dsn = engine.dsn(server), engine.through(server, folder, **options)
        proxy = Proxy(run, engine.front(server, folder), engine.socket(server), *words, *kinds)
        done = subprocess.run([run.program('faults'), dsn, direct, *client], check=False, capture_output=True,
                              text=True, timeout=12 * TIME_LIMIT if LONG else TIME_LIMIT)
        counts = proxy.end()
    text = done.stdout + done.stderr
    counts['cut'] = sum(counts[kind] for kind in CUTS)
    print(f'        {" ".join(client)}: {done.stdout.strip()}; of {counts["connections"]} connections '
          f'{counts["cut"]} were cut, '
          f'{counts["repeat"]} said again, {counts["delay"]} delays, {counts["blackout"]} blackouts', flush=True)
    numbers = {name: float(number) for name, number in re.findall(r'(\w+)=([\d.]+)', done.stdout)}
    return done.returncode, text, numbers, counts


def the_judge_objects(run, engine, kinds):
    status, text, _, _ = fault(run, engine, kinds, 'seed=7', client=('naive', 'operations=400', 'rounds=0'))
    need(status != 0 and 'BROKEN' in text, f'nothing was found wrong: {text}')


def the_judge_is_content(run, engine):
    status, text, _, _ = fault(run, engine, HARMLESS, 'seed=7', client=('naive', 'operations=400', 'rounds=0'))
    need(status == 0, text)


def calm(run, engine, seed):
    """The engine is always there: each call gets its outcome, and the right one."""
    operations, cuts = (30000, 2500) if LONG else (250, 60)
    # A request that was answered cannot come again; some engines even then refuse it.
    again = ('repeat',) if engine.kind == 'redis' else ()
    status, text, numbers, counts = fault(
        run, engine, (*CUTS, *again, 'delay'), f'seed={seed}', 'pause=60', timeout=120, liveness=120,
        client=(f'seed={seed}', f'operations={operations}', f'rounds={operations // 20}'))
    need(status == 0, text)
    need(numbers['unknown'] == 0 and numbers['unreachable'] == 0, 'a call ended without an outcome')
    need(counts['cut'] >= cuts, f'only {counts["cut"]} connections were cut')


def dark(run, engine, seed):
    """Now and then nobody gets through for longer than the time-out: calls fail, and say rightly whether they know."""
    operations = 10000 if LONG else 200
    status, text, numbers, counts = fault(
        run, engine, (*CUTS, 'blackout'), f'seed={seed}', 'pause=60', 'dark=1200', 'odds=70', timeout=0.5, liveness=120,
        client=('dark', f'seed={seed}', f'operations={operations}', f'rounds={operations // 20}'))
    need(status == 0, text)
    need(counts['blackout'] > 0, 'there was no blackout')
    # Each process may have had a request on its way when the lights went out.
    lost = sum(counts[kind] for kind in LOSSES) + 12 * counts['blackout']
    need(numbers['unknown'] <= lost, f"{numbers['unknown']} unknown outcomes, and {lost} were lost")


def test(run, engine):
    if engine.kind == 'redis':
        for kind in ('after', 'reply', 'late', 'repeat'):
            run.check(f'a client that just tries again is found out ({kind})', the_judge_objects, run, engine, (kind,))
        run.check('where nothing is lost, that client does well', the_judge_is_content, run, engine)
    for seed in range(1, 5 if LONG else 2):
        run.check(f'{engine.kind}: whatever is cut, all is done once, and who waits is woken (seed {seed})', calm, run,
                  engine, seed)
        run.check(f'{engine.kind}: only what is lost is unknown (seed {seed})', dark, run, engine, seed)
