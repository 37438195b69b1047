# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of the file driver share: one space, the program that uses it (file.c), and counting."""
import os
import re
import shutil
import subprocess
import tempfile
import time

ONE, OTHER, GROUP = 4001, 4002, 4003        # users and a group that this host need not know
DIGEST = '8ce4b16b22b58894aa86c421e8759df3'     # md5 of the key "k"
TIME_LIMIT = 60        # seconds; who hangs is a failure

# The leak sanitizer is a tracer itself, and does not work below another.
TRACEABLE = {**os.environ, 'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0'}


class Space:
    """A folder of this run's own below `folder`, with the space in it."""

    def __init__(self, program, folder, long=False):
        self.long = long
        self.base = tempfile.mkdtemp(prefix='phpsync-file.', dir=folder)
        os.chmod(self.base, 0o711)
        self.root = self.base + '/space'
        self.program = shutil.copy(program, self.base + '/file')    # where other users can reach it
        self.passed = self.failed = self.skipped = 0

    def close(self):
        shutil.rmtree(self.base, ignore_errors=True)

    # ---- counting

    def check(self, what, good, why=''):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f'FAILED {what}: {why}', flush=True)

    def skip(self, what, why):
        self.skipped += 1
        print(f'skipped {what} ({why})', flush=True)

    def why_no_others(self):
        """Why nobody else can be had who runs the program in this folder, or None."""
        if os.geteuid() != 0 or not shutil.which('setpriv'):
            return 'needs root'
        # 126 and 127: the program, or the library that it loads from where it was built, is out of their reach.
        entered = subprocess.run(['setpriv', f'--reuid={ONE}', f'--regid={ONE}', '--clear-groups', self.program],
                                 check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
        if entered not in (126, 127):
            return None
        return f'other users cannot run {self.program}'

    # ---- the program

    def command(self, *action, options='', user=None, groups=(), umask=None, strace=(), folder=None):
        words = [self.program, f'file://{folder or self.root}{options}', *action]
        if strace:
            words = ['strace', '-qq', '-f', *strace] + words
        if umask is not None:
            words = ['sh', '-c', f'umask {umask}; exec "$@"', 'sh'] + words
        if user is not None:
            extra = [f'--groups={",".join(map(str, groups))}'] if groups else ['--clear-groups']
            words = ['setpriv', f'--reuid={user}', f'--regid={user}'] + extra + words
        return words

    def run(self, *action, environment=None, **how):
        """What it printed."""
        try:
            done = subprocess.run(self.command(*action, **how), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, timeout=TIME_LIMIT, env={**TRACEABLE, **(environment or {})})
        except subprocess.TimeoutExpired:
            return f'nothing in {TIME_LIMIT} seconds'
        return done.stdout.strip()

    def start(self, action, **how):
        """A program that waits; returns when it sleeps."""
        process = subprocess.Popen(self.command(action, **how), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, env=TRACEABLE)
        if process.stdout.readline() == 'waits\n':
            await_asleep(process.pid if not how.get('strace') else child_of(process.pid))
        return process

    def woken(self, what, process):
        """Checks that what waits is woken: it gives up after two minutes, and says so."""
        told = process.communicate(timeout=180)[0].strip()
        self.check(what, told == '0', told)

    # ---- the folder

    def fresh(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def place(self, category):
        """Where the key's file lies."""
        return f'{self.root}/{category}/{DIGEST[:2]}/{DIGEST[2:4]}/{DIGEST}'

    def state(self, **how):
        """(lock, integer), or what was said instead."""
        return parse_state(self.run('state', **how))


def parse_state(line):
    told = re.fullmatch(r'lock=(\S+) integer=(\S+)', line)
    return told.groups() if told else line


def child_of(pid):
    with open(f'/proc/{pid}/task/{pid}/children') as file:
        return int(file.read().split()[0])


def await_asleep(pid):
    """Returns when the process has been asleep at each of three looks, or after a while."""
    seen = 0
    for _ in range(2000):
        with open(f'/proc/{pid}/stat') as file:
            seen = seen + 1 if file.read().rsplit(')', 1)[1].split()[0] == 'S' else 0
        if seen == 3:
            return
        time.sleep(0.005)


def switches(pid):
    """How often the process has gone to sleep so far."""
    with open(f'/proc/{pid}/status') as file:
        return int(re.search(r'^voluntary_ctxt_switches:\s+(\d+)', file.read(), re.M).group(1))


def descriptors(pid):
    """What the process has open."""
    found = []
    for name in os.listdir(f'/proc/{pid}/fd'):
        try:
            found.append(os.readlink(f'/proc/{pid}/fd/{name}'))
        except FileNotFoundError:
            pass
    return found
