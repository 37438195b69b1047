# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2154,SC2016
# (variables come from the runner; programs for other shells are quoted)
#
# run: a command under a Hold.

promise run_ends_with_the_exit_code_of_its_command
run_ends_with_the_exit_code_of_its_command() {
    local code
    for code in 0 1 7 64 255; do exits "$code" phpsync run k -- sh -c "exit $code" && silent || return; done
    exits 143 phpsync run k -- sh -c 'kill -TERM $$' && exits 137 phpsync run k -- sh -c 'kill -KILL $$'
}

promise run_tells_a_missing_command_by_127_and_one_that_cannot_run_by_126
run_tells_a_missing_command_by_127_and_one_that_cannot_run_by_126() {
    echo text >"$here_is/file"
    exits 127 phpsync run k -- no-such-command-here && complains no-such-command-here &&
        exits 127 phpsync run k -- "$here_is/missing" && complains && exits 126 phpsync run k -- "$here_is/file" &&
        complains && exits 126 phpsync run k -- "$here_is" && complains && exits 1 phpsync exists k
}

promise run_hands_arguments_input_and_output_through
run_hands_arguments_input_and_output_through() {
    through_cat() { printf 'in\0put' | phpsync run k -- cat; }
    exits 0 phpsync run k -- printf '<%s>' a 'b c' '' -- -n --json && prints '<a><b c><><--><-n><--json>' &&
        exits 0 through_cat && cmp "$scratch/out" <(printf 'in\0put') &&
        exits 0 phpsync run -- -k -- printf '<%s>' -- x && prints '<--><x>'
}

promise a_command_under_run_starts_like_one_without_it
a_command_under_run_starts_like_one_without_it() {
    local signals=(grep -E '^Sig[PBIC]|^Shd' /proc/self/status) # not from a shell, which may clear its mask
    local look='for file in /proc/self/fd/*; do readlink "$file"; done; ulimit -a; pwd'
    (trap '' USR1; "${signals[@]}"; sh -c "$look") </dev/null >"$scratch/alone" 2>/dev/null
    (trap '' USR1; phpsync run k -- "${signals[@]}"; phpsync run k -- sh -c "$look") </dev/null >"$scratch/under" 2>/dev/null
    equal "$(sed 's/^.*under$/OUT/; s/^.*alone$/OUT/; s|/proc/[0-9]*/fd|FD|' "$scratch/alone")" \
        "$(sed 's/^.*under$/OUT/; s/^.*alone$/OUT/; s|/proc/[0-9]*/fd|FD|' "$scratch/under")"
}

promise run_holds_the_lock_while_its_command_runs_and_not_longer
run_holds_the_lock_while_its_command_runs_and_not_longer() {
    exits 0 phpsync run k -- phpsync exists k && exits 1 phpsync exists k && hold k &&
        exits 0 phpsync exists --json k && json 'd["hold"] is True and d["owner_alive"] is True' &&
        json "d['pid'] == ${started[0]}" && kill -TERM "${started[0]}" && ended 143 "${started[0]}" &&
        exits 1 phpsync exists k
}

promise the_owner_of_a_run_is_the_commands_path_without_its_arguments
the_owner_of_a_run_is_the_commands_path_without_its_arguments() {
    exits 0 phpsync run k -- "$(command -v env)" SECRET=secret phpsync exists --json k &&
        json "d['label'] == '$(command -v env)'" && ! grep -q secret "$scratch/out" &&
        exits 0 phpsync run k -- env SECRET=secret phpsync ls && grep -q "$(command -v env)" "$scratch/out" &&
        ! grep -q secret "$scratch/out"
}

promise of_two_runs_the_second_is_refused_or_waits
of_two_runs_the_second_is_refused_or_waits() {
    hold k
    exits 1 phpsync run -n k -- touch "$here_is/ran" && silent && exits 9 phpsync run -n -E 9 k -- touch "$here_is/ran" &&
        exits 1 phpsync run -w 0.1 k -- touch "$here_is/ran" && [ ! -e "$here_is/ran" ] || return
    start phpsync run k -- touch "$here_is/ran"
    until_waiting $! && kill -TERM "${started[0]}" && ended 0 $! && [ -e "$here_is/ran" ]
}

# signal_listener FIFO: names each signal it gets in the fifo, ends at SIGTERM with code 3.
signal_listener='
import signal, sys
names = "SIGINT SIGTERM SIGHUP SIGQUIT SIGUSR1 SIGUSR2 SIGWINCH SIGCONT".split()
numbers = {signal.Signals[name] for name in names}
signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
fifo = open(sys.argv[1], "w", buffering=1)
print("ready", file=fifo)
while True:
    number = signal.sigwait(numbers)
    print(signal.Signals(number).name, file=fifo)
    if number == signal.SIGTERM: sys.exit(3)'

