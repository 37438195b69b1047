# SPDX-License-Identifier: BSD-3-Clause
"""PostgreSQL with a standby that is promoted: one DSN names both, and workers and waiters find the one that can be
written to.
"""
import os
import subprocess

import servers
from harness import TIME_LIMIT, need
from scripts import Crowd, Script, until

PATIENT = 600
SHORT = 8


def sql(pair, fact, statement):
    done = subprocess.run([f"{pair.facts['bin']}/psql", '-XAtq', '-c', statement, pair.facts[fact]], check=True,
                          capture_output=True, text=True, timeout=TIME_LIMIT)
    return done.stdout.strip()


def promote(pair):
    need(sql(pair, 'standby', 'SELECT pg_promote(true, 600)') == 't', 'the standby was not promoted')


def locked(run, pair):
    """A script that waits for a Lock which the standby has too."""
    with Script(run, f"{pair.facts['dsn']}&timeout={PATIENT}") as admin:
        admin.does('lock', 'pause', 'lock')
    waiter = Script(run, f"{pair.facts['dsn']}&timeout={PATIENT}").begin('lock', 'pause', 'wait').asleep()
    until(lambda: sql(pair, 'standby', 'SELECT count(*) FROM phpsync.locks WHERE held') == '1', 'the standby has the Lock')
    return waiter


def unlocked(run, pair, waiter):
    """After the failover: the wait still lasts, and ends now."""
    need(not waiter.has_answered(), 'the wait ended though nothing was unlocked')
    with Script(run, f"{pair.facts['dsn']}&timeout={PATIENT}") as script:
        need(script.does('lock', 'pause', 'unlock') is True, 'the Lock was lost')
    waiter.ended_well()


def value_of(run, pair):
    with Script(run, f"{pair.facts['dsn']}&timeout={PATIENT}") as script:
        return script.does('integer', 'n', 'refresh')


def over_a_failover(run, pair):
    """A crowd that counts while the primary is killed and the standby promoted, and has ended; nothing of it failed."""
    with Crowd(run, f"{pair.facts['dsn']}&timeout={PATIENT}", 'n') as crowd, locked(run, pair) as waiter:
        crowd.go_on()
        pair.kill('primary')
        highest = max(crowd.results())
        promote(pair)
        crowd.go_on()
        crowd.until(lambda: all(worker.results[-1] > highest for worker in crowd.workers), 'new values')
        unlocked(run, pair, waiter)
        crowd.stop()
        need(not crowd.failures(), f'an increment failed: {crowd.failures()[-3:]}')
        return crowd.results(), value_of(run, pair)


def asynchronous(run):
    """What the standby had not got is lost, and nothing else: each value up to the last is some call's own result."""
    with servers.start('standby', ['synchronous_commit=on']) as pair:
        results, value = over_a_failover(run, pair)
    need(set(results) == set(range(1, value + 1)), f'the results up to {value} are not all there: {len(set(results))}')
    print(f'        {len(results)} increments, {len(results) - value} lost with the old primary', flush=True)


def synchronous(run):
    with servers.start('standby', ['synchronous_commit=on', "synchronous_standby_names='*'"]) as pair:
        results, value = over_a_failover(run, pair)
    need(sorted(results) == list(range(1, value + 1)), f'{len(results)} increments made {value}')


def stopped(run):
    """A primary that no longer answers, though its connections stand: a call each may not know, and the next goes on."""
    with servers.start('standby', ['synchronous_commit=on', "synchronous_standby_names='*'"]) as pair, \
            Crowd(run, f"{pair.facts['dsn']}&timeout={SHORT}", 'n') as crowd:
        crowd.go_on()
        pair.pause('primary')
        promote(pair)
        crowd.go_on()
        crowd.stop()
        unknown = [message for thrown, message in crowd.failures() if thrown == 'OutcomeUnknownException']
        pair.kill('primary')
        value, done = value_of(run, pair), len(crowd.results())
    need(done <= value <= done + len(unknown), f'{done} done, {len(unknown)} unknown, but the value is {value}')


def test(run):
    run.check('standby: asynchronous, workers and a waiter go on after the promotion', asynchronous, run)
    run.check('standby: synchronous, no increment is lost', synchronous, run)
    if os.environ.get('long'):
        run.check('standby: a primary that is stopped holds nobody up for longer than the time-out', stopped, run)
