# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# How script/test runs programs of tests and adds up what they counted. Whoever sources this has made the
# folder $logs, where their output goes. A program that fails, hangs, ends without a count or runs no test is a failure.

passed=0
failed=0
skipped=0
ran=0          # programs so far
time_limit=600 # seconds for one program: a hang is a failure, not an endless run
# Programs that were begun and not yet joined, by their place in these lists.
names=()
logfiles=()
starts=()
pids=()
: "${logs:?}"

# counts_of LOG: the line "N passed, N failed, N skipped" that a program ended with, or the sum of its
# cmocka groups if they add up; nothing if it did not get to its end.
counts_of() {
    local line
    line=$(tail -n 1 "$1")
    if [[ $line =~ ^[0-9]+\ passed,\ [0-9]+\ failed,\ [0-9]+\ skipped$ ]]; then
        printf '%s\n' "$line"
        return
    fi
    awk '
        function tests() { match($0, /[0-9]+ test\(s\)/); return substr($0, RSTART) + 0 }
        /^\[==========\].* [0-9]+ test\(s\) run\.$/ { run += tests() }
        /^\[  PASSED  \] [0-9]+ test\(s\)\.$/ { passed += tests() }
        /^\[  FAILED  \] [0-9]+ test\(s\), listed below:$/ { failed += tests() }
        /^\[  SKIPPED \] [0-9]+ test\(s\), listed below:$/ { skipped += tests() }
        END {
            if (run > 0 && run == passed + failed + skipped)
                printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
        }' "$1"
}

# begin NAME COMMAND...: starts a program of tests; join waits for it. What sleeps more than it
# computes is begun together.
begin() {
    local name=$1 log=$logs/${1//[^a-z0-9-]/_}.log
    shift
    ran=$((ran + 1))
    timeout --kill-after=10 "$time_limit" "$@" >"$log" 2>&1 </dev/null &
    pids+=($!)
    names+=("$name")
    logfiles+=("$log")
    starts+=("$SECONDS")
}

# count NAME LOG STATUS SECONDS: adds an ended program's counts to the sum, and shows what went wrong.
count() {
    local name=$1 log=$2 status=$3 took=$4 counts trouble='' p=0 f=0 s=0
    counts=$(counts_of "$log")
    if [ -z "$counts" ]; then
        trouble="printed no count (it ended with status $status)"
    else
        read -r p _ f _ s _ <<<"$counts"
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
        if [ "$f" -eq 0 ] && [ "$status" -ne 0 ]; then trouble="ended with status $status"; fi
        if [ $((p + f + s)) -eq 0 ]; then trouble='ran no test'; fi
    fi
    [ -z "$trouble" ] || failed=$((failed + 1))
    printf '%-32s %s%s  (%d s)\n' "$name" "$counts" "${trouble:+${counts:+, but it }$trouble}" "$took"
    if [ -n "$trouble" ] || [ "$f" -gt 0 ]; then
        grep -vE '^ok |^\[ +OK +\]|^\[ RUN ' "$log" | sed 's/^/    | /' || true # what went well says nothing here
    fi
}

# join: waits for all programs that were begun, and counts them.
join() {
    local i status
    for i in "${!pids[@]}"; do
        status=0
        wait "${pids[i]}" || status=$?
        count "${names[i]}" "${logfiles[i]}" "$status" $((SECONDS - starts[i]))
    done
    names=() logfiles=() starts=() pids=()
}

# run NAME COMMAND...: runs a program of tests and adds its counts to the sum.
run() {
    begin "$@"
    join
}

# one NAME COMMAND...: runs a command that is one test: its exit status is the result.
one() {
    # shellcheck disable=SC2016
    run "$1" bash -c 'if "$@"; then echo "1 passed, 0 failed, 0 skipped"; else
        echo "0 passed, 1 failed, 0 skipped"; exit 1; fi' - "${@:2}"
}

# total: the last line of a run. Fails if a test failed, and if none passed.
total() {
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