promise run_passes_signals_on_to_its_command
run_passes_signals_on_to_its_command() {
    local name got pid
    mkfifo "$here_is/fifo"
    start phpsync run k -- python3 -c "$signal_listener" "$here_is/fifo"
    pid=$! # `equal` starts processes too
    exec 8<"$here_is/fifo"
    read -r -t 10 got <&8 && equal ready "$got" || return
    for name in SIGINT SIGHUP SIGQUIT SIGUSR1 SIGUSR2 SIGWINCH SIGCONT SIGTERM; do
        kill -$name $pid && read -r -t 10 got <&8 && equal $name "$got" || return
    done
    exec 8<&-
    ended 3 $pid
}

promise a_signal_during_the_start_is_not_lost
a_signal_during_the_start_is_not_lost() {
    for _ in {1..20}; do
        phpsync run k -- sleep 1000 &
        started=($!)
        until_true 'the Lock is taken' phpsync exists k && kill -TERM $! && ended 143 $! && exits 1 phpsync exists k || return
    done
}

# family FOLDER: starts a child, a grandchild, and one in a session of its own; each writes its pid.
family='
    setsid sh -c "trap \"touch $0/asked; exit\" TERM; echo \$\$ >$0/daemon; while :; do sleep 1000; done" &
    sh -c "echo \$\$ >$0/child; sh -c \"echo \\\$\\\$ >$0/grandchild; exec sleep 1000\"; touch $0/went-on" &
    (sh -c "echo \$\$ >$0/orphan; exec sleep 1000" &)
    echo $$ >$0/command
    until [ -s $0/daemon ] && [ -s $0/child ] && [ -s $0/grandchild ] && [ -s $0/orphan ]; do sleep 0.01; done
    echo >$0/ready
    wait
    sleep 1000; touch $0/went-on'

family_is_gone() {
    local member
    for member in command child grandchild daemon orphan; do
        is_gone "$(cat "$here_is/$member")" || return
    done
}

# start_family: runs the family under a Hold; $! is phpsync's pid.
start_family() {
    mkfifo "$here_is/ready"
    start phpsync run k "$@" -- sh -c "$family" "$here_is"
    read -r <"$here_is/ready"
}

parent_of() {
    sed 's/.*) . //; s/ .*//' "/proc/$1/stat"
}

promise killing_phpsync_kills_the_command_and_all_it_started_and_frees_the_lock
killing_phpsync_kills_the_command_and_all_it_started_and_frees_the_lock() {
    start_family
    start phpsync lock -w 10 k
    until_waiting $! && kill -KILL "${started[0]}" && ended 0 $! && until_true 'all have ended' family_is_gone &&
        [ ! -e "$here_is/went-on" ]
}

promise killing_the_guard_kills_the_command_and_all_it_started_and_frees_the_lock
killing_the_guard_kills_the_command_and_all_it_started_and_frees_the_lock() {
    local errors=$here_is/errors
    mkfifo "$here_is/ready"
    start sh -c 'exec phpsync run k -- sh -c "$1" "$0" 2>"$0/errors"' "$here_is" "$family"
    read -r <"$here_is/ready"
    kill -KILL "$(parent_of "$(cat "$here_is/command")")" && ended 70 "${started[0]}" &&
        grep -q '^phpsync: .*guard' "$errors" && until_true 'all have ended' family_is_gone &&
        [ ! -e "$here_is/went-on" ] && exits 1 phpsync exists k
}

# The guard is stopped first, so that it is sure to do nothing in between.
promise killing_phpsync_and_its_guard_at_once_kills_the_command
killing_phpsync_and_its_guard_at_once_kills_the_command() {
    local guard command
    hold k
    guard=$(parent_of "$command")
    kill -STOP "$guard" && kill -KILL "${started[0]}" "$guard" &&
        until_true 'the command has ended' is_gone "$command" && exits 0 phpsync lock -w 10 k
}

promise killing_phpsync_while_the_command_is_suspended_kills_it_too
killing_phpsync_while_the_command_is_suspended_kills_it_too() {
    start_family
    kill -STOP "$(cat "$here_is/command")" && until_true 'phpsync is stopped' is_stopped $! && kill -KILL $! &&
        until_true 'all have ended' family_is_gone
}

