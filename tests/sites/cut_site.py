# SPDX-License-Identifier: BSD-3-Clause
"""The server in one network namespace, scripts in another, and the link between them cut: no packet comes through, and
neither side is told. Waits and calls outlast that below their time-out; above it they say so, and work again afterwards.
"""
import ctypes
import os
import subprocess

import servers
from engines import lasting
from harness import TIME_LIMIT, Engine, Skip, need
from scripts import Crowd, Script, until

ENGINES = ('redis', 'postgresql')
NEAR, FAR = '10.20.30.1', '10.20.30.2'
PATIENT = 600
SHORT = 2           # seconds
LATE = 60           # what is not said by then, beyond the time-out, is not said: a busy machine is slower than a clock
NEW_NETWORK = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


class Apart:
    """Two namespaces and a link. This process, and the servers that it starts, are in the near one; `inside` runs a
    command in the far one."""

    def __init__(self):
        self.home = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
        self.other = None

    def __enter__(self):
        if LIBC.unshare(NEW_NETWORK) != 0:
            os.close(self.home)
            raise Skip(f'no network namespaces here: {os.strerror(ctypes.get_errno())}')
        try:
            self.join()
        except (OSError, subprocess.SubprocessError) as error:
            self.__exit__()
            raise Skip(f'no link between network namespaces here: {error}') from None
        return self

    def join(self):
        self.other = subprocess.Popen(['unshare', '--net', 'sh', '-c', 'echo ready; exec cat'], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE)
        if self.other.stdout.readline() != b'ready\n':
            raise OSError('unshare failed')
        self.inside = ['nsenter', '--net', f'--target={self.other.pid}', '--']
        self.ip('link', 'set', 'lo', 'up')
        self.ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far', 'netns', str(self.other.pid))
        self.ip('address', 'add', f'{NEAR}/24', 'dev', 'near')
        self.ip('link', 'set', 'near', 'up')
        self.ip('address', 'add', f'{FAR}/24', 'dev', 'far', inside=self.inside)
        self.ip('link', 'set', 'far', 'up', inside=self.inside)
        with open('/proc/sys/net/ipv4/tcp_orphan_retries', 'w', encoding='ascii') as file:
            file.write('1')

    @staticmethod
    def ip(*words, inside=()):
        subprocess.run([*inside, 'ip', *words], check=True, capture_output=True, timeout=TIME_LIMIT)

    def cut(self):
        self.ip('link', 'set', 'near', 'down')

    def forget(self):
        """Until this host has given up what it wanted to tell the far one of connections that ended."""
        until(lambda: not any(line.split()[3] in ('04', '05', '0B') for line in self.sockets()), 'connections are forgotten')

    @staticmethod
    def sockets():
        with open('/proc/thread-self/net/tcp', encoding='ascii') as file:
            return file.readlines()[1:]

    def mend(self):
        self.ip('link', 'set', 'near', 'up')

    def __exit__(self, *_):
        if self.other:
            self.other.communicate()
        LIBC.setns(self.home, NEW_NETWORK)
        os.close(self.home)


def start(kind):
    """A server that can be reached from the far side, and its DSN there."""
    if kind == 'redis':
        server = lasting(Engine(kind), 'tcp', f'bind={NEAR}', 'protected-mode=no')
        return server, f"redis://{NEAR}:{server.facts['port']}?timeout="
    server = lasting(Engine(kind), 'tcp', "listen_addresses='*'", f'hba=host all all {NEAR}/24 trust')
    return server, f"postgresql://postgres@{NEAR}:{server.facts['port']}/postgres?sslmode=disable&timeout="


class Place:
    """All that a test has."""

    def __init__(self, run, kind, apart):
        self.run, self.apart = run, apart
        self.server, self.dsn = start(kind)
        self.near_dsn = Engine(kind).dsn(self.server, timeout=PATIENT)

    def far(self, timeout=PATIENT):
        return Script(self.run, f'{self.dsn}{timeout}', self.apart.inside)

    def near(self):
        return Script(self.run, self.near_dsn)

    def crowd(self, key):
        return Crowd(self.run, f'{self.dsn}{PATIENT}', key, 3, self.apart.inside)


