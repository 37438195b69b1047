# SPDX-License-Identifier: BSD-3-Clause
"""Scripts that are connected when their password is changed, their server becomes a replica, its disk is full, or somebody
alters a table: they are told, and work again once that is over.
"""
import os
import subprocess

import servers
from engines import redis_cli, sql
from harness import Engine, Skip, need, scratch
from scripts import Script, until

ENGINES = ('redis', 'postgresql')
PATIENT = 600
SHORT = 2


class Redis:
    """A server with a user of its own for scripts."""
    options = ('user=worker on >secret-1 ~* &* +@all',)

    def __init__(self, server):
        self.server = server
        self.dsn = server.facts['dsn'].replace('://', '://worker:secret-1@') + '?'

    def let_in(self):
        """What it takes before the first login."""

    def password(self, text):
        redis_cli(self.server, 'ACL', 'SETUSER', 'worker', 'resetpass', f'>{text}')

    def cut_off(self):
        redis_cli(self.server, 'CLIENT', 'KILL', 'USER', 'worker')


class PostgreSQL:
    options = ('hba=local all worker scram-sha-256',)

    def __init__(self, server):
        self.server = server
        self.dsn = server.facts['dsn'].replace('postgres@', 'worker:secret-1@') + '&'

    def let_in(self):
        sql(self.server, "CREATE ROLE worker LOGIN PASSWORD 'secret-1'", 'GRANT CREATE ON DATABASE postgres TO worker')

    def password(self, text):
        sql(self.server, f"ALTER ROLE worker PASSWORD '{text}'")

    def cut_off(self):
        sessions = "FROM pg_stat_activity WHERE usename = 'worker'"
        sql(self.server, f'SELECT pg_terminate_backend(pid) {sessions}')
        until(lambda: sql(self.server, f'SELECT count(*) {sessions}') == '0', 'the sessions end')


def another_password(run, kind):
    """Who is connected goes on; who has to connect again is refused at once, a waiter too, until the password is right."""
    engine = {'redis': Redis, 'postgresql': PostgreSQL}[kind]
    with servers.start(kind, engine.options) as server:
        place = engine(server)
        place.let_in()
        dsn = f'{place.dsn}timeout={PATIENT}'
        with Script(run, dsn) as script, Script(run, dsn) as waiter:
            script.does('lock', 'l', 'lock')
            waiter.begin('lock', 'l', 'wait').asleep()
            place.password('secret-2')
            need(script.does('integer', 'n', 'increment') == 1, 'increment')
            place.cut_off()
            # A request that was sent before its connection was found closed is one whose outcome is not known.
            for answer in (script.call('integer', 'n', 'increment'), waiter.answer()):
                message = answer.get('message', '')
                need('thrown' in answer and 'password' in message and 'secret' not in message and '\n' not in message, f'{answer}')
            place.password('secret-1')
            need(script.does('integer', 'n', 'increment') == 2, 'increment')
            waiter.begin('lock', 'l', 'wait').asleep()
            need(script.does('lock', 'l', 'unlock') is True, 'unlock')
            waiter.ended_well()


def a_replica_now(run):
    with servers.start('redis') as server:
        dsn = f"{server.facts['dsn']}?timeout="
        with Script(run, f'{dsn}{PATIENT}') as patient, Script(run, f'{dsn}{SHORT}') as hasty:
            need(patient.does('integer', 'n', 'increment') + 1 == hasty.does('integer', 'n', 'increment'), 'increment')
            redis_cli(server, 'REPLICAOF', '127.0.0.1', '1')
            message = hasty.fails('SyncOperationException', 'integer', 'n', 'increment')['message']
            need('replica' in message and 'redis+sentinel://' in message, message)
            patient.begin('integer', 'n', 'increment').asleep()
            redis_cli(server, 'REPLICAOF', 'NO', 'ONE')
            need(patient.ended_well() == 3 and hasty.does('integer', 'n', 'increment') == 4, 'increment')


def a_full_disk(run):
    """That its append-only file lies on."""
    with scratch() as folder:
        mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder], check=False, capture_output=True)
        if mounted.returncode != 0:
            raise Skip('file systems cannot be mounted here')
        try:
            with servers.start('redis', ['appendonly=yes', f'dir={folder}']) as server:
                fills_up(run, server, f'{folder}/ballast')
        finally:
            subprocess.run(['umount', folder], check=True)


def fills_up(run, server, ballast):
    with Script(run, f"{server.facts['dsn']}?timeout={PATIENT}") as script:
        done = script.does('integer', 'n', 'increment')
        with open(ballast, 'wb', buffering=0) as file:
            try:
                while file.write(b'x' * 4096):
                    pass
            except OSError:
                pass
        answer = {}
        while 'thrown' not in answer:
            answer = script.call('integer', 'n', 'increment')
            done = answer['result'] or done
        need('cannot save' in answer['message'] and 'disk' in answer['message'], f'{answer}')
        os.unlink(ballast)
        until(lambda: 'thrown' not in script.call('integer', 'other', 'increment'), 'it can save again')
        need(script.does('integer', 'n', 'increment') == done + 1, 'increments')


ALTERED = {'RENAME own TO mine': 'RENAME mine TO own', 'ALTER value TYPE integer': 'ALTER value TYPE bigint',
           'ALTER value TYPE text': 'ALTER value TYPE bigint USING value::bigint'}


def an_altered_table(run):
    """It is said at once which one it is, and what mends it."""
    with servers.start('postgresql') as server, Script(run, f"{server.facts['dsn']}&timeout={PATIENT}") as script:
        for done, (way, back) in enumerate(ALTERED.items()):
            need(script.does('integer', 'n', 'increment') == 2 * done + 1, 'increment')
            need(script.does('integer', 'n', 'increment') == 2 * done + 2, 'increment')
            sql(server, f'ALTER TABLE phpsync.integers {way}')
            answer = script.call('integer', 'n', 'increment')
            # A session that is used to it goes on with a column of another type as long as the server does.
            need('ALTER TABLE "phpsync".integers' in answer.get('message', ''), f'{answer}')
            sql(server, f'ALTER TABLE phpsync.integers {back}')


def test(run, kind):
    run.check(f'{kind}: another password is told, and nothing is once it is right again', another_password, run, kind)
    if kind == 'redis':
        run.check('redis: a server that is a replica now is told, and ridden through', a_replica_now, run)
        run.check('redis: a full disk is told, and works once there is room', a_full_disk, run)
    if kind == 'postgresql':
        run.check('postgresql: a table that somebody altered is told, with what mends it, and works after that', an_altered_table, run)
