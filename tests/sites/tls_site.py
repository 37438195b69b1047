# SPDX-License-Identifier: BSD-3-Clause
"""TLS: who is let in and who is not, on either side, and that it is said in one line what to do. In a long run by
Valkey as well.
"""
import os
import subprocess
import time

import servers
from engines import FORBIDDEN, UNAVAILABLE, Tool
from harness import TIME_LIMIT, need
from scripts import Script

USAGE = 64
PATIENT = 60        # seconds: a refusal that no repeat mends does not take them, however busy the machine is
SHORT = 2           # seconds, where only the time-out ends it


class Secured:
    """A server with TLS that can be given other certificates, and DSNs for it."""

    def __init__(self, run, server):
        self.run, self.server, self.folder = run, server, server.facts['folder']

    def file(self, name):
        return f'{self.folder}/{name}'

    def tool(self, dsn, timeout=PATIENT, **options):
        pairs = {'timeout': timeout, **options}
        mark = '&' if '?' in dsn else '?'
        return Tool(self.run, dsn + mark + '&'.join(f'{name}={value}' for name, value in pairs.items()))

    def good(self, **options):
        tool = self.tool(**options)
        tool.works()
        need(tool('lock', '-n', 'l')[0] == 0 and tool('unlock', 'l')[0] == 0, 'lock, unlock')

    def bad(self, status, *words, **options):
        """Refused in a line that has those words."""
        error = self.tool(**options).fails((status,), 'incr', 'k')
        need(all(word in error for word in words), f'it says nothing of {words}: {error}')


class Redis(Secured):
    def __init__(self, run, server):
        super().__init__(run, server)
        self.tls, self.port = server.facts['tls'], server.facts['tls_port']

    def command(self, *words):
        done = subprocess.run(['redis-cli', '-s', self.server.facts['socket'], *words], check=False,
                              capture_output=True, text=True, timeout=TIME_LIMIT)
        need(done.stdout.strip() == 'OK', f'{words}: {done.stdout} {done.stderr}')

    def present(self, name):
        """The certificate that it shows from now on."""
        self.command('CONFIG', 'SET', 'tls-cert-file', self.file(f'{name}.crt'), 'tls-key-file', self.file(f'{name}.key'))

    def pair(self, name, key=None):
        return {'cert': self.file(f'{name}.crt'), 'key': self.file(f'{key or name}.key')}


class PostgreSQL(Secured):
    def __init__(self, run, server):
        super().__init__(run, server)
        self.dsn = f"postgresql://postgres@localhost:{server.facts['port']}/postgres"

    def sql(self, *statements):
        command = [f"{self.server.facts['bin']}/psql", '-XAtq', '-v', 'ON_ERROR_STOP=1', self.server.facts['dsn']]
        done = subprocess.run([*command, *(word for statement in statements for word in ('-c', statement))],
                              check=True, capture_output=True, text=True, timeout=TIME_LIMIT)
        return done.stdout.strip()

    def present(self, name):
        self.sql(f"ALTER SYSTEM SET ssl_cert_file = '{self.file(name)}.crt'",
                 f"ALTER SYSTEM SET ssl_key_file = '{self.file(name)}.key'", 'SELECT pg_reload_conf()')
        end = time.monotonic() + TIME_LIMIT
        while not self.shows(name):
            need(time.monotonic() < end, f'the server never shows {name}.crt')
            time.sleep(0.02)

    def shows(self, name):
        """To a new connection."""
        port = self.server.facts['port']
        said = subprocess.run(['openssl', 's_client', '-starttls', 'postgres', '-connect', f'127.0.0.1:{port}'],
                              check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=TIME_LIMIT)
        with open(self.file(f'{name}.crt'), encoding='ascii') as file:
            body = file.read().split('-----')[2]
        return body in said.stdout

    def pair(self, name, key=None):
        return {'sslcert': self.file(f'{name}.crt'), 'sslkey': self.file(f'{key or name}.key')}

    def full(self, root='ca', user='postgres', **options):
        return {'dsn': self.dsn.replace('postgres@', f'{user}@'), 'sslmode': 'verify-full',
                'sslrootcert': self.file(f'{root}.crt'), **options}


# ---- Redis -------------------------------------------------------------------

def redis_proves_itself(redis):
    ca = {'dsn': redis.tls, 'cafile': redis.file('ca.crt')}
    redis.good(**ca)
    redis.bad(FORBIDDEN, 'certificate is refused', 'cafile=', dsn=redis.tls)
    redis.bad(FORBIDDEN, 'certificate is refused', 'cafile=', dsn=redis.tls, cafile=redis.file('other.crt'))
    redis.bad(FORBIDDEN, 'mismatch', 'servername=', servername='elsewhere', **ca)
    redis.bad(USAGE, 'nothing.crt', 'No such file', dsn=redis.tls, cafile=redis.file('nothing.crt'))
    redis.bad(USAGE, 'redis.conf', 'no certificate', dsn=redis.tls, cafile=redis.file('redis.conf'))
    redis.present('elsewhere')
    redis.bad(FORBIDDEN, 'hostname mismatch', 'servername=', **ca)
    redis.bad(FORBIDDEN, 'IP address mismatch', **{**ca, 'dsn': f'rediss://127.0.0.1:{redis.port}'})
    redis.good(servername='elsewhere', **ca)
    redis.present('expired')
    redis.bad(FORBIDDEN, 'expired', 'new one', **ca)
    redis.good(dsn=redis.tls, verify='no')
    redis.present('server')
    redis.good(**ca)


