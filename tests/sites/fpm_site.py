# SPDX-License-Identifier: BSD-3-Clause
"""Under FPM: processes keep a connection for each space from request to request, whatever becomes of the requests, and
a page pauses workers that another one sends on.
"""
import os
import re
import signal
import subprocess
import time

import servers
from fastcgi import Request
from harness import TIME_LIMIT, Engine, Skip, need
from keeper import descendants
from scripts import HERE, Script, until

ENGINES = ('redis', 'postgresql')
CHILDREN = 3
PAGE = f'{HERE}/page.php'
WHY = {'hold and end badly': 'undefined function', 'increment for ever': 'Maximum execution time'}


class Site:
    """A server, and FPM whose pages use it."""

    def __init__(self, run, kind, *options):
        lasting = ('appendonly=yes', 'appendfsync=always') if kind == 'redis' else ('synchronous_commit=on',)
        self.engine = Engine(kind)
        self.server = self.engine.start(*lasting)
        self.dsn = self.engine.dsn(self.server, timeout=600)
        try:
            self.fpm = self.pool(run, *options)
        except servers.Trouble as trouble:
            self.server.end()
            raise Skip(str(trouble)) from None

    def pool(self, run, *options):
        return servers.start('fpm', [f'extension={run.build}/ext/phpsync.so', f'pm.max_children={CHILDREN}',
                                     f'env:PHPSYNC_DSN={self.dsn}&space={{space}}', *options])

    def ask(self, do, fpm=None, **query):
        return Request((fpm or self.fpm).facts['socket'], PAGE, do=do, **query)

    def burst(self, count, **query):
        """Increments by all processes; which they were."""
        requests = []
        pids = set()
        for _ in range(count):
            requests.append(self.ask('increment', **query))
            if len(requests) == 2 * CHILDREN:
                pids |= self.ended(requests)
                requests = []
        return pids | self.ended(requests)

    @staticmethod
    def ended(requests):
        answers = [(request.result(), request.answer()['pid']) for request in requests]
        return {pid for _, pid in answers}

    def by_all(self, **query):
        """Increments until each process has made some."""
        pids, end = set(), time.monotonic() + TIME_LIMIT
        while len(pids) < CHILDREN:
            pids |= self.burst(2 * CHILDREN, **query)
            need(time.monotonic() < end, f'requests go to {len(pids)} processes only')
        return pids

    def connections(self):
        """What the server knows of connections of ours, a name each."""
        if self.engine.kind == 'redis':
            command = ['redis-cli', '-s', self.server.facts['socket'], 'CLIENT', 'LIST']
        else:
            command = [f"{self.server.facts['bin']}/psql", '-XAtq', self.server.facts['dsn'], '-c',
                       "SELECT pid FROM pg_stat_activity WHERE application_name = 'phpsync'"]
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIME_LIMIT).stdout
        if self.engine.kind == 'redis':
            return set(re.findall(r'^id=(\d+) .* name=phpsync ', said, re.MULTILINE))
        return set(said.split())

    def until_connections(self, happened, what):
        end = time.monotonic() + TIME_LIMIT
        while not happened(self.connections()):
            need(time.monotonic() < end, f'{what}: there are {len(self.connections())} connections')
            time.sleep(0.02)

    def value(self, run, key='key', space='default'):
        with Script(run, f'{self.dsn}&space={space}') as script:
            return script.does('integer', key, 'refresh')

    def close(self):
        self.fpm.end()
        self.server.end()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def keeps_connections(run, site):
    pids = site.by_all()
    kept = site.connections()
    need(len(kept) == CHILDREN, f'{len(kept)} connections of {CHILDREN} processes')
    before = site.value(run)
    need(site.burst(120) <= pids, 'a process ended')
    need(site.value(run) == before + 120, f'{site.value(run)} increments, not {before + 120}')
    site.by_all(space='other')
    # The server may not yet have parted with who asked for the value.
    site.until_connections(lambda now: kept < now and len(now) == 2 * CHILDREN, 'a connection for each space')


def pauses_workers(run, site):
    with Script(run, f'{site.dsn}&space=default') as worker:
        need(site.ask('lock', key='pause').result() is None, 'lock')
        pages = [site.ask('wait', key='pause') for _ in range(CHILDREN - 1)]
        worker.begin('lock', 'pause', 'wait').asleep()
        need(site.ask('exists', key='pause').result() is True, 'the Lock is gone with its request')
        need(all(page.is_alive() for page in pages) and not worker.has_answered(), 'a wait ended though it is locked')
        need(site.ask('unlock', key='pause').result() is True, 'unlock')
        worker.ended_well()
        for page in pages:
            page.result()


