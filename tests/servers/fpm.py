# SPDX-License-Identifier: BSD-3-Clause
"""How PHP-FPM is started. Options of `fpm`:

    extension=FILE  a module that it loads
    ini:NAME=VALUE  any setting of php.ini
    env:NAME=VALUE  what its scripts find in their environment
    NAME=VALUE      any directive of the pool: pm.max_children=4 (default 3, all started at once)

Fact: `socket`, which speaks FastCGI. It is the php-fpm of the `php` on the PATH.
"""
import os
import shutil
import socket
import subprocess

from keeper import Member, Trouble


def program():
    """The php-fpm of this system's php; Debian puts the version into its name, and keeps it off users' PATHs."""
    php = shutil.which('php')
    if php:
        said = subprocess.run([php, '-n', '-r', 'echo PHP_BINARY, " ", PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;'],
                              check=False, capture_output=True, text=True).stdout.split()
        if len(said) == 2:
            beside = f'{os.path.dirname(os.path.dirname(said[0]))}/sbin/php-fpm'
            for path in (f'/usr/sbin/php-fpm{said[1]}', beside):
                if os.access(path, os.X_OK):
                    return path
    raise Trouble('there is no php-fpm for the php on the PATH')


class Fpm:
    """One pool of processes that are all there from the beginning."""

    def __init__(self, folder, options):
        self.folder = folder
        self.path = f'{folder}/fpm.sock'
        self.facts = {'socket': self.path}
        pairs = [option.split('=', 1) for option in options]
        if any(len(pair) < 2 for pair in pairs):
            raise Trouble('options of fpm are NAME=VALUE')
        directives = {'listen': self.path, 'pm': 'static', 'pm.max_children': 3, 'clear_env': 'no'}
        if os.geteuid() == 0:
            directives['user'] = 'root'
        settings = []
        for name, value in pairs:
            if name == 'extension':
                settings += ['-d', f'extension={value}']
            elif name.startswith('ini:'):
                settings += ['-d', f'{name[4:]}={value}']
            elif name.startswith('env:'):
                directives[f'env[{name[4:]}]'] = f"'{value}'"
            else:
                directives[name] = value
        with open(f'{folder}/fpm.conf', 'w', encoding='utf-8') as file:
            file.write(f'[global]\nerror_log = {folder}/error.log\ndaemonize = no\n[www]\n')
            file.writelines(f'{name} = {value}\n' for name, value in directives.items())
        command = [program(), '-n', *settings, '-R', '-y', f'{folder}/fpm.conf']
        self.members = {'fpm': Member('fpm', command, self.answers)}

    def answers(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            try:
                connection.connect(self.path)
            except OSError:
                return False
        return True

    def settle(self):
        """It listens: there is nothing more."""