def redis_wants_a_certificate(redis):
    ca = {'dsn': redis.tls, 'cafile': redis.file('ca.crt')}
    redis.command('CONFIG', 'SET', 'tls-auth-clients', 'yes')
    redis.bad(FORBIDDEN, 'certificate required', 'cert=', **ca)
    redis.bad(FORBIDDEN, 'unknown ca', 'cert=', **ca, **redis.pair('stranger'))
    redis.bad(USAGE, 'client.key', **ca, **redis.pair('stranger', 'client'))
    redis.bad(USAGE, 'cert and key', **ca, cert=redis.file('client.crt'))
    redis.good(**ca, **redis.pair('client'))
    redis.command('CONFIG', 'SET', 'tls-auth-clients', 'optional')


def redis_sides_differ(redis):
    redis.bad(UNAVAILABLE, 'wants TLS', 'rediss://', dsn=f'redis://127.0.0.1:{redis.port}', timeout=SHORT)
    redis.bad(UNAVAILABLE, 'speaks no TLS', 'redis://', dsn=f"rediss://127.0.0.1:{redis.server.facts['port']}",
              verify='no', timeout=SHORT)


def redis_goes_on(run, redis):
    goes_on(run, redis.server, f"{redis.tls}?cafile={redis.file('ca.crt')}&timeout=600")


# ---- PostgreSQL ----------------------------------------------------------------

def postgresql_proves_itself(pg):
    pg.good(**pg.full())
    pg.bad(FORBIDDEN, 'certificate verify failed', 'sslrootcert=', **pg.full('other'))
    pg.bad(USAGE, 'nothing.crt', 'sslrootcert=', **pg.full('nothing'))
    pg.present('elsewhere')
    pg.bad(FORBIDDEN, 'does not match host name', 'a name that', **pg.full())
    pg.good(**{**pg.full(), 'sslmode': 'verify-ca'})
    pg.present('expired')
    pg.bad(FORBIDDEN, 'certificate verify failed', 'expired', **pg.full())
    pg.good(dsn=pg.dsn, sslmode='require')
    pg.present('server')
    pg.good(**pg.full())


def postgresql_wants_a_certificate(pg):
    """The user phpsync's, by pg_hba.conf."""
    pg.bad(FORBIDDEN, 'client certificate', **pg.full(user='phpsync'))
    pg.bad(FORBIDDEN, 'sslcert=', **pg.full(user='phpsync'), **pg.pair('stranger'))
    pg.bad(USAGE, 'sslkey=', **pg.full(user='phpsync'), **pg.pair('client', 'stranger'))
    pg.good(**pg.full(user='phpsync'), **pg.pair('client'))


def postgresql_sides_differ(pg, plain):
    pg.bad(FORBIDDEN, 'no encryption', dsn=pg.dsn.replace('postgres@', 'phpsync@'), sslmode='disable')
    pg.bad(USAGE, 'does not support SSL', 'sslmode=', dsn=plain.facts['tcp'].replace('disable', 'require'))


def postgresql_goes_on(run, pg):
    goes_on(run, pg.server, f"{pg.dsn}?sslmode=verify-full&sslrootcert={pg.file('ca.crt')}&timeout=600")


# ---- both ------------------------------------------------------------------------

def goes_on(run, server, dsn):
    """A waiter and a worker, while the server is killed, comes back, and is unlocked by another."""
    with Script(run, dsn) as waiter, Script(run, dsn) as worker:
        worker.does('lock', 'pause', 'lock')
        before = worker.does('integer', 'progress', 'increment')
        waiter.begin('lock', 'pause', 'wait').asleep()
        server.kill()
        worker.begin('integer', 'progress', 'increment').asleep()
        server.start()
        need(worker.ended_well() == before + 1, 'the increment')
        need(not waiter.has_answered(), 'the wait ended though nothing was unlocked')
        need(worker.does('lock', 'pause', 'unlock') is True, 'unlock')
        waiter.ended_well()


def test_redis(run, kind):
    with servers.start(kind, ['tls', 'tcp', 'appendonly=yes', 'appendfsync=always']) as server:
        redis = Redis(run, server)
        run.check(f'{kind}, TLS: the server proves who it is, or is refused', redis_proves_itself, redis)
        run.check(f'{kind}, TLS: the client proves who it is, or is turned away', redis_wants_a_certificate, redis)
        run.check(f'{kind}, TLS: it is said that one side speaks TLS and the other does not', redis_sides_differ, redis)
        run.check(f'{kind}, TLS: calls and waits go on when the server was killed', redis_goes_on, run, redis)


def test(run):
    test_redis(run, 'redis')
    if os.environ.get('long'):
        test_redis(run, 'valkey')
    with servers.start('postgresql', ['tls', 'hba=hostssl all phpsync all cert', 'hba=hostnossl all phpsync all reject',
                                      'synchronous_commit=on']) as server, servers.start('postgresql', ['tcp']) as plain:
        pg = PostgreSQL(run, server)
        pg.sql('CREATE ROLE phpsync LOGIN SUPERUSER')
        run.check('postgresql, TLS: the server proves who it is, or is refused', postgresql_proves_itself, pg)
        run.check('postgresql, TLS: the client proves who it is, or is turned away', postgresql_wants_a_certificate, pg)
        run.check('postgresql, TLS: it is said that one side speaks TLS and the other does not', postgresql_sides_differ, pg, plain)
        run.check('postgresql, TLS: calls and waits go on when the server was killed', postgresql_goes_on, run, pg)
