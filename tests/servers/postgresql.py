# SPDX-License-Identifier: BSD-3-Clause
"""How PostgreSQL and PgBouncer are started. Options of `postgresql`:

    tcp             a loopback port too: facts `port`, `tcp`
    tls             the same with TLS (certificates in the folder, tls.py): also fact `tls`
    NAME=VALUE      any setting of postgresql.conf: max_connections=20
    hba=LINE        before the lines of pg_hba.conf, which let everybody in; may be repeated
    data=FOLDER     where the data lie (a small file system of the test's own, say)

`pgbouncer` is a `postgresql` and a PgBouncer before it, in transaction mode (pool_mode=session changes that);
members `postgresql`, `pgbouncer`; `dsn` leads through PgBouncer, fact `direct` past it.

`standby` is a `postgresql` and a copy that follows it: members `primary`, `standby`; `dsn` names both, facts `primary` and
`standby` one each. With synchronous_standby_names='*' a commit waits for the copy, until that is promoted.

Facts: `socket` (its folder), `dsn`, `bin` (the folder of its programs), `user`. The superuser is `postgres`, without a
password. PostgreSQL refuses to run as root: then it runs as the system's user `postgres`.
"""
import glob
import os
import pwd
import shutil
import signal
import subprocess

import ports
import tls
from keeper import Member, Trouble, patiently

# No power fails in a test; what was answered is kept when a server is killed all the same.
SETTINGS = {'fsync': 'off', 'full_page_writes': 'off', 'listen_addresses': "''", 'shared_buffers': '16MB',
            'max_connections': '500', 'autovacuum_naptime': '10min', 'max_wal_size': '256MB',
            # Files in its own folder, not in /dev/shm: nothing stays behind when it is killed.
            'dynamic_shared_memory_type': 'mmap', 'log_min_messages': 'warning'}


def programs():
    """The folder with PostgreSQL's programs: Debian keeps them off the PATH."""
    found = sorted(glob.glob('/usr/lib/postgresql/*/bin/postgres'), key=lambda path: int(path.split('/')[4]))
    path = found[-1] if found else shutil.which('postgres')
    if not path:
        raise Trouble('PostgreSQL is not installed')
    return os.path.dirname(path)


class PostgreSQL:
    """One server."""

    def __init__(self, folder, options):
        self.folder = folder
        self.bin = programs()
        self.user = 'postgres' if os.geteuid() == 0 else None
        pairs = [option.split('=', 1) for option in options if '=' in option]
        given = {name: value for name, value in pairs if name != 'hba'}
        hba = [value for name, value in pairs if name == 'hba']
        self.data = given.pop('data', f'{folder}/data')
        self.port = ports.free()    # also the socket's name, whether it listens there or not
        self.facts = {'socket': folder, 'dsn': f'postgresql://postgres@/postgres?host={folder}&port={self.port}',
                      'bin': self.bin, 'user': self.user or ''}
        settings = {**SETTINGS, 'port': self.port, 'unix_socket_directories': f"'{folder}'"}
        for flag in (option for option in options if '=' not in option):
            settings.update(self.listen(flag))
        self.own(folder)
        self.initialise({**settings, **given}, hba)
        self.members = {'postgresql': self.member('postgresql', [f'{self.bin}/postgres', '-D', self.data], self.data,
                                                  self.port)}

    def member(self, name, command, data, port):
        return Member(name, command, lambda: self.answers(port), self.user, signal.SIGINT, lambda: self.tidy(data))

    def own(self, *paths):
        for path in paths if self.user else ():
            shutil.chown(path, self.user, pwd.getpwnam(self.user).pw_gid)

    def listen(self, flag):
        address = f'postgresql://postgres@localhost:{self.port}/postgres'
        self.facts.update(port=self.port, tcp=f'{address}?sslmode=disable')
        settings = {'listen_addresses': "'localhost'"}
        if flag == 'tls':
            tls.make(self.folder)
            self.own(*glob.glob(f'{self.folder}/*.key'))
            self.facts['tls'] = f'{address}?sslmode=verify-full&sslrootcert={self.folder}/ca.crt'
            settings |= {'ssl': 'on', 'ssl_ca_file': f"'{self.folder}/ca.crt'",
                         'ssl_cert_file': f"'{self.folder}/server.crt'", 'ssl_key_file': f"'{self.folder}/server.key'"}
        elif flag != 'tcp':
            raise Trouble(f"no option '{flag}'; tcp, tls, or a setting NAME=VALUE")
        return settings

    def as_user(self, command):
        return ['setpriv', '--reuid', self.user, '--regid', self.user, '--init-groups', '--', *command] \
            if self.user else list(command)

    def initialise(self, settings, hba):
        made = subprocess.run(self.as_user([f'{self.bin}/initdb', '-A', 'trust', '-N', '-U', 'postgres', '-E', 'UTF8',
                                            '--locale=C.UTF-8', '-D', self.data]),
                              check=False, cwd='/', capture_output=True, text=True)
        if made.returncode != 0:
            raise Trouble(f'initdb: {made.stderr.strip()}')
        with open(f'{self.data}/postgresql.conf', 'a', encoding='utf-8') as file:
            file.writelines(f'{name} = {value}\n' for name, value in settings.items())
        if hba:
            with open(f'{self.data}/pg_hba.conf', 'r+', encoding='utf-8') as file:
                before = file.read()
                file.seek(0)
                file.write('\n'.join(hba) + '\n' + before)

    def answers(self, port):
        return subprocess.run([f'{self.bin}/pg_isready', '-q', '-h', self.folder, '-p', str(port)],
                              check=False).returncode == 0

    @staticmethod
    def tidy(data):
        """One that was killed leaves a segment of System V memory: its number stands in postmaster.pid."""
        try:
            with open(f'{data}/postmaster.pid', encoding='ascii') as file:
                lines = file.read().split('\n')
        except OSError:
            return
        if len(lines) > 6 and len(lines[6].split()) == 2:
            subprocess.run(['ipcrm', '-m', lines[6].split()[1]], check=False, stderr=subprocess.DEVNULL)

    def settle(self):
        """It answers: there is nothing more."""


