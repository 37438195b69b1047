# SPDX-License-Identifier: BSD-3-Clause
"""Three sentinels, a primary and its replica: workers and a waiter go on over a failover, also where all of them speak
TLS only; and sentinels may be wrong, down, or out of date.
"""
import socket
import subprocess
import threading

import servers
from engines import FORBIDDEN, UNAVAILABLE, Tool
from harness import TIME_LIMIT, need
from scripts import Crowd, Script, until

ENGINES = ('tcp', 'tls')
USAGE = 64
PATIENT = 600
SHORT = 2


def dsn_of(trio, **options):
    """The DSN with these options; what is None is left out of it."""
    dsn, _, query = trio.facts['dsn'].partition('?')
    given = {**dict(pair.split('=', 1) for pair in query.split('&') if pair), 'timeout': PATIENT, **options}
    return dsn + '?' + '&'.join(f'{name}={value}' for name, value in given.items() if value is not None)


def redis_cli(trio, member, *words):
    done = subprocess.run(['redis-cli', '-s', f"{trio.facts['folder']}/{member}/redis.sock", *words], check=False,
                          capture_output=True, text=True, timeout=TIME_LIMIT)
    return done.stdout.strip()


def is_primary(trio, member):
    return redis_cli(trio, member, 'ROLE').startswith('master')


def follows(trio, member):
    """Whether it is a replica that has its primary's data."""
    return 'master_link_status:up' in redis_cli(trio, member, 'INFO', 'replication')


class StaleSentinel(threading.Thread):
    """Says that it is a sentinel, and always names that port."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.named = str(port)
        self.asked = 0
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            with connection:
                self.serve(connection)

    def serve(self, connection):
        """One connection at a time: a login, and the question."""
        said = b''
        while chunk := connection.recv(4096):
            said += chunk
            if b'SETNAME' in said:
                connection.sendall(b'+OK\r\n')
            if b'GET-MASTER-ADDR-BY-NAME' in said:
                self.asked += 1
                connection.sendall(f'*2\r\n$9\r\n127.0.0.1\r\n${len(self.named)}\r\n{self.named}\r\n'.encode())
            if said.endswith(b'\r\n'):
                said = b''

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def fails_over(run, trio):
    """What the replica had not got is lost, and nothing else: each value up to the last is some call's own result."""
    dsn = dsn_of(trio)
    with Script(run, dsn_of(trio, wait_replicas=1)) as admin, Script(run, dsn) as waiter, Crowd(run, dsn, 'n') as crowd:
        admin.does('lock', 'pause', 'lock')
        waiter.begin('lock', 'pause', 'wait').asleep()
        crowd.go_on()
        trio.kill('primary')
        highest = max(crowd.results())
        crowd.go_on()
        crowd.until(lambda: all(worker.results[-1] > highest for worker in crowd.workers), 'new values')
        need(is_primary(trio, 'replica'), 'nobody took over')
        need(not waiter.has_answered(), 'the wait ended though nothing was unlocked')
        with Script(run, dsn) as other:
            need(other.does('lock', 'pause', 'unlock') is True, 'the Lock was lost')
            waiter.ended_well()
            crowd.stop()
            need(not crowd.failures(), f'an increment failed: {crowd.failures()[-3:]}')
            value = other.does('integer', 'n', 'refresh')
    results = crowd.results()
    need(set(results) == set(range(1, value + 1)), f'the results up to {value} are not all there: {len(set(results))}')
    print(f'        {len(results)} increments, {len(results) - value} lost with the old primary', flush=True)
    trio.start('primary')
    until(lambda: follows(trio, 'primary'), 'the old primary follows the new one')


