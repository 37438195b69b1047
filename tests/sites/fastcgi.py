# SPDX-License-Identifier: BSD-3-Clause
"""As much of FastCGI as a web server needs to have PHP-FPM make a page."""
import json
import socket
import struct
import threading
import urllib.parse

from harness import TIME_LIMIT, Failure

BEGIN, END, PARAMS, STDIN, STDOUT, STDERR = 1, 3, 4, 5, 6, 7


def record(kind, content):
    return struct.pack('!BBHHBx', 1, kind, 1, len(content), 0) + content


def parameter(name, value):
    name, value = name.encode(), value.encode()
    return struct.pack('!BI', len(name), len(value) | 0x80000000) + name + value


def receive(connection, length):
    """Exactly so many bytes; fewer at the end, also where a process died that had not read all."""
    parts = b''
    while len(parts) < length:
        try:
            part = connection.recv(length - len(parts))
        except ConnectionResetError:
            part = b''
        if not part:
            break
        parts += part
    return parts


def get(path, script, **query):
    """The body of the answer, as much of it as a process said that died."""
    query = urllib.parse.urlencode(query)
    parameters = b''.join(parameter(*pair) for pair in {
        'SCRIPT_FILENAME': script, 'REQUEST_METHOD': 'GET', 'QUERY_STRING': query, 'REQUEST_URI': f'/?{query}',
        'SERVER_PROTOCOL': 'HTTP/1.1'}.items())
    said = b''
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(TIME_LIMIT)
        connection.connect(path)
        connection.sendall(record(BEGIN, struct.pack('!HB5x', 1, 0)) + record(PARAMS, parameters) +
                           record(PARAMS, b'') + record(STDIN, b''))
        while True:
            header = receive(connection, 8)
            if len(header) < 8:
                break
            _, kind, _, length, padding = struct.unpack('!BBHHBx', header)
            content = receive(connection, length + padding)[:length]
            if kind == STDOUT:
                said += content
            if kind == END:
                break
    return said.partition(b'\r\n\r\n')[2].decode(errors='replace')


class Request(threading.Thread):
    """A page that is being made."""

    def __init__(self, path, script, **query):
        super().__init__(daemon=True)
        self.arguments, self.query = (path, script), query
        self.body = None
        self.start()

    def run(self):
        try:
            self.body = get(*self.arguments, **self.query)
        except OSError as error:
            self.body = f'{error}'

    def ended(self):
        """The body, once there is no more to come."""
        self.join(TIME_LIMIT)
        if self.is_alive():
            raise Failure(f'the page {self.query} is never made')
        return self.body

    def lines(self):
        """Whole lines of it."""
        return self.ended().split('\n')[:-1]

    def answer(self):
        """What the page said; None if it was not made to its end."""
        self.ended()
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def result(self):
        answer = self.answer()
        if answer is None:
            raise Failure(f'the page {self.query} said: {self.body}')
        return answer['result']
