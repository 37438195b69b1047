# SPDX-License-Identifier: BSD-3-Clause
"""Histories of calls that fail, or whose outcome is unknown, since what they say is cut, kept back and lost: each has
an order in which all of it could have been done one call after the other (tests/linearizability)."""
import os
import re
import subprocess

from harness import TIME_LIMIT, Proxy, need, scratch
from lost import CUTS, LONG

SECONDS = 300 if LONG else 6
LIVENESS = 2        # seconds for which a Hold outlives its process; with what may be on its way, on any machine:
BOUND = 10


def histories(run, engine, kinds, timeout):
    """Most connections live for some calls, so that histories have a part in which all is well."""
    with engine.start() as server, scratch() as folder:
        proxy = Proxy(run, engine.front(server, folder), engine.socket(server), f'seed={run.seed}', 'pause=60',
                      'dark=1000', 'chunks=60', 'odds=70', *kinds)
        done = subprocess.run(
            [f'{run.build}/tests/linearizability/linearizability', '--outages', '--liveness', str(BOUND),
             '--seconds', str(SECONDS), '--seed', str(run.seed), *(('--draw', 'out/test') if os.path.isdir('out/test') else ()),
             engine.through(server, folder, timeout=timeout, liveness=LIVENESS)],
            check=False, capture_output=True, text=True, timeout=SECONDS + TIME_LIMIT)
        counts = proxy.end()
    cut = sum(counts[kind] for kind in CUTS) + counts['darkened']
    said = re.search('seeds from.*', done.stdout)
    print(f'        {said[0] if said else ""}; {cut} connections were cut, {counts["blackout"]} blackouts', flush=True)
    need(done.returncode == 0, done.stdout + done.stderr)
    need(cut > 0, 'no connection was cut')


def test(run, engine):
    run.check(f'{engine.kind}: histories with cuts have an order', histories, run, engine, (*CUTS, 'delay'), 60)
    run.check(f'{engine.kind}: histories with cuts and blackouts have an order', histories, run, engine,
              (*CUTS, 'delay', 'blackout'), 0.5)
