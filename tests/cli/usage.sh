# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2154,SC2016
# (variables come from the runner; programs for other shells are quoted)
#
# Help, versions, wrong arguments, exit codes of trouble.

commands=(lock unlock wait exists run get set incr decr del await progress ls info doctor)

promise help_names_every_command
help_names_every_command() {
    exits 0 phpsync --help &&
        equal "${commands[*]}" "$(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$scratch/out" | paste -sd ' ')"
}

promise each_command_has_help
each_command_has_help() {
    local command
    for command in "${commands[@]}"; do
        exits 0 phpsync "$command" --help && grep -q "^Usage: phpsync $command" "$scratch/out" &&
            grep -q '^Exit codes: ' "$scratch/out" && [ ! -s "$scratch/err" ] &&
            cp "$scratch/out" "$scratch/help" && exits 0 phpsync --help "$command" &&
            equal "$(cat "$scratch/help")" "$(cat "$scratch/out")" || return
    done
}

promise version_is_that_of_the_public_header
version_is_that_of_the_public_header() {
    local version
    version=$(sed -n 's/^#define PSYNC_VERSION *"\(.*\)"/\1/p' lib/include/phpsync/phpsync.h)
    exits 0 phpsync --version && prints "phpsync $version (libphpsync $version)"
}

# refused ARGUMENT...: usage error, one line, before anything was opened.
refused() {
    exits 64 phpsync "$@" && complains && [ -z "$(find "$here_is" -mindepth 1)" ]
}

promise wrong_commands_and_operands_are_refused
wrong_commands_and_operands_are_refused() {
    refused && refused frobnicate && refused '' && refused lock && refused lock a b && refused unlock &&
        refused wait && refused exists && refused exists a b && refused get && refused get a b &&
        refused set k && refused set k 1 2 && refused incr && refused incr k 1 2 && refused decr &&
        refused del && refused del a b && refused await --at-least 1 && refused await a b --change &&
        refused progress && refused progress k && refused progress k 1 2 && refused ls k && refused info k && refused doctor k
}

promise wrong_options_are_refused
wrong_options_are_refused() {
    refused lock k --frob && refused lock k -x && refused lock k -nx && refused --frob && refused lock k --json=1 &&
        refused lock k -w && refused lock k --wait && refused lock k -E && refused lock k --space &&
        refused lock k -n -w 1 && refused lock k --lease 1 && refused lock k --if-ghost && refused wait k -v &&
        refused get k -n && refused set k 1 -q && refused ls -v && refused info --locks &&
        refused run k --json -- true && refused unlock k --if-ghost --if-fence 1 && refused ls --locks --integers &&
        refused await k && refused await k --change --at-least 1 && refused await k --at-least 1 --at-most 2 &&
        refused lock k --no-such-option=$'\e[31m' && ! grep -q $'\e' "$scratch/err"
}

promise wrong_seconds_are_refused
wrong_seconds_are_refused() {
    local seconds
    for seconds in '' abc -1 nan inf INFINITY 0x10 1s ' 1' '1 ' 1,5 . 1.2.3 1e5 "$(printf '9%.0s' {1..400})"; do
        refused lock k -w "$seconds" && refused lock k --wait="$seconds" &&
            refused run k --lease "$seconds" -- true || return
    done
    refused run k --lease 0 -- true
}

promise wrong_exit_codes_are_refused
wrong_exit_codes_are_refused() {
    refused lock k -n -E 256 && refused lock k -n -E -1 && refused lock k -n -E x && refused lock k -n -E ''
}

promise wrong_numbers_are_refused
wrong_numbers_are_refused() {
    local number
    for number in '' x 1.5 ' 1' '1 ' 0x10 1e3 + - -- +-1 9223372036854775808 -9223372036854775809; do
        refused set k "$number" && refused await k --at-least "$number" && refused await k --at-most="$number" || return
        [ "$number" = -- ] || { refused incr k "$number" && refused decr k "$number" && refused progress k "$number"; } ||
            return
    done
    refused progress k -1 && refused unlock k --if-fence -1 && refused unlock k --if-fence x &&
        refused unlock k --if-fence +1 && refused unlock k --if-fence 18446744073709551616
}

promise keys_have_1_to_1023_bytes
keys_have_1_to_1023_bytes() {
    local longest
    longest=$(printf 'k%.0s' {1..1023})
    refused lock '' && complains 'key' && refused lock "${longest}k" && complains '1023' &&
        exits 0 phpsync lock "$longest" && exits 0 phpsync exists "$longest" && exits 0 phpsync unlock "$longest"
}

