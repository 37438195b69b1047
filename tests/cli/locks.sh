# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2154,SC2016
# (variables come from the runner; programs for other shells are quoted)
#
# lock, unlock, wait, exists.

promise a_lock_outlives_its_process_and_another_unlocks_it
a_lock_outlives_its_process_and_another_unlocks_it() {
    exits 1 phpsync exists k && exits 0 phpsync lock k && silent && exits 0 phpsync exists k && silent &&
        exits 0 phpsync unlock k && silent && exits 1 phpsync exists k && silent
}

promise unlocking_what_is_not_locked_is_no
unlocking_what_is_not_locked_is_no() {
    exits 1 phpsync unlock k && silent
}

promise a_taken_lock_is_no_with_n_and_w_and_the_code_is_E
a_taken_lock_is_no_with_n_and_w_and_the_code_is_E() {
    phpsync lock k && exits 1 phpsync lock -n k && silent && exits 1 phpsync lock -w 0.05 k &&
        exits 9 phpsync lock -n -E 9 k && exits 0 phpsync lock -w 0.05 -E 0 k && exits 255 phpsync wait -n -E 255 k &&
        exits 1 phpsync wait -n k && exits 9 phpsync wait -w 0.05 -E 9 k
}

promise a_time_limit_is_never_early
a_time_limit_is_never_early() {
    phpsync lock k
    [ "$(milliseconds_of phpsync lock -w 0.3 k)" -ge 300 ] && [ "$(milliseconds_of phpsync wait -w 0.3 k)" -ge 300 ]
}

promise unlock_by_another_process_wakes_who_waits
unlock_by_another_process_wakes_who_waits() {
    ghost k
    start phpsync wait k
    local first=$!
    start phpsync wait -w 100 k
    until_waiting $first && until_waiting $! && phpsync unlock k && ended 0 $first && ended 0 $! &&
        exits 1 phpsync exists k # waiting takes nothing
}

promise unlock_by_another_process_gives_the_lock_to_who_wants_it
unlock_by_another_process_gives_the_lock_to_who_wants_it() {
    ghost k
    start phpsync lock k
    until_waiting $! && phpsync unlock k && ended 0 $! && exits 0 phpsync exists k
}

promise waiting_for_a_free_lock_ends_at_once
waiting_for_a_free_lock_ends_at_once() {
    exits 0 phpsync wait k && exits 0 phpsync wait -n k && exits 1 phpsync exists k
}

promise the_fence_that_lock_prints_is_the_one_unlock_wants
the_fence_that_lock_prints_is_the_one_unlock_wants() {
    local first second
    first=$(phpsync lock -v k) && [[ $first =~ ^[0-9]+$ ]] && exits 1 phpsync unlock --if-fence $((first + 1)) k &&
        exits 0 phpsync unlock --if-fence "$first" k && second=$(phpsync lock k --verbose) &&
        [ "$second" -gt "$first" ] && exits 1 phpsync unlock --if-fence "$first" k && exits 0 phpsync exists k &&
        exits 1 phpsync unlock --if-fence 0 k && exits 1 phpsync unlock --if-fence 18446744073709551615 k
}

promise if_ghost_frees_only_what_a_gone_process_left
if_ghost_frees_only_what_a_gone_process_left() {
    exits 1 phpsync unlock --if-ghost k && ghost k && exits 0 phpsync unlock --if-ghost k && hold k &&
        exits 1 phpsync unlock --if-ghost k && exits 0 phpsync exists k
}