def outlives_requests(run, site):
    """That end badly, at any instruction of a call too."""
    pids = site.by_all()
    for do in WHY:
        dying = [site.ask(do, key='mortal') for _ in range(3 if do == 'hold and end badly' else 1)]
        need(all(request.answer() is None for request in dying), f'"{do}" ended well')
        need(all(WHY[do] in request.body for request in dying), f'"{do}" ended otherwise: {dying[-1].body}')
        with Script(run, f'{site.dsn}&space=default') as script:
            need(script.does('lock', 'mortal-hold', 'exists') is False, f'"{do}" left its Hold')
    need(site.by_all() == pids, 'a process ended with its request')
    before = site.value(run)
    site.burst(60)
    need(site.value(run) == before + 60, 'increments are lost')


def counted_once(script, key, pages):
    """Of processes that were killed: each result is somebody's, but the last of each process may be nobody's."""
    results = [int(line) for page in pages for line in page.lines()]
    value = script.does('integer', key, 'refresh') if results else 0
    need(len(set(results)) == len(results), 'a result was given out twice')
    need(all(1 <= result <= value for result in results), f'results beyond {value}')
    need(len(results) <= value <= len(results) + len(pages), f'{len(results)} results of {len(pages)} pages made {value}')


def ended_in_time(site, strict, script):
    """Three requests of a pool that ends what takes a second: one that waits, one that locks, one that counts. On a
    busy machine the first may be ended before it has its Lock; whether it has.
    """
    key = f'counted-{time.monotonic_ns()}'
    waiting, locking, counting = (site.ask(do, strict, key=key) for do, key in (
        ('lock, hold and wait', 'shut'), ('lock', 'shut'), ('count', key)))
    need(waiting.answer() is None and locking.answer() is None, 'it was not ended')
    counted_once(script, key, [counting])
    return script.does('lock', 'shut-lock', 'exists')


def outlives_time_limits(run, site):
    """FPM ends a process whose request takes too long, whatever it does. What is to outlive it does, what is not goes,
    and who comes after it works.
    """
    pids = site.by_all()
    kept = site.connections()
    with site.pool(run, 'request_terminate_timeout=1s') as strict, Script(run, f'{site.dsn}&space=default') as script:
        script.does('lock', 'shut', 'lock')
        until(lambda: ended_in_time(site, strict, script), 'a page has its Lock within a second')
        until(lambda: script.does('lock', 'shut-lock', 'isGhost'), 'its owner is known to have ended')
        need(script.does('lock', 'shut-hold', 'waitFor', TIME_LIMIT) is True, 'its Hold stays')
        need(script.does('lock', 'shut-lock', 'unlock') is True, 'its Lock is gone')
        need(script.does('lock', 'shut', 'unlock') is True and script.does('lock', 'shut', 'tryLock') is True,
             'who was ended in lock() has it')
        until(lambda: site.ask('increment', strict).answer(), 'the pool makes pages')
    site.until_connections(lambda now: now <= kept, 'a killed process leaves its connections')
    need(site.by_all() == pids, 'other processes ended')


def outlives_kills(run, site):
    """Processes that are killed in the midst of increments, as a system does that is out of memory."""
    before = site.by_all()
    with Script(run, f'{site.dsn}&space=default') as script:
        pages = [site.ask('count', key='killed') for _ in range(CHILDREN)]
        until(lambda: (script.call('integer', 'killed', 'refresh')['result'] or 0) > 100, 'they count')
        for pid in descendants(site.fpm.pids()['fpm']):
            os.kill(pid, signal.SIGKILL)
        counted_once(script, 'killed', pages)
    need(not site.by_all() & before, 'a process was not killed')
    site.until_connections(lambda now: len(now) == CHILDREN, 'killed processes leave connections')


def rides_through(run, site):
    pids = site.by_all(key='kept')
    before = site.value(run, 'kept')
    for again in range(1, 4):
        site.server.restart()
        need(site.burst(4 * CHILDREN, key='kept') <= pids, 'a process ended')
        now = site.value(run, 'kept')
        need(now == before + again * 4 * CHILDREN, f'{now}, not {before + again * 4 * CHILDREN}')
    site.by_all(key='kept')
    site.until_connections(lambda now: len(now) <= 2 * CHILDREN, 'connections of the server before stay')


PROMISES = {'a process keeps one connection a space': keeps_connections,
            'a page pauses workers, and another one sends them on': pauses_workers,
            'requests that end badly leave connections that work': outlives_requests,
            'a process that FPM ends in a wait, a lock or an increment leaves its Lock and nothing else': outlives_time_limits,
            'processes that are killed count nothing twice, and leave nothing': outlives_kills,
            'a server that restarts between requests is ridden through': rides_through}


def test(run, kind):
    run.check(f'{kind}, FPM: there are pages, and a server for them', all_of_it, run, kind)


def all_of_it(run, kind):
    with Site(run, kind, 'ini:max_execution_time=1') as site:
        for what, body in PROMISES.items():
            run.check(f'{kind}, FPM: {what}', body, run, site)
