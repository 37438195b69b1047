# SPDX-License-Identifier: BSD-3-Clause
"""Children of a connected process: whatever they do, their parent's connections stay (heirs.c), TLS or not."""
import os
import subprocess

from harness import TIME_LIMIT, need

ROUNDS = 100 if os.environ.get('long') else 2


def heirs(run, engine, tls):
    """One address: then a connection is one socket from the beginning on."""
    with engine.start(*(('tls',) if tls else ())) as server:
        if tls and engine.family == 'redis':
            dsn = f"{server.facts['tls']}?cafile={server.facts['folder']}/ca.crt&servername=localhost&liveness=30&timeout=60"
            dsn = dsn.replace('//localhost:', '//127.0.0.1:')
        elif tls:
            dsn = f"{server.facts['tls']}&hostaddr=127.0.0.1&liveness=30&timeout=60"
        else:
            dsn = engine.dsn(server, liveness=30, timeout=60)
        done = subprocess.run([run.program('heirs'), dsn, str(ROUNDS)], check=False, capture_output=True, text=True,
                              timeout=TIME_LIMIT)
        need(done.returncode == 0, f'status {done.returncode}: {done.stdout} {done.stderr}')


def test(run, engine):
    for tls in (False, True):
        run.check(f"{engine.kind}: whatever children do, their parent's connections stay{' (TLS)' if tls else ''}",
                  heirs, run, engine, tls)