def is_not_misled(run, trio):
    """By a sentinel that names the server which was primary once, dead or a replica, or one that does not answer."""
    _, sentinels = trio.facts['dsn'].removesuffix('/phpsync').split('//')
    with socket.create_server(('127.0.0.1', 0)) as mute:
        stale = [StaleSentinel(named) for named in (trio.facts['primary_port'], 1, mute.getsockname()[1])]
        scripts = [Script(run, f'redis+sentinel://127.0.0.1:{one.port},{sentinels}/phpsync?timeout=40') for one in stale]
        for script in scripts:
            script.begin('integer', 'n', 'increment')
        for one, script in zip(stale, scripts):
            script.ended_well()
            need(one.asked > 0, 'it was not asked')
            one.close()
            script.close()


def needs_one_sentinel(run, trio):
    """Of those in the DSN."""
    tool = Tool(run, dsn_of(trio))
    trio.pause('sentinel-1')
    trio.kill('sentinel-2')
    Tool(run, dsn_of(trio, timeout=60)).works()
    trio.kill('sentinel-3')
    trio.resume('sentinel-1')
    tool.works()
    trio.kill('sentinel-1')
    error = Tool(run, dsn_of(trio, timeout=SHORT)).fails((UNAVAILABLE,), 'incr', 'k')
    need('Connection refused' in error or 'does not answer' in error, error)
    with Script(run, dsn_of(trio)) as script:
        script.begin('integer', 'k', 'increment').asleep()
        trio.start('sentinel-2')
        script.ended_well()


def names_a_wrong_primary(run, trio):
    error = Tool(run, dsn_of(trio).replace('/phpsync', '/nobody', 1)).fails((USAGE,), 'incr', 'k')
    need('knows no primary "nobody"' in error and 'SENTINEL MASTERS' in error, error)


def present(trio, member, name):
    """The certificate that it shows from now on."""
    files = [f"{trio.facts['folder']}/{name}.{kind}" for kind in ('crt', 'key')]
    said = redis_cli(trio, member, 'CONFIG', 'SET', 'tls-cert-file', files[0], 'tls-key-file', files[1])
    need(said == 'OK', said)


def proves_who_it_is(run, trio):
    """Each side to the other: what no repeat mends is told at once, in a line that says what to do."""
    folder = trio.facts['folder']
    Tool(run, dsn_of(trio)).works()
    for said, options in {'cafile=': {'cafile': f'{folder}/other.crt'}, 'servername=': {'servername': 'elsewhere'},
                          'cert=': {'cert': None, 'key': None},
                          'key=': {'cert': f'{folder}/stranger.crt', 'key': f'{folder}/stranger.key'}}.items():
        error = Tool(run, dsn_of(trio, **options)).fails((FORBIDDEN,), 'incr', 'k')
        need('certificate' in error and said in error, f'it says nothing of {said}: {error}')
    present(trio, 'primary', 'elsewhere')
    error = Tool(run, dsn_of(trio)).fails((FORBIDDEN,), 'incr', 'k')
    need('IP address mismatch' in error, f'a server that is not who it says it is: {error}')
    present(trio, 'primary', 'server')
    error = Tool(run, dsn_of(trio, tls=None, cafile=None, cert=None, key=None, timeout=SHORT)).fails((UNAVAILABLE,), 'incr', 'k')
    need('tls=yes' in error or 'does not answer' in error, error)


FAILOVER = {'a name that no sentinel knows is told at once': names_a_wrong_primary,
            'a failover loses what the replica had not got, workers go on, and the waiter is woken after it': fails_over}
PROMISES = {'tcp': {**FAILOVER, 'a sentinel that is out of date misleads nobody for long': is_not_misled,
                    'one sentinel that answers is enough, and none is told': needs_one_sentinel},
            'tls': {'each side proves who it is, or is refused': proves_who_it_is, **FAILOVER}}


def test(run, kind):
    with servers.start('sentinel', ['sentinels=3', *(['tls'] if kind == 'tls' else [])]) as trio:
        for what, body in PROMISES[kind].items():
            run.check(f'sentinel, {kind}: {what}', body, run, trio)