def outlasts(place):
    with place.near() as near, place.far() as waiter, place.crowd('n') as crowd:
        near.does('lock', 'pause', 'lock')
        waiter.begin('lock', 'pause', 'wait').asleep()
        crowd.go_on()
        place.apart.cut()
        with place.far(SHORT) as other: # a call that is out of time has tried for longer than that
            other.fails('SyncOperationException', 'integer', 'other', 'increment')
        need(near.does('lock', 'pause', 'unlock') is True, 'unlock')
        need(not waiter.has_answered(), 'the wait ended though nothing could come through')
        place.apart.mend()
        waiter.ended_well()
        crowd.go_on()
        crowd.stop()
        need(not crowd.failures(), f'an increment failed: {crowd.failures()[-3:]}')
        value = near.does('integer', 'n', 'refresh')
        need(sorted(crowd.results()) == list(range(1, value + 1)), f'{len(crowd.results())} increments made {value}')


def says_so(place):
    """A call that was sent may have been done, the next one was not; a wait says so as well."""
    with place.far(SHORT) as script, place.near() as near:
        near.does('lock', 'shut', 'lock')
        script.does('integer', 'k', 'increment')
        place.apart.cut()
        for thrown, *call in (('OutcomeUnknownException', 'integer', 'k', 'increment'),
                              ('SyncOperationException', 'integer', 'k', 'increment'),
                              ('SyncOperationException', 'lock', 'shut', 'wait')):
            answer = script.fails(thrown, *call)
            need(SHORT / 2 < answer['seconds'] < SHORT + LATE, f'it took {answer["seconds"]} s')
        place.apart.mend()
        script.does('lock', 'l', 'lock')
        need(script.does('lock', 'l', 'unlock') is True, 'unlock')
        need(script.does('integer', 'k', 'increment') in (2, 3), 'increments')
        script.begin('lock', 'shut', 'wait').asleep()
        need(near.does('lock', 'shut', 'unlock') is True, 'unlock')
        script.ended_well()


def finds_it_gone(place):
    """The server was restarted meanwhile, and its host no longer knows the connections: what is sent on them is refused
    and repeated. Who only listens on one finds out by itself.
    """
    with place.far() as worker, place.far() as waiter, place.near() as near:
        near.does('lock', 'gone', 'lock')
        before = worker.does('integer', 'g', 'increment')
        waiter.begin('lock', 'gone', 'wait').asleep()
        place.apart.cut()
        place.server.restart()
        place.apart.forget()
        place.apart.mend()
        need(worker.does('integer', 'g', 'increment') == before + 1, 'increments')
        need(near.does('lock', 'gone', 'unlock') is True, 'the Lock is gone')
        waiter.ended_well()


def finds_out(place, options=''):
    """Who only listens on a connection to a host that is gone, which sends nothing any more: not that it ended, either."""
    def connected():
        said = subprocess.run([*place.apart.inside, 'ss', '-Htn', 'state', 'established'], check=True, capture_output=True,
                              text=True, timeout=TIME_LIMIT)
        return bool(said.stdout)

    with place.near() as near, place.far(f'{PATIENT}{options}') as waiter:
        near.does('lock', 'lone', 'lock')
        waiter.begin('lock', 'lone', 'wait').asleep()
        need(connected(), 'it has no connection')
        place.apart.cut()
        until(lambda: not connected(), 'it finds out')
        need(not waiter.has_answered(), 'the wait ended though nothing could come through')
        place.apart.mend()
        need(near.does('lock', 'lone', 'unlock') is True, 'unlock')
        waiter.ended_well()


def finds_out_when_told(place):
    finds_out(place, '&keepalives_idle=1&keepalives_interval=1&keepalives_count=2')


PROMISES = {'waits and calls outlast a cut': outlasts,
            'a cut that lasts too long is told in time, and calls work after it': says_so,
            'a server that was restarted behind a cut is found again': finds_it_gone}
POSTGRESQL = {'who only listens finds out that nobody is there, as soon as the DSN says': finds_out_when_told}
LONG = {'who only listens finds out that nobody is there': finds_out}     # in half a minute


def promises(kind):
    return {**PROMISES, **(POSTGRESQL if kind == 'postgresql' else {}), **(LONG if os.environ.get('long') else {})}


def skips(skip):
    raise skip


def test(run, kind):
    try:
        with Apart() as apart:
            place = Place(run, kind, apart)
            with place.server:
                for what, body in promises(kind).items():
                    run.check(f'{kind}: {what}', body, place)
    except Skip as skip:
        for what in promises(kind):
            run.check(f'{kind}: {what}', skips, skip)