promise locks_answer_in_json
locks_answer_in_json() {
    exits 0 phpsync lock --json k && json 'd["key"] == "k" and d["locked"] is True and d["fence"] > 0' &&
        exits 1 phpsync lock -n --json k && json 'd == {"key": "k", "locked": False, "fence": None}' &&
        exits 1 phpsync wait -n --json k && json 'd == {"key": "k", "free": False}' &&
        exits 0 phpsync exists --json k && json 'd["exists"] is True and d["owner_alive"] is False and d["pid"] > 0' &&
        json 'd["label"].endswith("phpsync") and d["hold"] is False and d["expires_at"] is None' &&
        json '__import__("datetime").datetime.fromisoformat(d["acquired_at"].replace("Z", "+00:00"))' &&
        exits 0 phpsync unlock --json k && json 'd == {"key": "k", "unlocked": True}' &&
        exits 1 phpsync unlock --json k && json 'd == {"key": "k", "unlocked": False}' &&
        exits 0 phpsync wait --json k && json 'd == {"key": "k", "free": True}' &&
        exits 1 phpsync exists --json k && json 'd == {"key": "k", "exists": False}'
}

promise keys_are_bytes_also_with_NUL_and_without_UTF_8
keys_are_bytes_also_with_NUL_and_without_UTF_8() {
    exits 0 phpsync lock --key-base64 --json YQBi && json 'd["key"] == "a\0b"' && exits 1 phpsync exists a &&
        exits 0 phpsync lock --json $'\xff\x01' && json 'd["key_base64"] == "/wE=" and "key" not in d' &&
        exits 0 phpsync exists --key-base64 /wE= && exits 0 phpsync lock -n --json 'ключ/../x' &&
        json 'd["key"] == "ключ/../x"' && exits 0 phpsync unlock --key-base64 0LrQu9GO0YcvLi4veA== &&
        exits 0 phpsync unlock --key-base64 YQBi && exits 0 phpsync unlock $'\xff\x01'
}

# dies_by SIGNAL COMMAND...: the command waits, gets the signal and dies by it, not by an exit code.
dies_by() {
    python3 - "$@" <<'PYTHON'
import signal, subprocess, sys, time
number = signal.Signals[sys.argv[1]]
process = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
def waits():
    with open(f"/proc/{process.pid}/syscall") as file:
        return file.read().split()[0] in ("202", "98")
for _ in range(1000):
    if waits(): break
    time.sleep(0.01)
process.send_signal(number)
out, err = process.communicate(timeout=10)
assert process.returncode == -number, f"ended with {process.returncode}, not by {number!r}"
assert (out, err) == (b"", b""), (out, err)
PYTHON
}

promise a_signal_ends_a_waiting_command_by_that_signal_and_nothing_is_taken
a_signal_ends_a_waiting_command_by_that_signal_and_nothing_is_taken() {
    local name fence
    fence=$(phpsync lock -v k)
    for name in SIGINT SIGTERM SIGHUP; do
        dies_by $name phpsync lock k && dies_by $name phpsync lock -w 100 --json k && dies_by $name phpsync wait k &&
            dies_by $name phpsync await n --at-least 1 && dies_by $name phpsync await n --change --json &&
            dies_by $name phpsync run k -- touch "$here_is/ran" || return
    done
    [ ! -e "$here_is/ran" ] && exits 0 phpsync unlock --if-fence "$fence" k && exits 1 phpsync exists k
}

promise a_signal_that_was_ignored_stays_ignored
a_signal_that_was_ignored_stays_ignored() {
    ghost k
    (
        trap '' INT HUP
        exec phpsync wait k
    ) &
    started+=($!)
    until_waiting $! && kill -INT $! && kill -HUP $! && exits 1 phpsync wait -w 0.4 k && until_waiting $! &&
        phpsync unlock k && ended 0 $!
}

promise a_lock_whose_fence_cannot_be_printed_is_not_taken
a_lock_whose_fence_cannot_be_printed_is_not_taken() {
    into_full() { phpsync "$@" >/dev/full; }
    exits 70 into_full lock -v k && complains write && exits 1 phpsync exists k &&
        exits 70 into_full lock --json k && complains write && exits 1 phpsync exists k
}

promise a_killed_waiter_leaves_nothing_and_others_go_on
a_killed_waiter_leaves_nothing_and_others_go_on() {
    ghost k
    start phpsync lock k
    local victim=$!
    start phpsync lock k
    until_waiting $victim && until_waiting $! && kill -KILL $victim && phpsync unlock k && ended 0 $!
}
