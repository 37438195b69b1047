# SPDX-License-Identifier: BSD-3-Clause
"""The tests that need a terminal: terminal.py NAME runs one of them, in the space of $PHPSYNC_DSN."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time


class Terminal:
    """A command on a terminal of its own, and what it showed there."""

    def __init__(self, *command, columns=80):
        self.shown = ""
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
            os.execvp(command[0], command)

    def expect(self, pattern, seconds=10):
        """Waits until what came since the last match holds the pattern."""
        deadline = time.monotonic() + seconds
        while not (match := re.search(pattern, self.shown)):
            ready, _, _ = select.select([self.file], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"no {pattern!r} in {self.shown!r}"
            self.shown += self.read()
        self.shown = self.shown[match.end():]
        return match

    def read(self):
        data = os.read(self.file, 65536)
        return data.decode()

    def send(self, text):
        os.write(self.file, text.encode())

    def end(self):
        """Reads to the end; returns the exit code, or the signal as a negative number."""
        try:
            while data := self.read():
                self.shown += data
        except OSError:  # the other side is closed
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


LISTENER = """
import signal
numbers = {signal.SIGINT, signal.SIGUSR2}
signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
print("ready", flush=True)
while (number := signal.sigwait(numbers)) == signal.SIGINT: print("one SIGINT", flush=True)
print("end", flush=True)
"""


def interrupt_once():
    """SIGUSR2 comes after each SIGINT that phpsync could have passed on; the command tells what it got."""
    terminal = Terminal("phpsync", "run", "k", "--", "python3", "-c", LISTENER)
    terminal.expect("ready")
    for _ in range(20):
        terminal.send("\x03")
        terminal.expect("one SIGINT")
    os.kill(terminal.pid, signal.SIGUSR2)
    between = terminal.expect("(?s)(.*)end").group(1)
    assert "SIGINT" not in between, between
    assert terminal.end() == 0


def suspend_and_resume():
    shell = 'set -m; phpsync run k -- cat; echo "first: $?"; phpsync exists k && fg; echo "second: $?"'
    terminal = Terminal("bash", "-c", shell)
    terminal.send("one\n")
    terminal.expect("one\r\none\r\n")
    terminal.send("\x1a")
    terminal.expect("first: 14[78]")
    terminal.expect("phpsync run")  # the shell names the job that it goes on with
    terminal.send("two\n")
    terminal.expect("two\r\n.*two\r\n")
    terminal.send("\x04")
    terminal.expect("second: 0")
    assert terminal.end() == 0
    assert subprocess.call(["phpsync", "exists", "k"]) == 1


def interrupt_waiting():
    terminal = Terminal("phpsync", "run", "k", "--", "echo", "ran")
    until_waiting(terminal.pid)
    terminal.send("\x03")
    assert terminal.end() == -signal.SIGINT
    assert "ran" not in terminal.shown


def until_waiting(pid):
    for _ in range(1000):
        with open(f"/proc/{pid}/syscall") as file:
            if file.read().split()[0] in ("202", "98"):
                return
        time.sleep(0.01)
    raise AssertionError("it does not wait")


def set_to(value):
    subprocess.check_call(["phpsync", "set", "k", str(value)])


def progress_bar():
    """One line that is drawn over and over, as wide as the terminal allows, and ended once."""
    set_to(0)
    terminal = Terminal("phpsync", "progress", "k", "200", columns=60)
    terminal.expect(r"\rk  \[\.+\]  0/200    0%")
    set_to(50)
    terminal.expect(r"\rk  \[#+\.+\]  50/200   25%  [0-9.]+/s  [0-9:]+ left")
    set_to(199)
    terminal.expect(r"\rk  \[#+\.+\]  199/200   99%")
    set_to(200)
    rest = terminal.expect(r"(?s)(.*)\rk  \[#+\]  200/200  100%[^\r\n]*\r\n").group(1)
    assert "\n" not in rest, rest
    assert terminal.end() == 0
    assert terminal.shown == "", terminal.shown


def progress_fits():
    """No line is wider than the terminal, and no key acts on it."""
    key = "long \x1b[31m" + "k" * 100
    subprocess.check_call(["phpsync", "set", "--", key, "5"])
    for columns in (20, 24, 40, 80, 200, 400):
        terminal = Terminal("phpsync", "progress", "-n", key, "9223372036854775807", columns=columns)
        assert terminal.end() == 1
        lines = terminal.shown.replace("\r\n", "\r").split("\r")
        assert any(lines) and "\x1b" not in terminal.shown, terminal.shown
        assert max(map(len, lines)) < columns, (columns, lines)


def progress_redraws_seldom():
    """However fast the value changes, a line is drawn about ten times a second at most."""
    begin = time.monotonic()
    terminal = Terminal("phpsync", "progress", "k", "400")
    for value in range(0, 401):
        set_to(value)
    assert terminal.end() == 0
    most = (time.monotonic() - begin) * 10 + 3
    assert 2 <= terminal.shown.count("\r") <= most, (terminal.shown.count("\r"), most)


def progress_interrupted():
    """The line is ended, and the command dies by the signal."""
    set_to(1)
    terminal = Terminal("phpsync", "progress", "k", "10")
    terminal.expect("1/10")
    terminal.send("\x03")
    assert terminal.end() == -signal.SIGINT
    assert terminal.shown.endswith("\r\n"), terminal.shown


if __name__ == "__main__":
    globals()[sys.argv[1]]()
