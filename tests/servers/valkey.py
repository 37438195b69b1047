# SPDX-License-Identifier: BSD-3-Clause
"""Valkey from Debian 13, for long test runs, without a change to this system.

Its package and what that depends on are fetched by apt (checked as ever, with lists and a status of their own) and
unpacked below out/servers/valkey, once, whoever needs it at the same time. The server runs from there, by that
system's own loader and libraries.
"""
import fcntl
import glob
import os
import shutil
import subprocess

from keeper import Trouble

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOME = f'{ROOT}/out/servers/valkey'


def run(*words):
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise Trouble(f'{words[0]} could not get valkey from Debian 13: {done.stderr.strip() or done.stdout.strip()}')
    return done.stdout


def mirror():
    """Where this system's packages come from."""
    sites = run('apt-get', 'indextargets', '--format', '$(SITE)', 'Created-By: Packages').split()
    debian = [site for site in sites if site.rstrip('/').endswith('/debian')]
    if not debian:
        raise Trouble('no mirror of Debian is among the sources of apt')
    return debian[0]


def fetch(apt):
    for folder in ('lists/partial', 'cache/archives/partial', 'parts'):
        os.makedirs(f'{apt}/{folder}')
    with open(f'{apt}/status', 'w', encoding='ascii'):
        pass
    with open(f'{apt}/sources.list', 'w', encoding='ascii') as file:
        file.write(f'deb {mirror()} trixie main\n')
    command = ['apt-get', '-qq', '-o', f'Dir::Etc::SourceList={apt}/sources.list',
               '-o', f'Dir::Etc::SourceParts={apt}/parts', '-o', f'Dir::State::Lists={apt}/lists',
               '-o', f'Dir::State::Status={apt}/status', '-o', f'Dir::Cache={apt}/cache',
               '-o', 'APT::Sandbox::User=root', '-o', 'Debug::NoLocking=1']
    run(*command, 'update')
    run(*command, 'install', '-y', '--download-only', '--no-install-recommends', 'valkey-server')
    return glob.glob(f'{apt}/cache/archives/*.deb')


def make():
    part = f'{HOME}.part'
    shutil.rmtree(part, ignore_errors=True)
    for package in fetch(f'{part}/apt'):
        run('dpkg-deb', '-x', package, f'{part}/system')
    shutil.rmtree(f'{part}/apt')
    os.rename(part, HOME)


def valkey_command():
    """The command that starts the server; it is fetched first if need be."""
    os.makedirs(os.path.dirname(HOME), exist_ok=True)
    with open(f'{HOME}.lock', 'w', encoding='ascii') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(HOME):
            make()
    system = f'{HOME}/system'
    loaders = glob.glob(f'{system}/usr/lib/*/ld-linux-*') + glob.glob(f'{system}/lib/*/ld-linux-*')
    if not loaders:
        raise Trouble(f'{system} has no loader; remove {HOME} to have it made anew')
    # Debian's server is the checker of its files under another name: it goes by the name it is called by.
    return [loaders[0], '--argv0', 'valkey-server', '--library-path', os.path.dirname(loaders[0]),
            os.path.realpath(f'{system}/usr/bin/valkey-server')]
