# SPDX-License-Identifier: BSD-3-Clause
"""wait_replicas=1: what was confirmed survives the primary, and where no replica is left the call says so in time."""
import servers
from harness import need
from scripts import Crowd, Script, until
from sentinel_site import PATIENT, follows

TIMEOUT = 8         # seconds
LATE = 60           # what is not said by then, beyond the time-out, is not said: a busy machine is slower than a clock
FEW = 'only 0 of the 1 replicas'


def counts_exactly(run, trio):
    dsn = trio.facts['dsn']
    with Crowd(run, f'{dsn}?wait_replicas=1&timeout={TIMEOUT}', 'n') as crowd:
        crowd.go_on()
        need(not crowd.failures(), f'an increment failed: {crowd.failures()[-3:]}')
        trio.kill('primary')
        crowd.until(lambda: all(any(FEW in message for _, message in worker.failures) for worker in crowd.workers),
                    'it is told that the replica is missing')
        crowd.stop()
    with Script(run, f'{dsn}?timeout={PATIENT}') as script:
        value = script.does('integer', 'n', 'refresh')
    results, failures = crowd.results(), crowd.failures()
    done = sum(FEW in message for _, message in failures)
    unknown = sum(thrown == 'OutcomeUnknownException' for thrown, _ in failures) - done
    need(len(set(results)) == len(results) and max(results) <= value, 'two increments had the same result')
    need(len(results) + done <= value <= len(results) + done + unknown,
         f'{len(results)} confirmed, {done} done, {unknown} unknown, but the value is {value}')


def says_so_in_time(run, trio):
    dsn = f"{trio.facts['dsn']}?wait_replicas=1&timeout={TIMEOUT}"
    with Script(run, dsn) as script, Script(run, f"{trio.facts['dsn']}?timeout={PATIENT}") as other:
        for call in (('integer', 'k', 'increment'), ('lock', 'l', 'lock'), ('lock', 'l', 'tryLock')):
            answer = script.fails('OutcomeUnknownException', *call)
            need('replicas' in answer['message'] and answer['seconds'] < TIMEOUT + LATE, f'{call}: {answer}')
        until(lambda: not other.does('lock', 'l', 'exists'), 'a Lock that was not taken is free')
        need(other.does('integer', 'k', 'refresh') == 1, 'the increment')
        trio.start('primary')
        until(lambda: follows(trio, 'primary'), 'the old primary follows the new one')
        need(script.does('integer', 'k', 'increment') == 2, 'the increment after it')
        script.does('lock', 'l', 'lock')
        need(script.does('lock', 'l', 'unlock') is True, 'unlock')


def test(run):
    with servers.start('sentinel', ['sentinels=3']) as trio:
        run.check('wait_replicas: a confirmed increment survives the failover', counts_exactly, run, trio)
        run.check('wait_replicas: without a replica a call says so in time, with one it is confirmed', says_so_in_time,
                  run, trio)
