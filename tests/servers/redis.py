# SPDX-License-Identifier: BSD-3-Clause
"""How Redis, Valkey and Sentinel are started. Options of `redis` and `valkey`:

    tcp             a loopback port too: facts `port`, `tcp`
    tls             one with TLS: facts `tls_port`, `tls`; certificates in the folder (tls.py)
    password=TEXT   requirepass; the DSNs have it
    NAME=VALUE      any directive of redis.conf: maxmemory=5mb, maxclients=10, user=worker on >pw ~* &* +@all

Facts: `socket`, `dsn` (that socket's).

`sentinel` is a primary, a replica and sentinels (sentinels=N, default 1), all on loopback ports: members `primary`,
`replica`, `sentinel-1` …; facts `dsn`, `primary_port`, `replica_port`, `sentinel_ports` (with commas). A primary that
is gone for down=MILLISECONDS (default 1000) is failed over.
"""
import os
import socket

import ports
import tls
from keeper import Member, Trouble, patiently
from valkey import valkey_command


def ask(address, *words):
    """The raw answer of a server to one command; None if there is none yet."""
    family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
    request = f'*{len(words)}\r\n' + ''.join(f'${len(word.encode())}\r\n{word}\r\n' for word in words)
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(5)
        try:
            connection.connect(address)
            connection.sendall(request.encode())
            return connection.recv(65536).decode(errors='replace')
        except OSError:
            return None


def answers(address):
    """Whether there is a server that has loaded its data: one that wants a password first counts."""
    answer = ask(address, 'PING')
    return answer is not None and answer.startswith(('+PONG', '-NOAUTH'))


def directives(lines):
    """redis.conf from pairs. The value is written as it is: directives take several words."""
    return ''.join(f'{name} {value}\n' for name, value in lines)


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    return path


class Redis:
    """One server."""

    def __init__(self, folder, options, command=('redis-server',)):
        self.folder = folder
        path = f'{folder}/redis.sock'
        lines = [('unixsocket', path), ('dir', folder), ('save', '""'), ('port', 0)]
        self.facts = {'socket': path}
        given = [tuple(option.split('=', 1)) for option in options if '=' in option]
        password = next((f':{value}@' for name, value in given if name == 'password'), '')
        self.facts['dsn'] = f'redis+unix://{password}{path}'
        for flag in (option for option in options if '=' not in option):
            lines += self.listen(flag, password)
        lines += [('requirepass' if name == 'password' else name, value) for name, value in given]
        conf = write(f'{folder}/redis.conf', directives(lines))
        self.members = {'redis': Member('redis', [*command, conf], lambda: answers(path))}

    def listen(self, flag, password):
        port = ports.free()
        if flag == 'tcp':
            self.facts.update(port=port, tcp=f'redis://{password}127.0.0.1:{port}')
            return [('bind', '127.0.0.1'), ('port', port)]
        if flag == 'tls':
            tls.make(self.folder)
            self.facts.update(tls_port=port, tls=f'rediss://{password}localhost:{port}')
            return [('bind', '127.0.0.1'), ('tls-port', port), ('tls-ca-cert-file', f'{self.folder}/ca.crt'),
                    ('tls-cert-file', f'{self.folder}/server.crt'), ('tls-key-file', f'{self.folder}/server.key'),
                    ('tls-auth-clients', 'optional')]
        raise Trouble(f"no option '{flag}'; tcp, tls, or a directive NAME=VALUE")

    def settle(self):
        """Nothing more has to come up."""


class Valkey(Redis):
    """The same with Valkey of a later Debian."""

    def __init__(self, folder, options):
        super().__init__(folder, options, valkey_command())


class Sentinel:
    """A primary, its replica, and who watches them."""

    def __init__(self, folder, options):
        self.folder = folder
        given = dict(option.split('=', 1) for option in options)
        watchers = int(given.pop('sentinels', 1))
        down = int(given.pop('down', 1000))
        self.primary, self.replica = ports.free(), ports.free()
        self.sentinels = []
        self.members = {}
        self.add('primary', self.primary, given)
        self.add('replica', self.replica, {**given, 'replicaof': f'127.0.0.1 {self.primary}'})
        for number in range(1, watchers + 1):
            port = ports.free()
            self.sentinels.append(port)
            self.add_sentinel(f'sentinel-{number}', port, watchers // 2 + 1, down)
        listed = ','.join(f'127.0.0.1:{port}' for port in self.sentinels)
        self.facts = {'dsn': f'redis+sentinel://{listed}/phpsync', 'primary_port': self.primary,
                      'replica_port': self.replica, 'sentinel_ports': ','.join(map(str, self.sentinels))}

    def place(self, name):
        place = f'{self.folder}/{name}'
        os.mkdir(place)
        return place

    def add(self, name, port, given):
        place = self.place(name)
        lines = [('bind', '127.0.0.1'), ('port', port), ('dir', place), ('save', '""'), ('repl-diskless-sync-delay', 0),
                 *given.items()]
        conf = write(f'{place}/redis.conf', directives(lines))
        self.members[name] = Member(name, ['redis-server', conf], lambda: answers(('127.0.0.1', port)))

    def add_sentinel(self, name, port, quorum, down):
        place = self.place(name)
        lines = [('bind', '127.0.0.1'), ('port', port), ('dir', place),
                 ('sentinel monitor phpsync 127.0.0.1', f'{self.primary} {quorum}'),
                 ('sentinel down-after-milliseconds phpsync', down), ('sentinel failover-timeout phpsync', 10000)]
        conf = write(f'{place}/sentinel.conf', directives(lines))
        self.members[name] = Member(name, ['redis-server', conf, '--sentinel'], lambda: answers(('127.0.0.1', port)))

    def settle(self):
        """Until the replica follows, and each sentinel knows it and the others."""
        def follows():
            return 'master_link_status:up' in (ask(('127.0.0.1', self.replica), 'INFO', 'replication') or '')

        def knows(port):
            words = (ask(('127.0.0.1', port), 'SENTINEL', 'MASTER', 'phpsync') or '').split('\r\n')

            def number(name):
                return int(words[words.index(name) + 2]) if name in words else -1
            return number('num-slaves') == 1 and number('num-other-sentinels') == len(self.sentinels) - 1

        patiently(follows, 'replication')
        for port in self.sentinels:
            patiently(lambda port=port: knows(port), 'the sentinels')
