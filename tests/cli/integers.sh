# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2154,SC2016
# (variables come from the runner; programs for other shells are quoted)
#
# get, set, incr, decr, del, await.

promise integers_are_set_read_changed_and_removed
integers_are_set_read_changed_and_removed() {
    exits 0 phpsync set k 41 && silent && exits 0 phpsync incr k && prints 42 && exits 0 phpsync incr k 8 && prints 50 &&
        exits 0 phpsync decr k && prints 49 && exits 0 phpsync decr k 50 && prints -1 && exits 0 phpsync get k && prints -1 &&
        exits 0 phpsync incr k 0 && prints -1 && exits 0 phpsync del k && silent && exits 1 phpsync del k && silent
}

promise a_missing_integer_is_no_with_a_line_unless_quiet
a_missing_integer_is_no_with_a_line_unless_quiet() {
    exits 1 phpsync get k && complains '"k"' && exits 1 phpsync get -q k && silent &&
        exits 1 phpsync get $'\e[31m' && complains 'x1b' && ! grep -q $'\e' "$scratch/err"
}

promise a_missing_integer_is_created_as_0
a_missing_integer_is_created_as_0() {
    exits 0 phpsync incr a && prints 1 && exits 0 phpsync decr b && prints -1 && exits 0 phpsync incr c 0 && prints 0 &&
        exits 0 phpsync get c && prints 0
}

promise numbers_are_exact_to_the_ends_of_64_bits
numbers_are_exact_to_the_ends_of_64_bits() {
    local most=9223372036854775807 least=-9223372036854775808
    exits 0 phpsync set k $most && exits 0 phpsync get k && prints $most && exits 70 phpsync incr k && complains &&
        exits 0 phpsync get k && prints $most && exits 70 phpsync decr k -1 && exits 0 phpsync set k $least &&
        exits 0 phpsync get --json k && json "d['value'] == $least" && exits 70 phpsync decr k && complains &&
        exits 0 phpsync get k && prints $least && exits 0 phpsync decr k $least && prints 0 &&
        exits 0 phpsync set k -1 && exits 0 phpsync decr k $least && prints $most &&
        exits 0 phpsync incr k $least && prints -1 && exits 70 phpsync incr k $least && exits 0 phpsync get k &&
        prints -1 && exits 70 phpsync decr missing $least && complains && exits 1 phpsync get -q missing &&
        exits 0 phpsync incr missing $least && prints $least && exits 0 phpsync set k +007 && exits 0 phpsync get k && prints 7
}

promise processes_that_count_at_once_lose_nothing
processes_that_count_at_once_lose_nothing() {
    local process
    for process in 1 2 3 4; do
            start sh -c 'for i in $(seq 50); do phpsync incr k; done >"$0"' "$here_is/$process"
    done
    wait "${started[@]}"
    equal "$(seq 200)" "$(sort -n "$here_is"/[1-4])"
}

promise integers_answer_in_json
integers_answer_in_json() {
    exits 0 phpsync set --json k 5 && json 'd == {"key": "k", "value": 5}' &&
        exits 0 phpsync get --json k && json 'd == {"key": "k", "value": 5}' &&
        exits 0 phpsync incr --json k 2 && json 'd == {"key": "k", "value": 7}' &&
        exits 0 phpsync decr --json k && json 'd == {"key": "k", "value": 6}' &&
        exits 0 phpsync del --json k && json 'd == {"key": "k", "deleted": True}' &&
        exits 1 phpsync del --json k && json 'd == {"key": "k", "deleted": False}' &&
        exits 1 phpsync get --json -q k && json 'd == {"key": "k", "value": None}' &&
        exits 1 phpsync await -n --json --at-least 1 k && json 'd == {"key": "k", "reached": False, "value": None}' &&
        exits 0 phpsync incr --json --key-base64 /wA= &&
        json 'd == {"key_base64": "/wA=", "value": 1}'
}

promise await_ends_when_the_value_is_reached
await_ends_when_the_value_is_reached() {
    start phpsync await k --at-least 3
    local least=$!
    start phpsync await k --at-most -1 -w 100
    until_waiting $least && until_waiting $! && phpsync incr k && phpsync incr k && until_waiting $least &&
        phpsync incr k && ended 0 $least && phpsync set k -1 && ended 0 $!
}

promise await_of_what_is_reached_ends_at_once
await_of_what_is_reached_ends_at_once() {
    exits 0 phpsync set k 3 && exits 0 phpsync await k --at-least 3 && silent && exits 0 phpsync await k --at-most 3 &&
        exits 0 phpsync await -n -v k --at-least -9223372036854775808 && prints 3
}

promise await_change_ends_at_the_next_change_from_the_call_on
await_change_ends_at_the_next_change_from_the_call_on() {
    phpsync set k 3
    start phpsync await k --change
    until_waiting $! && phpsync incr k && ended 0 $! || return
    start phpsync await k --change
    until_waiting $! && phpsync del k && ended 0 $! || return
    start phpsync await k --change
    until_waiting $! && phpsync set k 0 && ended 0 $!
}

promise await_gives_up_with_its_code
await_gives_up_with_its_code() {
    exits 1 phpsync await -n k --at-least 1 && silent && exits 1 phpsync await -n k --at-most 1 &&
        exits 1 phpsync await -n k --change && exits 5 phpsync await -w 0.05 -E 5 k --change &&
        [ "$(milliseconds_of phpsync await -w 0.3 k --at-least 1)" -ge 300 ]
}

promise await_tells_the_value_if_asked
await_tells_the_value_if_asked() {
    phpsync set k 3
    exits 0 phpsync await -v k --at-least 2 && prints 3 && exits 1 phpsync await -nv k --at-least 9 && prints 3 &&
        exits 0 phpsync await --json k --at-most 5 && json 'd == {"key": "k", "reached": True, "value": 3}'
}
