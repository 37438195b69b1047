# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2154,SC2016,SC2034
# (variables come from the runner; programs for other shells are quoted)
#
# What the tests of the command line tool are written with.

promises=() # the tests' names, in order

# promise NAME...: declares tests.
promise() {
    promises+=("$@")
}

# exits CODE COMMAND...: succeeds if the command ends with this code; keeps its output in
# $scratch/out and $scratch/err, and shows both if not.
exits() {
    local wanted=$1 got=0
    shift
    "$@" >"$scratch/out" 2>"$scratch/err" || got=$?
    [ "$got" -eq "$wanted" ] && return
    printf 'exit code %s instead of %s: %s\n' "$got" "$wanted" "${*@Q}"
    cat "$scratch/out" "$scratch/err"
    return 1
}

# prints TEXT: what the last `exits` printed on stdout.
prints() {
    equal "$1" "$(cat "$scratch/out")"
}

silent() {
    equal '' "$(cat "$scratch/out" "$scratch/err")"
}

# complains [REGEX]: the last `exits` printed nothing but one line on stderr, of the tool, that matches.
complains() {
    [ ! -s "$scratch/out" ] && [ "$(wc -l <"$scratch/err")" -eq 1 ] &&
        grep -qE "^phpsync: .*${1:-}" "$scratch/err" && return
    printf 'expected one line that matches %s, got:\n' "${1:-anything}"
    cat "$scratch/out" "$scratch/err"
    return 1
}

# json EXPRESSION: true for the JSON d that the last `exits` printed, in Python.
json() {
    python3 -c '
import json, sys
text = open(sys.argv[1]).read()
d = json.loads(text)
assert text.isascii(), "not ASCII"
assert eval(sys.argv[2]), f"{sys.argv[2]} is not true of {d}"' "$scratch/out" "$1"
}

# start COMMAND...: runs it in the background until the test ends; $! is its pid.
start() {
    "$@" &
    started+=($!)
}

# ended CODE PID: waits for a started process and compares its exit code.
ended() {
    local got=0
    wait "$2" || got=$?
    [ "$got" -eq "$1" ] || {
        printf 'process ended with %s instead of %s\n' "$got" "$1"
        return 1
    }
}

# until_true WHAT COMMAND...: for what nothing tells of: looks until it is true, fails after ten seconds.
until_true() {
    local tries=1000
    until "${@:2}" >/dev/null 2>&1; do
        ((tries-- > 0)) || {
            printf 'it did not come true: %s\n' "$1"
            return 1
        }
        sleep 0.01
    done
}

is_in_futex() {
    local call
    read -r call _ <"/proc/$1/syscall" 2>/dev/null || return
    case $(uname -m).$call in x86_64.202 | aarch64.98) ;; *) return 1 ;; esac
}

# until_waiting PID: until the process sleeps in the engine.
until_waiting() {
    until_true "process $1 waits" is_in_futex "$1"
}

is_gone() {
    local state
    state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) || return 0
    [ "$state" = Z ]
}

# seconds_of COMMAND...: how long it takes, in whole milliseconds, on stdout.
milliseconds_of() {
    local before=${EPOCHREALTIME/[.,]/}
    "$@" >/dev/null 2>&1
    printf '%s\n' $(((${EPOCHREALTIME/[.,]/} - before) / 1000))
}

# A process that has taken the Lock and ended.
ghost() {
    phpsync lock "$1"
}

# hold KEY [OPTION...]: takes a Hold in the background and returns when it is there; $! is phpsync's
# pid, $command that of the command.
hold() {
    mkfifo "$here_is/held"
    start phpsync run "${@:2}" "$1" -- sh -c 'echo $$ >"$0"; exec sleep 1000' "$here_is/held"
    read -r command <"$here_is/held"
    rm "$here_is/held"
}
