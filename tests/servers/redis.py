# SPDX-License-Identifier: BSD-3-Clause
"""How Redis, Valkey and Sentinel are started. Options of `redis` and `valkey`:

    tcp             a loopback port too: facts `port`, `tcp`
    tls             one with TLS: facts `tls_port`, `tls`; certificates in the folder (tls.py)
    password=TEXT   requirepass; the DSNs have it
    NAME=VALUE      any directive of redis.conf: maxmemory=5mb, maxclients=10, user=worker on >pw ~* &* +@all

Facts: `socket`, `dsn` (that socket's).

`sentinel` is a primary, a replica and sentinels (sentinels=N, default 1), all on loopback ports: members `primary`,
`replica`, `sentinel-1` …; facts `dsn`, `primary_port`, `replica_port`, `sentinel_ports` (with commas). A primary that
is gone for down=MILLISECONDS (default 1000) is failed over. With `tls` they speak nothing else on these ports, also to
each other, and turn away who shows no certificate; `dsn` names one. Each has a socket too: FOLDER/MEMBER/redis.sock.
"""
import os
import socket

import ports
import tls
from keeper import Member, Trouble, patiently
from valkey import valkey_command


def ask(path, *words):
    """The raw answer of the server on that socket to one command; None if there is none yet."""
    request = f'*{len(words)}\r\n' + ''.join(f'${len(word.encode())}\r\n{word}\r\n' for word in words)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(5)
        try:
            connection.connect(path)
            connection.sendall(request.encode())
            return connection.recv(65536).decode(errors='replace')
        except OSError:
            return None


def answers(path):
    """Whether there is a server that has loaded its data: one that wants a password first counts."""
    answer = ask(path, 'PING')
    return answer is not None and answer.startswith(('+PONG', '-NOAUTH'))


def directives(lines):
    """redis.conf from pairs. The value is written as it is: directives take several words."""
    return ''.join(f'{name} {value}\n' for name, value in lines)


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    return path


def tls_directives(folder, port, clients):
    """A port for TLS with the certificates in the folder. clients: yes, they have to show one; optional."""
    return [('bind', '127.0.0.1'), ('tls-port', port), ('tls-ca-cert-file', f'{folder}/ca.crt'),
            ('tls-cert-file', f'{folder}/server.crt'), ('tls-key-file', f'{folder}/server.key'),
            ('tls-auth-clients', clients)]


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
            return tls_directives(self.folder, port, 'optional')
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
        self.tls = 'tls' in options
        if self.tls:
            tls.make(folder)
        given = dict(option.split('=', 1) for option in options if option != 'tls')
        watchers = int(given.pop('sentinels', 1))
        down = int(given.pop('down', 1000))
        primary, replica = ports.free(), ports.free()
        self.sentinels = {f'sentinel-{number}': ports.free() for number in range(1, watchers + 1)}
        self.members = {}
        self.add('primary', primary, given.items())
        self.add('replica', replica, [*given.items(), ('replicaof', f'127.0.0.1 {primary}')])
        watched = [('sentinel monitor phpsync 127.0.0.1', f'{primary} {watchers // 2 + 1}'),
                   ('sentinel down-after-milliseconds phpsync', down), ('sentinel failover-timeout phpsync', 10000)]
        for name, port in self.sentinels.items():
            self.add(name, port, watched, '--sentinel')
        listed = ','.join(f'127.0.0.1:{port}' for port in self.sentinels.values())
        secured = f'?tls=yes&cafile={folder}/ca.crt&cert={folder}/client.crt&key={folder}/client.key' if self.tls else ''
        self.facts = {'dsn': f'redis+sentinel://{listed}/phpsync{secured}', 'primary_port': primary,
                      'replica_port': replica, 'sentinel_ports': ','.join(map(str, self.sentinels.values()))}

    def socket_of(self, name):
        return f'{self.folder}/{name}/redis.sock'

    def listen(self, port):
        if self.tls:
            return [('port', 0), ('tls-replication', 'yes'), *tls_directives(self.folder, port, 'yes')]
        return [('bind', '127.0.0.1'), ('port', port)]

    def add(self, name, port, lines, *words):
        """A server, or with the word --sentinel a sentinel."""
        place = f'{self.folder}/{name}'
        os.mkdir(place)
        own = [*self.listen(port), ('unixsocket', self.socket_of(name)), ('dir', place)]
        if not words:
            own += [('save', '""'), ('repl-diskless-sync-delay', 0)]
        conf = write(f'{place}/redis.conf', directives([*own, *lines]))
        self.members[name] = Member(name, ['redis-server', conf, *words], lambda: answers(self.socket_of(name)))

    def settle(self):
        """Until the replica follows, and each sentinel knows it and the others."""
        def follows():
            return 'master_link_status:up' in (ask(self.socket_of('replica'), 'INFO', 'replication') or '')

        def knows(name):
            words = (ask(self.socket_of(name), 'SENTINEL', 'MASTER', 'phpsync') or '').split('\r\n')

            def number(fact):
                return int(words[words.index(fact) + 2]) if fact in words else -1
            return number('num-slaves') == 1 and number('num-other-sentinels') == len(self.sentinels) - 1

        patiently(follows, 'replication')
        for name in self.sentinels:
            patiently(lambda name=name: knows(name), 'the sentinels')
