# SPDX-License-Identifier: BSD-3-Clause
"""Servers that are killed, stopped, full, demoted, closed to us: each call ends in time with an error that says what is
wrong, works again afterwards, and whoever waits goes on waiting.

The command line tool is the client: a process a call, or one that waits.
"""
import os
import subprocess
import time

from harness import TIME_LIMIT, Failure, Skip, need, scratch

TIMEOUT = 2         # seconds that an engine may be out of reach
UNAVAILABLE, FORBIDDEN, OTHER = 69, 77, 70


class Tool:
    """phpsync on one space."""

    def __init__(self, run, dsn):
        self.command = [f'{run.build}/bin/phpsync', '--space', dsn]

    def __call__(self, *words):
        done = subprocess.run([*self.command, *words], check=False, capture_output=True, text=True, timeout=TIME_LIMIT)
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    def works(self, expected=None):
        status, said, error = self('incr', 'k')
        need(status == 0, f'incr: status {status}, {error}')
        need(expected is None or said == str(expected), f'incr said {said}, not {expected}')

    def refused(self, statuses, *words):
        """Fails in one line, with one of these codes, and says one of the words: on a machine that is too slow to
        hear the reason within the time-out the line says so at first."""
        end = time.monotonic() + TIME_LIMIT
        while True:
            errors = [self.fails(statuses, *call) for call in (('incr', 'k'), ('lock', '-n', 'l'))]
            silent = [error for error in errors if words and not any(word in error for word in words)]
            if not silent:
                return
            need('does not answer' in silent[0] and time.monotonic() < end, f'it says nothing of {words}: {silent[0]}')

    def fails(self, statuses, *call):
        status, _, error = self(*call)
        need(status in statuses, f'{call[0]}: status {status}, {error}')
        need(error and '\n' not in error, f'{call[0]}: no single line: {error}')
        need('secret' not in error, f'{call[0]} tells the password: {error}')
        return error

    def begin(self, *words):
        """A process that waits; it is known to sleep by then."""
        process = subprocess.Popen([*self.command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        end, seen = time.monotonic() + TIME_LIMIT, 0
        while seen < 5:
            with open(f'/proc/{process.pid}/stat', encoding='ascii', errors='replace') as file:
                seen = seen + 1 if ') S ' in file.read() else 0
            need(time.monotonic() < end, f'{words} does not wait')
            need(process.poll() is None, f'{words} ended at once')
            time.sleep(0.02)
        return process


def ended_well(process, what):
    try:
        said, error = process.communicate(timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise Failure(f'{what} never ended') from None
    need(process.returncode == 0, f'{what} ended with status {process.returncode}: {said} {error}')


def lasting(engine, *options):
    """A server that keeps what it was told when it is killed."""
    if engine.family == 'redis':
        return engine.start('appendonly=yes', 'appendfsync=always', *options)
    return engine.start('fsync=on', 'synchronous_commit=on', *options)


def killed(run, engine):
    with lasting(engine) as server:
        tool = Tool(run, engine.dsn(server, timeout=TIMEOUT))
        tool.works(1)
        need(tool('lock', 'l')[0] == 0, 'lock')
        server.kill()
        tool.refused((UNAVAILABLE,))
        server.start()
        tool.works(2)
        need(tool('lock', '-n', 'l')[0] == 1, 'the Lock is gone')
        need(tool('unlock', 'l')[0] == 0, 'unlock')


def ridden_through(run, engine):
    """Calls and waits that are under way while the server is killed and comes back."""
    with lasting(engine) as server:
        tool = Tool(run, engine.dsn(server, timeout=60))
        need(tool('lock', 'l')[0] == 0, 'lock')
        tool.works(1)
        waiters = [tool.begin('wait', 'l'), tool.begin('await', 'k', '--at-least', '3')]
        server.kill()
        call = tool.begin('incr', 'k')
        server.start()
        ended_well(call, 'an increment')
        server.restart()
        need(all(waiter.poll() is None for waiter in waiters), 'a wait ended though nothing happened')
        tool.works(3)
        need(tool('unlock', 'l')[0] == 0, 'unlock')
        ended_well(waiters[0], 'wait')
        ended_well(waiters[1], 'await')


def paused(run, engine):
    with engine.start() as server:
        tool = Tool(run, engine.dsn(server, timeout=TIMEOUT))
        patient = Tool(run, engine.dsn(server, timeout=600))
        tool.works(1)
        need(tool('lock', 'l')[0] == 0, 'lock')
        waiter = patient.begin('wait', 'l')
        server.pause()
        call = patient.begin('incr', 'other')
        tool.refused((UNAVAILABLE, OTHER))
        server.resume()
        ended_well(call, 'an increment')
        # What was asked of a server that slept may have been done: once at most each.
        status, said, error = tool('incr', 'k')
        need(status == 0 and said in ('2', '3'), f'incr: {status} {said} {error}')
        need(tool('unlock', 'l')[0] == 0, 'unlock')
        ended_well(waiter, 'wait')


def too_many_clients(run, engine):
    limit = 'maxclients=1' if engine.family == 'redis' else 'max_connections=4'
    with engine.start(limit, *(() if engine.family == 'redis' else ('superuser_reserved_connections=0',
                                                                  'max_wal_senders=0'))) as server:
        tool = Tool(run, engine.dsn(server, timeout=TIMEOUT))
        tool.works(1)
        patient = Tool(run, engine.dsn(server, timeout=600))
        need(tool('lock', 'l')[0] == 0, 'lock')
        guests = [hold_connection(engine, server) for _ in range(1 if engine.family == 'redis' else 4)]
        tool.refused((UNAVAILABLE,), 'many', 'max', 'clients')
        call = patient.begin('incr', 'k')
        for guest in guests:
            guest.stdin.close()
            guest.wait()
        ended_well(call, 'an increment')
        tool.works(3)


def hold_connection(engine, server):
    """A client that keeps its connection until its input ends. One that the server has yet to part with may be before it."""
    if engine.family == 'redis':
        command, hello, answer = ['redis-cli', '-s', server.facts['socket']], 'PING\n', 'PONG\n'
    else:
        command = [f"{server.facts['bin']}/psql", '-XAtq', server.facts['dsn']]
        hello, answer = 'SELECT 1;\n', '1\n'
    end = time.monotonic() + TIME_LIMIT
    while True:
        guest = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                 text=True)
        try:
            guest.stdin.write(hello)
            guest.stdin.flush()
        except BrokenPipeError:
            pass
        if guest.stdout.readline() == answer:
            return guest
        guest.kill()
        guest.wait()
        need(time.monotonic() < end, 'a guest does not get in')


def redis_cli(server, *words):
    done = subprocess.run(['redis-cli', '-s', server.facts['socket'], *words], check=True, capture_output=True, text=True,
                          timeout=TIME_LIMIT)
    return done.stdout.strip()


def sql(server, *statements):
    command = [f"{server.facts['bin']}/psql", '-XAtq', '-v', 'ON_ERROR_STOP=1', server.facts.get('direct', server.facts['dsn'])]
    done = subprocess.run([*command, *(word for statement in statements for word in ('-c', statement))], check=True,
                          capture_output=True, text=True, timeout=TIME_LIMIT)
    return done.stdout.strip()


def redis_full(run, engine):
    with engine.start('maxmemory-policy=noeviction') as server:
        tool = Tool(run, engine.dsn(server, timeout=TIMEOUT))
        tool.works(1)
        need(tool('lock', 'held')[0] == 0, 'lock')
        redis_cli(server, 'CONFIG', 'SET', 'maxmemory', '1')
        tool.refused((OTHER,), 'memory')
        need(tool('unlock', 'held')[0] == 0, 'a full server does not let go of a Lock')
        redis_cli(server, 'CONFIG', 'SET', 'maxmemory', '0')
        tool.works(2)


def redis_read_only(run, engine):
    """A replica: it may become the primary, so it counts as out of reach until then."""
    with engine.start('replicaof=127.0.0.1 1') as server:
        tool = Tool(run, engine.dsn(server, timeout=TIMEOUT))
        tool.refused((UNAVAILABLE, OTHER), 'replica', 'read only', 'READONLY')
        call = Tool(run, engine.dsn(server, timeout=600)).begin('incr', 'k')
        redis_cli(server, 'REPLICAOF', 'NO', 'ONE')
        ended_well(call, 'an increment')
        tool.works(2)


def redis_password(run, engine):
    with engine.start('password=secret-1') as server:
        dsn = engine.dsn(server, timeout=TIMEOUT)
        tool = Tool(run, dsn)
        tool.works(1)
        redis_cli(server, '-a', 'secret-1', '--no-auth-warning', 'CONFIG', 'SET', 'requirepass', 'secret-2')
        tool.refused((FORBIDDEN,))
        Tool(run, dsn.replace('secret-1', 'secret-2')).works(2)


def postgresql_password(run, engine):
    with engine.start('hba=local all worker scram-sha-256') as server:
        sql(server, "CREATE USER worker PASSWORD 'secret-1'", 'GRANT CREATE ON DATABASE postgres TO worker')
        dsn = engine.dsn(server, timeout=TIMEOUT).replace('postgres@', 'worker:secret-1@')
        tool = Tool(run, dsn)
        tool.works(1)
        sql(server, "ALTER USER worker PASSWORD 'secret-2'")
        tool.refused((FORBIDDEN,))
        Tool(run, dsn.replace('secret-1', 'secret-2')).works(2)


def postgresql_read_only(run, engine):
    with engine.start() as server:
        tool = Tool(run, engine.dsn(server, timeout=TIMEOUT))
        tool.works(1)
        sql(server, 'ALTER SYSTEM SET default_transaction_read_only = on', 'SELECT pg_reload_conf()')
        patiently_sql(server, 'SHOW default_transaction_read_only', 'on')
        tool.refused((UNAVAILABLE, OTHER), 'read-only', 'read only', 'read-write')
        call = Tool(run, engine.dsn(server, timeout=600)).begin('incr', 'k')
        sql(server, 'SET default_transaction_read_only = off', 'ALTER SYSTEM RESET default_transaction_read_only',
            'SELECT pg_reload_conf()')
        ended_well(call, 'an increment')
        tool.works(3)


def patiently_sql(server, statement, answer):
    end = time.monotonic() + TIME_LIMIT
    while sql(server, statement) != answer:
        need(time.monotonic() < end, f'{statement} never says {answer}')
        time.sleep(0.02)


def postgresql_disk_full(run, engine):
    """Its tables' disk: what cannot be written is not done, and what was done stays."""
    with engine.start() as server, scratch() as folder:
        owner = os.stat(server.facts['socket']).st_uid
        mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size=3m,mode=700,uid={owner}', 'tmpfs', folder],
                                 check=False, capture_output=True)
        if mounted.returncode != 0:
            raise Skip('file systems cannot be mounted here')
        try:
            disk_fills(run, engine, server, folder)
        finally:
            server.kill()
            subprocess.run(['umount', folder], check=True)


def disk_fills(run, engine, server, folder):
    sql(server, f"CREATE TABLESPACE small LOCATION '{folder}'", 'ALTER DATABASE postgres SET default_tablespace = small')
    tool = Tool(run, engine.dsn(server, timeout=TIMEOUT))
    tool.works(1)
    need(tool('lock', 'held')[0] == 0, 'lock')
    sql(server, 'CREATE TABLE ballast (b text) TABLESPACE small')
    filled = subprocess.run([f"{server.facts['bin']}/psql", '-XAtq', server.facts['dsn'], '-c',
                             "DO $$ BEGIN FOR i IN 1..100000 LOOP INSERT INTO ballast VALUES (repeat('x', 1000)); COMMIT; "
                             'END LOOP; END $$'], check=False, capture_output=True, text=True, timeout=TIME_LIMIT)
    need('No space left' in filled.stderr, f'the disk is not full: {filled.stderr}')
    # Rows of new keys need new pages, sooner or later.
    for number in range(2000):
        status, _, error = tool('set', f'key-{number}', '1')
        if status != 0:
            break
    need(status == OTHER and 'space' in error and '\n' not in error, f'status {status}, {error}')
    sql(server, 'DROP TABLE ballast')
    tool.works(2)
    need(tool('unlock', 'held')[0] == 0, 'unlock')


SHARED = {'a server that is killed is out of reach, and is found again': killed,
          'calls and waits go on when the server was killed and came back': ridden_through,
          'a server that is stopped is out of reach, and waits outlast it': paused,
          'too many clients are too many, and one fewer is not': too_many_clients}
OWN = {'redis': {'a full server refuses what needs memory, and lets go': redis_full,
                 'a replica is not written to, and is once it is the primary': redis_read_only,
                 'a changed password is refused, and not told': redis_password},
       'postgresql': {'a changed password is refused, and not told': postgresql_password,
                      'a database that is read-only is not written to, and is afterwards': postgresql_read_only,
                      'a full disk refuses what needs room, and nothing is lost': postgresql_disk_full}}


def test(run, engine):
    for what, body in {**SHARED, **OWN[engine.family]}.items():
        run.check(f'{engine.kind}: {what}', body, run, engine)