is_stopped() {
    [ "$(sed 's/.*) //; s/ .*//' "/proc/$1/stat")" = T ]
}

promise phpsync_stops_and_goes_on_with_its_command
phpsync_stops_and_goes_on_with_its_command() {
    start_family
    kill -TSTP $! && until_true 'phpsync is stopped' is_stopped $! && is_stopped "$(cat "$here_is/command")" &&
        exits 0 phpsync exists k && kill -CONT $! &&
        until_true 'the command goes on' eval "! is_stopped $(cat "$here_is/command")" && ! is_stopped $! &&
        kill -STOP "$(cat "$here_is/command")" && until_true 'phpsync is stopped' is_stopped $! &&
        kill -CONT "$(cat "$here_is/command")" && until_true 'phpsync goes on' eval "! is_stopped $!" &&
        kill -KILL $! && until_true 'all have ended' family_is_gone
}

promise a_run_that_loses_its_lock_stops_the_command_and_all_it_started
a_run_that_loses_its_lock_stops_the_command_and_all_it_started() {
    mkfifo "$here_is/ready"
    start sh -c 'exec phpsync run k -- sh -c "$1" "$0" 2>"$0/errors"' "$here_is" "$family"
    read -r <"$here_is/ready"
    phpsync lock -n k && return 1
    phpsync unlock k && phpsync lock -n k && ended 70 $! && family_is_gone && [ ! -e "$here_is/went-on" ] &&
        [ -e "$here_is/asked" ] && # SIGTERM came before SIGKILL, to a daemon too
        grep -qxF 'phpsync: lost the Lock "k": it was unlocked; stopping the command' "$here_is/errors" &&
        exits 0 phpsync exists k # the next owner's Lock is left alone
}

promise a_command_that_ignores_SIGTERM_is_killed_when_the_lock_is_lost
a_command_that_ignores_SIGTERM_is_killed_when_the_lock_is_lost() {
    mkfifo "$here_is/ready"
    start phpsync run k -- sh -c 'trap "" TERM; echo $$ >"$0/pid"; echo >"$0/ready"; while :; do sleep 1000; done' "$here_is"
    read -r <"$here_is/ready"
    phpsync unlock k && ended 70 $! && is_gone "$(cat "$here_is/pid")"
}

promise a_lease_is_renewed_while_the_command_runs
a_lease_is_renewed_while_the_command_runs() {
    start phpsync run k --lease 0.6 -- sleep 2
    until_true 'the Lock is taken' phpsync exists k && exits 1 phpsync lock -w 1.5 k && ended 0 $! &&
        exits 1 phpsync exists k
}

promise a_lease_that_ran_out_stops_the_command
a_lease_that_ran_out_stops_the_command() {
    start_family --lease 0.3 2>"$scratch/lease"
    kill -STOP $! && exits 0 phpsync lock -w 10 k && kill -CONT $! && ended 70 $! && family_is_gone &&
        exits 0 phpsync exists k && grep -q 'its lease ran out; stopping the command' "$scratch/lease"
}

promise a_lease_is_seen_by_others
a_lease_is_seen_by_others() {
    hold k --lease 1000
    exits 0 phpsync exists --json k && json 'd["expires_at"] > d["acquired_at"]'
}

promise what_a_command_leaves_running_runs_on_without_the_lock
what_a_command_leaves_running_runs_on_without_the_lock() {
    exits 5 phpsync run k -- sh -c 'sleep 1000 >/dev/null 2>&1 & echo $! >"$0/left"; exit 5' "$here_is" &&
        exits 1 phpsync exists k && ! is_gone "$(cat "$here_is/left")" && kill "$(cat "$here_is/left")"
}

promise run_works_when_its_caller_ignores_SIGCHLD
run_works_when_its_caller_ignores_SIGCHLD() {
    exits 7 python3 -c '
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execvp("phpsync", ["phpsync", "run", "k", "--", "sh", "-c", "true; exit 7"])'
}

promise the_terminals_interrupt_reaches_the_command_once
the_terminals_interrupt_reaches_the_command_once() {
    python3 "$here"/terminal.py interrupt_once
}

promise a_run_is_suspended_and_resumed_by_the_shell
a_run_is_suspended_and_resumed_by_the_shell() {
    python3 "$here"/terminal.py suspend_and_resume
}

promise the_terminals_interrupt_ends_a_run_that_waits
the_terminals_interrupt_ends_a_run_that_waits() {
    phpsync lock k && python3 "$here"/terminal.py interrupt_waiting
}