promise keys_that_are_not_base64_are_refused_where_they_should_be
keys_that_are_not_base64_are_refused_where_they_should_be() {
    local key
    for key in '' '!' YQ YQ= 'YQ===' YR== YWJ= '=AAA' 'A===' 'YQ==YQ==' 'YQ= =' $'YQ==\n'; do
        refused get --key-base64 "$key" || return
    done
}

promise run_wants_one_key_then_dashes_then_a_command
run_wants_one_key_then_dashes_then_a_command() {
    refused run && refused run k && refused run k true && refused run -- true && refused run k -- &&
        refused run a b -- true && refused run -- && refused run -- -- true && refused run '' -- true
}

promise wrong_dsns_are_refused_and_named
wrong_dsns_are_refused_and_named() {
    refused --space nonsense ls && refused --space '' ls && refused --space 'frob://x' ls && complains frob &&
        refused --space 'shm://a b' ls && refused --space 'shm://' ls && refused --space 'shm://x?frob=1' ls &&
        complains frob && refused --space 'shm://x?mode=zz' ls && complains mode &&
        PHPSYNC_DSN='frob://x' refused ls && complains frob
}

promise a_space_out_of_reach_is_69
a_space_out_of_reach_is_69() {
    exits 69 phpsync --space "shm://x?path=$here_is/missing" ls && complains missing
}

promise a_space_that_may_not_be_opened_is_77
a_space_that_may_not_be_opened_is_77() {
    local without=()
    [ "$(id -u)" -ne 0 ] || without=(setpriv '--inh-caps=-dac_override,-dac_read_search'
        '--bounding-set=-dac_override,-dac_read_search')
    chmod 500 "$here_is"
    exits 77 "${without[@]}" phpsync lock k && complains
}

promise options_may_stand_anywhere
options_may_stand_anywhere() {
    exits 0 phpsync set k 5 && exits 0 phpsync --json get k && json 'd["value"] == 5' &&
        exits 0 phpsync get --json k && json 'd["value"] == 5' && exits 0 phpsync get k --json && json 'd["value"] == 5' &&
        exits 0 phpsync -w 5 --json lock l && exits 1 phpsync lock -w0.01 l && exits 7 phpsync -nE7 lock l &&
        exits 7 phpsync lock --conflict-exit-code=7 --nonblock l
}

promise dashes_end_the_options
dashes_end_the_options() {
    exits 0 phpsync set -- --json 3 && exits 0 phpsync get -- --json && prints 3 &&
        exits 0 phpsync -- get --json && prints 3 && exits 0 phpsync lock -- -- && exits 0 phpsync exists -- --
}

promise a_negative_number_is_no_option
a_negative_number_is_no_option() {
    exits 0 phpsync set k -5 && exits 0 phpsync incr k -2 && prints -7 && exits 0 phpsync decr k -3 && prints -4
}

promise the_space_comes_from_the_option_or_the_environment
the_space_comes_from_the_option_or_the_environment() {
    exits 0 phpsync set k 1 && exits 0 phpsync --space "shm://other?path=$here_is" set k 2 &&
        exits 0 phpsync get k && prints 1 && exits 0 phpsync get k --space="shm://other?path=$here_is" && prints 2
}

promise output_that_cannot_be_written_is_70
output_that_cannot_be_written_is_70() {
    exits 0 phpsync set k 1 || return
    to_full() { phpsync "$@" >/dev/full; }
    to_closed() { phpsync "$@" >&-; }
    to_pipe() {
        local ready
        mkfifo "$here_is/pipe"
        cat <"$here_is/pipe" >/dev/null &
        exec 9>"$here_is/pipe"
        kill -KILL $! && wait $! 2>/dev/null
        ready=0
        phpsync "$@" >&9 || ready=$?
        exec 9>&-
        rm "$here_is/pipe"
        return "$ready"
    }
    local way
    for way in to_full to_closed to_pipe; do
        exits 70 $way get k && complains 'write' && exits 70 $way ls && complains 'write' &&
            exits 70 $way info --json && complains 'write' && exits 70 $way --help && complains 'write' &&
            exits 70 $way progress k 1 && complains 'write' && exits 70 $way incr k && complains 'write' || return
    done
    exits 0 phpsync get k && prints 4 # each of the three was counted
}
