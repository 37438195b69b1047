# SPDX-License-Identifier: BSD-3-Clause
"""A keeper: the process that real servers of a test live under.

It is forked off by whoever starts the servers (servers.py), starts each as a child of its own, and obeys what comes
over a socket in its folder: stop, kill, pause, resume and start one again, on the same folder and address. Being the
parent it never hits a wrong process: a pid stays taken until its parent has looked.

It ends when told to or when its owner has ended, however that happened, and takes its servers and its folder along.
If it is killed itself, so are they (setpriv --pdeathsig); only the folder stays then.
"""
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import time

PATIENCE = 120      # seconds: what takes longer to start or to end never will


class Trouble(Exception):
    """What went wrong, in one line."""


def patiently(happened, what, why=lambda: ''):
    """Tries until it has happened."""
    end = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > end:
            raise Trouble(f'{what} took too long{why()}')
        time.sleep(0.01)


def descendants(pid):
    """All living processes below this one."""
    found = []
    try:
        for thread in os.listdir(f'/proc/{pid}/task'):
            with open(f'/proc/{pid}/task/{thread}/children', encoding='ascii') as file:
                for child in map(int, file.read().split()):
                    found += [child, *descendants(child)]
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


class Member:
    """One server. A recipe (redis.py, postgresql.py) makes them.

    command: started so, as often as it is asked for; user: who runs it (None: the user of the test);
    ready(): whether it answers; end_signal: what asks it to end; tidy(): cleans up behind one that was killed.
    """

    def __init__(self, name, command, ready, user=None, end_signal=signal.SIGTERM, tidy=lambda: None):
        self.name = name
        self.command = command
        self.ready = ready
        self.user = user
        self.end_signal = end_signal
        self.tidy = tidy
        self.log = None         # the keeper says where
        self.process = None

    @property
    def pid(self):
        return self.process.pid if self.process and self.process.poll() is None else None

    def said(self):
        """The end of what it said, on one line, fit to be put behind a message."""
        with open(self.log, encoding='utf-8', errors='replace') as file:
            lines = file.read().splitlines()[-3:]
        return ': ' + ' | '.join(lines) if lines else ''

    def start(self):
        if self.pid:
            return
        # It dies with its parent, by the parent's death signal; setpriv sets that after it changed the user.
        command = ['setpriv', '--pdeathsig', 'KILL']
        if self.user:
            command += ['--reuid', self.user, '--regid', self.user, '--init-groups']
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen([*command, '--', *self.command], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True)

        def answers():
            if self.pid is None:
                raise Trouble(f'{self.name} ended with status {self.process.returncode}{self.said()}')
            return self.ready()
        patiently(answers, f'starting {self.name}', self.said)

    def stop(self):
        """As a system's shutdown does."""
        if not self.pid:
            return
        self.resume()
        self.process.send_signal(self.end_signal)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Trouble(f'{self.name} did not stop{self.said()}') from None

    def kill(self):
        """All of its processes, at once."""
        if not self.pid:
            return
        self.process.send_signal(signal.SIGSTOP)    # it makes no more of them
        handles = []
        for pid in [self.pid, *descendants(self.pid)]:
            try:
                handles.append(os.pidfd_open(pid))
                signal.pidfd_send_signal(handles[-1], signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        for handle in handles:
            if not select.select([handle], [], [], PATIENCE)[0]:
                raise Trouble(f'a process of {self.name} does not end')
            os.close(handle)

    def pause(self):
        # The first process first: it starts no more of them then.
        for pid in [self.pid, *descendants(self.pid)] if self.pid else []:
            os.kill(pid, signal.SIGSTOP)

    def resume(self):
        for pid in [*descendants(self.pid), self.pid] if self.pid else []:
            os.kill(pid, signal.SIGCONT)

    def restart(self):
        self.kill()
        self.start()


VERBS = ('start', 'stop', 'kill', 'pause', 'resume', 'restart')


class Keeper:
    """Keeps a recipe's members until its owner ends or says so."""

    def __init__(self, recipe, owner):
        self.recipe = recipe
        self.folder = recipe.folder
        self.owner = owner
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(f'{self.folder}/control')
        self.listener.listen(16)

    def serve(self):
        """Until the end."""
        while True:
            ready = select.select([self.listener, self.owner], [], [])[0]
            if self.owner in ready:
                return
            connection = self.listener.accept()[0]
            with connection:
                request = json.loads(connection.recv(65536))
                if request['verb'] == 'end':
                    self.end()
                    connection.send(b'{}')
                    return
                connection.send(json.dumps(self.answer(request)).encode())

    def answer(self, request):
        try:
            names = request['members'] or list(self.recipe.members)
            for name in names:
                if name not in self.recipe.members:
                    raise Trouble(f"no server '{name}'; there are: {' '.join(self.recipe.members)}")
                if request['verb'] in VERBS:
                    getattr(self.recipe.members[name], request['verb'])()
            return {'pids': {name: member.pid for name, member in self.recipe.members.items()}}
        except (Trouble, OSError, subprocess.SubprocessError) as trouble:
            return {'trouble': str(trouble)}

    def end(self):
        for member in self.recipe.members.values():
            member.kill()
            member.tidy()
        shutil.rmtree(self.folder, ignore_errors=True)


def keep(make, folder, owner, report):
    """The life of a keeper's process: make(folder) is the recipe; what came of it goes to the socket `report`."""
    keeper = None
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_IGN)    # of a terminal; its owner gets it too
        recipe = make(folder)
        keeper = Keeper(recipe, owner)
        for name, member in recipe.members.items():
            member.log = f'{folder}/{name}.log'
            member.start()
        recipe.settle()
        report.send(json.dumps({'facts': recipe.facts}).encode())
        keeper.serve()
    except (Trouble, OSError, subprocess.SubprocessError, ValueError) as trouble:
        clear(keeper, folder)
        report.send(json.dumps({'trouble': str(trouble)}).encode())
    finally:
        clear(keeper, folder)


def clear(keeper, folder):
    if keeper:
        keeper.end()
    shutil.rmtree(folder, ignore_errors=True)