class PgBouncer(PostgreSQL):
    """A PostgreSQL, and a PgBouncer that hands its connections out for a transaction each."""

    def __init__(self, folder, options):
        own = {'pool_mode': 'transaction', 'max_client_conn': '1000', 'default_pool_size': '20'}
        mine = [option for option in options if option.split('=')[0] in own]
        super().__init__(folder, [option for option in options if option not in mine])
        own.update(option.split('=', 1) for option in mine)
        self.front = ports.free()
        self.facts['direct'] = self.facts['dsn']
        self.facts['dsn'] = f'postgresql://postgres@/postgres?host={folder}&port={self.front}'
        own |= {'listen_port': self.front, 'unix_socket_dir': folder, 'auth_type': 'any',
                'logfile': f'{folder}/pgbouncer.txt'}
        with open(f'{folder}/pgbouncer.ini', 'w', encoding='utf-8') as file:
            file.write(f'[databases]\npostgres = host={folder} port={self.port} user=postgres\n[pgbouncer]\n')
            file.writelines(f'{name} = {value}\n' for name, value in own.items())
        bouncer = shutil.which('pgbouncer') or '/usr/sbin/pgbouncer'
        self.members['pgbouncer'] = Member('pgbouncer', [bouncer, f'{folder}/pgbouncer.ini'], self.bounces, self.user)

    def bounces(self):
        return subprocess.run([f'{self.bin}/psql', '-X', '-q', '-c', 'SELECT 1', self.facts['dsn']], check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


class Standby(PostgreSQL):
    """A PostgreSQL, and one that follows it."""

    def __init__(self, folder, options):
        super().__init__(folder, options)
        second, copy = ports.free(), f'{folder}/standby'
        self.facts['primary'] = self.facts['dsn']
        self.facts['standby'] = self.facts['dsn'].replace(str(self.port), str(second))
        self.facts['dsn'] = f'postgresql://postgres@/postgres?host={folder},{folder}&port={self.port},{second}'
        copies = f'{self.bin}/pg_basebackup -R -c fast -h {folder} -p {self.port} -U postgres -D {copy}'
        # It waits for nobody when it is the primary.
        starts = f"{self.bin}/postgres -D {copy} -c port={second} -c synchronous_standby_names=''"
        self.members = {'primary': self.members['postgresql'],
                        'standby': self.member('standby', ['sh', '-c', f'[ -d {copy} ] || {copies} && exec {starts}'],
                                               copy, second)}
        self.synchronous = any(option.startswith('synchronous_standby_names=') for option in options)

    def settle(self):
        """Until it follows."""
        state = 'sync' if self.synchronous else 'async'
        patiently(lambda: self.sql('SELECT sync_state FROM pg_stat_replication WHERE state = $$streaming$$') == state,
                  'replication')

    def sql(self, statement):
        return subprocess.run([f'{self.bin}/psql', '-XAtq', '-c', statement, self.facts['primary']], check=False,
                              capture_output=True, text=True).stdout.strip()
