# SPDX-License-Identifier: BSD-3-Clause
"""PHP scripts that make calls on a space for a test (script.php): one that is asked, and crowds that count."""
import json
import os
import select
import subprocess
import threading
import time

from harness import TIME_LIMIT, Failure, need

HERE = os.path.dirname(os.path.abspath(__file__))


def until(happened, what):
    end = time.monotonic() + TIME_LIMIT
    while not happened():
        need(time.monotonic() < end, f'it never happens: {what}')
        time.sleep(0.02)


class Script:
    """One process with its connections. inside: a command that runs it elsewhere, in another network, say."""

    def __init__(self, run, dsn, inside=()):
        command = [*inside, 'php', '-n', '-d', f'extension={run.build}/ext/phpsync.so', f'{HERE}/script.php', dsn]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.asked = ''

    def begin(self, *words):
        """Asks, and does not wait for the answer."""
        self.asked = ' '.join(map(str, words))
        self.process.stdin.write(self.asked + '\n')
        self.process.stdin.flush()
        return self

    def has_answered(self):
        return bool(select.select([self.process.stdout], [], [], 0)[0])

    def answer(self):
        need(select.select([self.process.stdout], [], [], TIME_LIMIT)[0], f'"{self.asked}" never ends')
        line = self.process.stdout.readline()
        need(line, f'the script ended at "{self.asked}"')
        return json.loads(line)

    def call(self, *words):
        return self.begin(*words).answer()

    def does(self, *words):
        """A call that ends well; its result."""
        return self.ended_well(self.call(*words))

    def ended_well(self, answer=None):
        answer = answer or self.answer()
        need('thrown' not in answer, f'"{self.asked}": {answer.get("thrown")}: {answer.get("message")}')
        return answer['result']

    def fails(self, thrown, *words):
        """A call that throws that class, in one line; its answer."""
        answer = self.call(*words)
        need(answer.get('thrown') == thrown, f'"{self.asked}": {answer}, not {thrown}')
        need('\n' not in answer['message'], f'"{self.asked}": no single line: {answer["message"]}')
        return answer

    def asleep(self):
        """Returns once it sleeps in its call: no event tells that, so it looks."""
        end, seen = time.monotonic() + TIME_LIMIT, 0
        while seen < 5:
            with open(f'/proc/{self.process.pid}/stat', encoding='ascii', errors='replace') as file:
                seen = seen + 1 if ') S ' in file.read() else 0
            need(time.monotonic() < end, f'"{self.asked}" does not sleep')
            need(not self.has_answered(), f'"{self.asked}" ended at once')
            time.sleep(0.02)
        return self

    def close(self):
        self.process.kill()
        self.process.communicate()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Worker(threading.Thread):
    """Increments one Integer until it is told to stop, and keeps what it was answered."""

    def __init__(self, script, key):
        super().__init__(daemon=True)
        self.script, self.key = script, key
        self.results = []       # of increments that were done
        self.failures = []      # (class, message) of those that threw
        self.trouble = None
        self.stopping = False

    def run(self):
        try:
            while not self.stopping:
                answer = self.script.call('integer', self.key, 'increment')
                if 'thrown' in answer:
                    self.failures.append((answer['thrown'], answer['message']))
                else:
                    self.results.append(answer['result'])
        except (Failure, OSError, ValueError) as trouble:
            self.trouble = trouble


class Crowd:
    """Workers on one Integer."""

    def __init__(self, run, dsn, key, size=4, inside=()):
        self.workers = [Worker(Script(run, dsn, inside), key) for _ in range(size)]
        for worker in self.workers:
            worker.start()

    def results(self):
        return [result for worker in self.workers for result in list(worker.results)]

    def failures(self):
        return [failure for worker in self.workers for failure in list(worker.failures)]

    def until(self, happened, what):
        end = time.monotonic() + TIME_LIMIT
        while not happened():
            for worker in self.workers:
                need(worker.trouble is None, f'a worker: {worker.trouble}')
            need(time.monotonic() < end, f'{what}: never; the workers got {len(self.results())} results, failures: '
                                         f'{self.failures()[-3:]}')
            time.sleep(0.01)

    def go_on(self, more=40):
        """Until so many more increments are done, each worker's among them."""
        before = [len(worker.results) for worker in self.workers]
        each = max(1, more // len(self.workers))
        self.until(lambda: all(len(worker.results) >= had + each for worker, had in zip(self.workers, before)),
                   'increments go on')

    def stop(self):
        """Until each has its last answer."""
        for worker in self.workers:
            worker.stopping = True
        self.until(lambda: not any(worker.is_alive() for worker in self.workers), 'the workers stop')

    def close(self):
        for worker in self.workers:
            worker.stopping = True
            worker.script.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
