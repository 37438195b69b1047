# SPDX-License-Identifier: BSD-3-Clause
"""Throw-away certificates: good ones for this host, and some of each kind that is to be refused."""
import subprocess

from keeper import Trouble

NAMES = 'DNS:localhost,IP:127.0.0.1'


def openssl(*words):
    done = subprocess.run(['openssl', *words], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise Trouble(f'openssl {words[0]}: {done.stderr.strip()}')


def authority(folder, name):
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
            f'/CN=php-sync test {name}', '-keyout', f'{folder}/{name}.key', '-out', f'{folder}/{name}.crt')


def signed(folder, name, subject, by='ca', names=NAMES, days=2):
    """A key and a certificate by that authority, for servers and clients alike."""
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', f'/CN={subject}',
            '-addext', f'subjectAltName={names}', '-keyout', f'{folder}/{name}.key', '-out', f'{folder}/{name}.csr')
    openssl('x509', '-req', '-in', f'{folder}/{name}.csr', '-CA', f'{folder}/{by}.crt', '-CAkey', f'{folder}/{by}.key',
            '-CAcreateserial', '-days', str(days), '-copy_extensions', 'copy', '-out', f'{folder}/{name}.crt')


def make(folder):
    """NAME.crt and .key of the authorities ca and other, and of

    server          by ca, for localhost and 127.0.0.1
    client          by ca, for the user phpsync
    elsewhere       by ca, for another host
    expired         by ca, for a time that is over
    stranger        by other, for the user phpsync
    """
    authority(folder, 'ca')
    authority(folder, 'other')
    signed(folder, 'server', 'localhost')
    signed(folder, 'client', 'phpsync')
    signed(folder, 'elsewhere', 'elsewhere', names='DNS:elsewhere')
    signed(folder, 'expired', 'localhost', days=-1)
    signed(folder, 'stranger', 'phpsync', by='other')
