# SPDX-License-Identifier: BSD-3-Clause
"""Connections that are cut at any point, requests that take effect late, replies that never come (proxy.c, faults.c)."""
import os
import re
import subprocess
import time
from collections import Counter

from harness import TIME_LIMIT, Proxy, need, scratch

CUTS = ('before', 'middle', 'after', 'reply', 'withhold', 'late', 'idle')
HARMLESS = ('before', 'middle', 'delay')        # the naive client survives these
LONG = bool(os.environ.get('long'))


def fault(run, engine, kinds, *words, client=(), **options):
    """Runs faults.c through a proxy with these faults; what each printed: text, numbers, counts of the proxy."""
    with engine.start() as server, scratch() as folder:
        if 'naive' in client:
            direct, dsn = engine.socket(server), engine.front(server, folder)
        else:
            direct, dsn = engine.dsn(server), engine.through(server, folder, **options)
            client = (*client, f"patience={int(options['timeout'] * 1000)}", f'ledger={folder}/ledger')
            words = (*words, f'ledger={folder}/ledger')
        proxy = Proxy(run, engine.front(server, folder), engine.socket(server), *words, *kinds)
        began = time.monotonic()
        done = subprocess.run([run.program('faults'), dsn, direct, *client], check=False, capture_output=True,
                              text=True, timeout=12 * TIME_LIMIT if LONG else TIME_LIMIT)
        took = time.monotonic() - began
        counts = proxy.end()
    text = done.stdout + done.stderr
    counts['cut'] = sum(counts[kind] for kind in CUTS) + counts['darkened']
    shown = ' '.join(word for word in client if 'ledger' not in word)
    print(f'        {shown}: {done.stdout.strip()}; of {counts["connections"]} connections {counts["cut"]} were cut, '
          f'{counts["repeat"]} said again, {counts["delay"]} delays, {counts["blackout"]} blackouts, {took:.0f} s', flush=True)
    numbers = {name: float(number) for name, number in re.findall(r'(\w+)=([\d.]+)', done.stdout)}
    return done.returncode, text, numbers, counts


def the_judge_objects(run, engine, kinds):
    status, text, _, _ = fault(run, engine, kinds, 'seed=7', client=('naive', 'operations=400', 'rounds=0'))
    need(status != 0 and 'BROKEN' in text, f'nothing was found wrong: {text}')


def the_judge_is_content(run, engine):
    status, text, _, _ = fault(run, engine, HARMLESS, 'seed=7', client=('naive', 'operations=400', 'rounds=0'))
    need(status == 0, text)


def calm(run, engine, seed, operations):
    """The engine is always there: each call gets its outcome, and the right one."""
    # A request that was answered cannot come again; some engines even then refuse it.
    again = ('repeat',) if engine.family == 'redis' else ()
    status, text, numbers, counts = fault(
        run, engine, (*CUTS, *again, 'delay'), f'seed={seed}', 'pause=60', timeout=120, liveness=120,
        client=(f'seed={seed}', f'operations={operations}', f'rounds={operations // 20}', 'kills=150'))
    need(status == 0, text)
    # Those that were killed are known by nobody; nobody else asks in vain.
    need(numbers['unreachable'] == 0 and numbers['unknown'] <= numbers['killed'], 'a call ended without an outcome')
    return counts


def dark(run, engine, seed, operations):
    """Now and then nobody gets through for longer than the time-out: calls fail, and say rightly whether they know."""
    status, text, _, counts = fault(
        run, engine, (*CUTS, 'blackout'), f'seed={seed}', 'pause=60', 'dark=1200', 'odds=70', timeout=0.5, liveness=120,
        client=('dark', f'seed={seed}', f'operations={operations}', f'rounds={operations // 20}', 'kills=300'))
    need(status == 0, text)
    return counts


def listening(run, engine, seed, rounds):
    """Whoever only listens is cut as well, again and again while he sleeps, and hears what happened meanwhile."""
    status, text, numbers, counts = fault(
        run, engine, ('idle',), f'seed={seed}', 'pause=150', timeout=120, liveness=120,
        client=(f'seed={seed}', 'workers=1', 'operations=1', f'rounds={rounds}'))
    need(status == 0, text)
    need(numbers['passed'] == 4 * rounds, 'not all have passed')
    return counts


def until_enough(run, engine, play, operations, kind, enough):
    """Plays with one seed after the other, until a fault of that kind has struck so often."""
    sums, seed = Counter(), run.seed
    while sums[kind] < enough:
        sums.update(play(run, engine, seed, operations))
        seed += 1
    print(f'        {engine.kind}, seeds {run.seed} to {seed - 1}: {sums["cut"]} connections were cut', flush=True)


def test(run, engine):
    if engine.family == 'redis':
        for kind in ('after', 'reply', 'late', 'repeat'):
            run.check(f'a client that just tries again is found out ({kind})', the_judge_objects, run, engine, (kind,))
        run.check('where nothing is lost, that client does well', the_judge_is_content, run, engine)
    run.check(f'{engine.kind}: whatever is cut, all is done once, and who waits is woken', until_enough, run, engine,
              calm, *((5000, 'cut', 10000) if LONG else (120, 'cut', 150)))
    run.check(f'{engine.kind}: whoever listens is cut, and is woken', until_enough, run, engine,
              listening, *((1000, 'cut', 2000) if LONG else (40, 'cut', 50)))
    run.check(f'{engine.kind}: only what is lost is unknown', until_enough, run, engine,
              dark, *((1000, 'blackout', 200) if LONG else (120, 'blackout', 2)))
