# SPDX-License-Identifier: BSD-3-Clause
"""Throw-away certificates: an authority, what it signed for this host, and an authority that signed nothing here."""
import subprocess

from keeper import Trouble

NAMES = 'subjectAltName=DNS:localhost,IP:127.0.0.1'


def openssl(*words):
    done = subprocess.run(['openssl', *words], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise Trouble(f'openssl {words[0]}: {done.stderr.strip()}')


def authority(folder, name):
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
            f'/CN=php-sync test {name}', '-keyout', f'{folder}/{name}.key', '-out', f'{folder}/{name}.crt')


def signed(folder, name, subject):
    """A key and a certificate by `ca`, for servers and clients alike."""
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', f'/CN={subject}',
            '-addext', NAMES, '-keyout', f'{folder}/{name}.key', '-out', f'{folder}/{name}.csr')
    openssl('x509', '-req', '-in', f'{folder}/{name}.csr', '-CA', f'{folder}/ca.crt', '-CAkey', f'{folder}/ca.key',
            '-CAcreateserial', '-days', '2', '-copy_extensions', 'copy', '-out', f'{folder}/{name}.crt')


def make(folder):
    """ca.crt, server.crt and .key (localhost, 127.0.0.1), client.crt and .key, other.crt (signed nothing)."""
    authority(folder, 'ca')
    authority(folder, 'other')
    signed(folder, 'server', 'localhost')
    signed(folder, 'client', 'phpsync')
