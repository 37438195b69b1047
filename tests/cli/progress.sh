# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2154,SC2016
# (variables come from the runner; programs for other shells are quoted)
#
# progress, with and without a terminal.

promise progress_without_a_terminal_prints_plain_lines_and_ends_when_it_is_reached
progress_without_a_terminal_prints_plain_lines_and_ends_when_it_is_reached() {
    local output=$here_is/output
    phpsync set k 1
    start phpsync progress k 4 >"$output"
    until_true 'there is a line' grep -q '^k  1/4   25%' "$output" && until_waiting $! && phpsync incr k 2 &&
        until_true 'there is another' grep -q '^k  3/4   75%' "$output" && until_waiting $! && phpsync incr k && ended 0 $! &&
        equal "k  4/4  100%" "$(tail -n 1 "$output" | cut -c1-12)" && [ "$(wc -l <"$output")" -eq 3 ] &&
        ! grep -q '[^ -~]' "$output"
}

promise progress_of_what_is_reached_ends_at_once
progress_of_what_is_reached_ends_at_once() {
    phpsync set k 7
    exits 0 phpsync progress k 7 && grep -q '^k  7/7  100%' "$scratch/out" && exits 0 phpsync progress k 5 &&
        exits 0 phpsync progress missing 0
}

promise progress_counts_down_what_is_left
progress_counts_down_what_is_left() {
    phpsync set k 3
    start phpsync progress --left k 10 >"$here_is/output"
    until_true 'there is a line' grep -q '^k  7/10   70%' "$here_is/output" && until_waiting $! && phpsync decr k 3 && ended 0 $! &&
        grep -q '^k  10/10  100%' "$here_is/output" && phpsync set k -9223372036854775808 &&
        exits 0 phpsync progress --left k 10
}

promise progress_waits_for_a_missing_integer
progress_waits_for_a_missing_integer() {
    start phpsync progress k 2 >"$here_is/output"
    until_true 'there is a line' grep -q '^k  0/2    0%' "$here_is/output" && until_waiting $! && phpsync set k 2 && ended 0 $! ||
        return
    start phpsync progress --left left 2 >"$here_is/output"
    until_true 'there is a line' grep -q '^left  0/2    0%' "$here_is/output" && until_waiting $! && phpsync set left 0 &&
        ended 0 $!
}

promise progress_gives_up_with_its_code
progress_gives_up_with_its_code() {
    exits 1 phpsync progress -n k 5 && [ "$(wc -l <"$scratch/out")" -eq 1 ] && exits 6 phpsync progress -w 0.2 -E 6 k 5 &&
        [ "$(milliseconds_of phpsync progress -w 0.3 k 5)" -ge 300 ]
}

promise progress_in_json_is_an_object_a_line
progress_in_json_is_an_object_a_line() {
    phpsync set k 5
    exits 1 phpsync progress -n --json k 10 &&
        json 'd == {"key": "k", "value": 5, "done": 5, "total": 10, "rate": 0, "seconds_left": None, "reached": False}' &&
        exits 0 phpsync progress --json k 5 && json 'd["reached"] is True and d["seconds_left"] == 0' &&
        exits 1 phpsync progress -n --json missing 5 && json 'd["value"] is None and d["done"] == 0'
}

promise a_signal_ends_progress_by_that_signal
a_signal_ends_progress_by_that_signal() {
    start phpsync progress k 5 >/dev/null
    until_waiting $! && kill -TERM $! && ended 143 $!
}

promise progress_on_a_terminal_draws_one_line
progress_on_a_terminal_draws_one_line() {
    python3 "$here"/terminal.py progress_bar
}

promise progress_fits_every_terminal_whatever_the_key
progress_fits_every_terminal_whatever_the_key() {
    python3 "$here"/terminal.py progress_fits
}

promise progress_redraws_seldom
progress_redraws_seldom() {
    python3 "$here"/terminal.py progress_redraws_seldom
}

promise an_interrupted_progress_leaves_the_terminal_in_order
an_interrupted_progress_leaves_the_terminal_in_order() {
    python3 "$here"/terminal.py progress_interrupted
}
