# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of faults share: a server, a proxy before it, the programs that go through it, and counting."""
import os
import subprocess
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'servers'))

import servers      # noqa: E402

TIME_LIMIT = 300        # seconds; who hangs is a failure


class Failure(Exception):
    """A broken promise."""


class Skip(Exception):
    """It cannot be tested here, and why."""


def need(good, why):
    if not good:
        raise Failure(why)


class Run:
    """The build that is tested, and what was counted."""

    def __init__(self, build, seed=1):
        self.build = os.path.abspath(build)
        self.seed = seed
        self.passed = self.failed = self.skipped = 0

    def check(self, what, test, *arguments):
        try:
            test(*arguments)
        except Skip as skip:
            self.skipped += 1
            print(f'skipped {what} ({skip})', flush=True)
        except (Failure, servers.Trouble, OSError, subprocess.SubprocessError) as failure:
            self.failed += 1
            print(f'FAILED  {what}: {failure}', flush=True)
            if not isinstance(failure, Failure):
                traceback.print_exc(file=sys.stdout)
        else:
            self.passed += 1
            print(f'ok      {what}', flush=True)

    def program(self, name):
        return f'{self.build}/tests/faults/{name}'

    def total(self):
        print(f'{self.passed} passed, {self.failed} failed, {self.skipped} skipped')
        return 1 if self.failed or not self.passed else 0


class Engine:
    """A server's kind, and how its addresses are written."""

    def __init__(self, kind):
        self.kind = kind
        self.family = {'valkey': 'redis', 'pgbouncer': 'postgresql'}.get(kind, kind)

    def start(self, *options):
        return servers.start(self.kind, options)

    def dsn(self, server, **options):
        dsn = server.facts['dsn']
        separator = '&' if '?' in dsn else '?'
        return dsn + ''.join(f'{"&" if number else separator}{name}={value}'
                             for number, (name, value) in enumerate(options.items()))

    def socket(self, server):
        """The path of the server's own socket, which a proxy goes to."""
        if self.family == 'redis':
            return server.facts['socket']
        port = server.facts['dsn'].rsplit('port=', 1)[1]
        return f"{server.facts['socket']}/.s.PGSQL.{port}"

    def through(self, server, folder, **options):
        """A DSN that leads to the socket `front(folder)`."""
        return self.dsn(server, **options).replace(server.facts['folder'], folder)

    def front(self, server, folder):
        """Where a proxy listens in folder, so that clients take it for the server."""
        return f'{folder}/{os.path.basename(self.socket(server))}'


class Proxy:
    """A proxy before a socket, with its counts at the end."""

    def __init__(self, run, front, socket, *words):
        self.process = subprocess.Popen([run.program('proxy'), front, socket, *map(str, words)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != 'ready\n':
            raise Failure('the proxy did not start')

    def end(self):
        """How often it did what."""
        said = self.process.communicate(timeout=TIME_LIMIT)[0]
        need(self.process.returncode == 0, f'the proxy ended with status {self.process.returncode}')
        return {name: int(number) for name, number in (word.split('=') for word in said.split())}


def scratch():
    """A folder of a test's own, in reach of other users."""
    folder = tempfile.TemporaryDirectory(prefix='phpsync-faults.', dir=servers.place())
    os.chmod(folder.name, 0o711)
    return folder
