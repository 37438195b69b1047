# SPDX-License-Identifier: BSD-3-Clause
"""A request that is held back on its way until its caller has given it up, and that gets to the server at last: an
unlock then frees nobody who came later, of whatever process; an increment is done no more."""
import os
import select
import socket
import subprocess
import threading

from engines import OTHER, UNAVAILABLE, Tool
from harness import TIME_LIMIT, Failure, need, scratch

TIMEOUT = 2         # seconds until a caller gives up
NO = 1              # the tool's status


class Valve:
    """Stands between a client, with one connection at a time, and a server. It holds back the client's chunk after so
    many (let) have passed, and from then on lets nobody through."""

    def __init__(self, front, server, let):
        self.front, self.server, self.let, self.passed = front, server, let, 0
        self.held = None                # a connection to the server, and what it has yet to get
        self.ends = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(front)
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        for end in (*self.ends, self.listener):
            end.close()
        os.unlink(self.front)

    def serve(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return                  # shut down
            self.ends.append(client)
            if self.held:
                client.close()
            else:
                self.connect(client)

    def connect(self, client):
        server = socket.socket(socket.AF_UNIX)
        server.settimeout(TIME_LIMIT)
        server.connect(self.server)
        self.ends.append(server)
        try:
            while not self.held and self.pass_on(client, server):
                pass
        except OSError:
            pass
        if not self.held:
            client.close()
            server.close()

    def pass_on(self, client, server):
        for end in select.select([client, server], [], [])[0]:
            chunk = end.recv(65536)
            if not chunk:
                return False
            if end is server:
                client.sendall(chunk)
            elif self.passed == self.let:
                self.held = server, chunk
                break
            else:
                server.sendall(chunk)
                self.passed += 1
        return True

    def hold_next(self):
        self.let = self.passed

    def open(self):
        """Lets through all but what it holds back, which it returns."""
        held, self.held, self.let = self.held, None, None
        return held

    def deliver(self):
        """What was held back gets to the server, which has served it once it says something."""
        deliver(*self.held)


def deliver(server, chunk):
    server.sendall(chunk)
    server.recv(65536)


def a_late_unlock(run, engine):
    """Each chunk of an unlock but the last is held back in turn, from the end, until one is the release."""
    with engine.start() as server, scratch() as folder:
        direct = Tool(run, engine.dsn(server, timeout=TIME_LIMIT))
        through = Tool(run, engine.through(server, folder, timeout=TIMEOUT))
        front, back = engine.front(server, folder), engine.socket(server)
        need(direct('lock', 'k')[0] == 0, 'lock')
        with Valve(front, back, None) as valve:
            need(through('unlock', 'k')[0] == 0, 'unlock')
        let, unknown = valve.passed, False
        while not unknown and let > 0:
            let -= 1
            unknown = held_back(direct, through, front, back, let)
        need(unknown, 'no unlock ended with an unknown outcome')


def held_back(direct, through, front, back, let):
    """Whether the unlock's caller could not know what came of it."""
    key = f'k{let}'
    need(direct('lock', key)[0] == 0, 'lock')
    with Valve(front, back, let) as valve:
        status, _, error = through('unlock', key)
        if not valve.held:
            return False
        need(status in (0, OTHER, UNAVAILABLE), f'unlock: status {status}, {error}')
        if status != 0:
            freed = direct('unlock', key)[0]
            # What announces a release may have got through before it: the outcome is unknown then, too.
            need(freed == 0 or (freed == NO and status == OTHER), 'it was freed before its release came')
        need(direct('lock', '-n', key)[0] == 0, 'the next owner does not get it')
        valve.deliver()
        need(direct('exists', key)[0] == 0, 'an unlock of before freed an owner who came later')
    return status == OTHER and 'answer was lost' in error


class Adder:
    """A client that lives on (adder.c)."""

    def __init__(self, run, dsn):
        self.process = subprocess.Popen([run.program('adder'), dsn], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(TIME_LIMIT)
        self.process.stdout.close()

    def __call__(self, word):
        self.process.stdin.write(f'{word}\n')
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


TRIES = 10      # on a machine that is too slow for TIMEOUT


def number(adder, word, in_a_row):
    """What it says at last when it has succeeded that often one after the other."""
    row, said = 0, ''
    for _ in range(TRIES * in_a_row):
        said = adder(word)
        row = row + 1 if said.isdigit() else 0
        if row == in_a_row:
            return said
    raise Failure(f'{word}: {said}')


def a_late_increment(run, engine):
    """Some increments come before it: then it goes the shortest way that there is."""
    with engine.start() as server, scratch() as folder:
        direct = Tool(run, engine.dsn(server, timeout=TIME_LIMIT))
        with Valve(engine.front(server, folder), engine.socket(server), None) as valve, \
                Adder(run, engine.through(server, folder, timeout=TIMEOUT)) as adder:
            said, tries = '', TRIES
            while said != 'unknown':
                before = number(adder, 'add', 5)
                valve.hold_next()
                said, held, tries = adder('add'), valve.open(), tries - 1
                need(tries, f'an increment that was held back: {said}')
            need(number(adder, 'get', 1) == before, 'it was done before it came')
            deliver(*held)
            need(direct('get', 'k')[1] == before, 'it was done after its caller had given it up, and looked')


def test(run, engine):
    run.check(f'{engine.kind}: an unlock that comes late frees no later owner', a_late_unlock, run, engine)
    run.check(f'{engine.kind}: an increment that comes after it was given up is not done', a_late_increment, run, engine)
