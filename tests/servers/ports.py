# SPDX-License-Identifier: BSD-3-Clause
"""Loopback ports that stay a server's own while it is down: none that the kernel hands to clients."""
import random
import socket

from keeper import Trouble


def free():
    """One that nobody listens on."""
    for _ in range(1000):
        port = random.randint(10000, 30000)     # below the usual range of clients' ports
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(('127.0.0.1', port))
            except OSError:
                continue
            return port
    raise Trouble('no loopback port is free')
