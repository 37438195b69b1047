# SPDX-License-Identifier: BSD-3-Clause
"""Real servers for tests.

    with servers.start('redis', ['tls', 'password=secret']) as redis:
        redis.facts['dsn'], redis.facts['tls'] ...
        redis.restart()

Each lies in a folder of its own in memory, listens on a unix socket there (and on a loopback port where that is asked
for), and is gone with its folder when the process that started it has ended. Nobody sleeps for a server: start and
restart return once it answers.
"""
import json
import os
import socket
import sys
import tempfile

sys.dont_write_bytecode = True      # into the sources' folders

import fpm                  # noqa: E402
import keeper               # noqa: E402
import postgresql           # noqa: E402
import redis                # noqa: E402
from keeper import Trouble  # noqa: E402

ROOM = 1 << 30      # bytes: a PostgreSQL alone takes 60 million
RECIPES = {'redis': redis.Redis, 'valkey': redis.Valkey, 'sentinel': redis.Sentinel,
           'postgresql': postgresql.PostgreSQL, 'pgbouncer': postgresql.PgBouncer,
           'standby': postgresql.Standby, 'fpm': fpm.Fpm}


class Servers:
    """A handle of servers that run; any process may have one."""

    def __init__(self, folder, facts=None):
        self.folder = folder
        self.facts = facts or {}

    def tell(self, verb, *members):
        """What a keeper's members are told (keeper.VERBS), all of them or those; their pids after it."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with connection:
            try:
                connection.connect(f'{self.folder}/control')
                connection.send(json.dumps({'verb': verb, 'members': members}).encode())
                answer = json.loads(connection.recv(65536) or '{"trouble": "their keeper ended"}')
            except OSError as error:
                raise Trouble(f'no servers in {self.folder}: {error}') from None
        if 'trouble' in answer:
            raise Trouble(answer['trouble'])
        return answer.get('pids', {})

    def start(self, *members):
        self.tell('start', *members)

    def stop(self, *members):
        self.tell('stop', *members)

    def kill(self, *members):
        """With SIGKILL, all processes of each."""
        self.tell('kill', *members)

    def pause(self, *members):
        self.tell('pause', *members)

    def resume(self, *members):
        self.tell('resume', *members)

    def restart(self, *members):
        """Kills and starts them, on the same folder and address."""
        self.tell('restart', *members)

    def pids(self):
        return self.tell('pids')

    def end(self):
        self.tell('end')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def place():
    """Where servers' folders lie: in SERVERS_IN, in memory if there is enough, in /tmp. Names of sockets must be short."""
    given = os.environ.get('SERVERS_IN')
    if given:
        return given
    try:
        memory = os.statvfs('/dev/shm')
        roomy = memory.f_bavail * memory.f_frsize >= ROOM and os.access('/dev/shm', os.W_OK)
    except OSError:
        roomy = False
    return '/dev/shm' if roomy else '/tmp'


def let_go(*kept):
    """Closes all but these descriptors: who reads what our parent writes is not kept waiting by us."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    for descriptor in map(int, os.listdir('/proc/self/fd')):
        if descriptor > 2 and descriptor not in kept:
            try:
                os.close(descriptor)
            except OSError:
                pass    # the list's own


def start(kind, options=(), owner=None):
    """Starts servers of that kind, which live as long as the process `owner` (this one)."""
    if kind not in RECIPES:
        raise Trouble(f"no servers of kind '{kind}'; there are: {' '.join(RECIPES)}")
    recipe = RECIPES[kind]
    folder = tempfile.mkdtemp(prefix='phpsync-server.', dir=place())
    os.chmod(folder, 0o711)     # a server may run as another user
    watched = os.pidfd_open(owner or os.getpid())
    heard, told = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sys.stdout.flush()
    middle = os.fork()
    if middle == 0:
        # A child's child: nobody who waits for his children meets it.
        if os.fork() == 0:
            let_go(watched, told.fileno())
            keeper.keep(lambda folder: recipe(folder, list(options)), folder, watched, told)
        os._exit(0)
    os.waitpid(middle, 0)
    told.close()
    os.close(watched)
    with heard:
        answer = json.loads(heard.recv(65536) or '{"trouble": "its keeper ended"}')
    if 'trouble' in answer:
        raise Trouble(f"{kind}: {answer['trouble']}")
    return Servers(folder, {'folder': folder, **answer['facts']})
