# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# A few lines that turn a shell script into a test runner:
#
#   . tests/support/harness.sh
#   check 'the promise this holds up' COMMAND...      passes if the command succeeds
#   skip 'the promise' 'why it cannot be tested here'
#   finish                                            prints the counts; fails if a check failed or none ran
#
# A failed check shows what its command printed. Runners are started in the project's root.
set -u

passed=0
failed=0
skipped=0

# A folder of the runner's own, gone when it ends.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

check() {
    local name=$1
    shift
    if "$@" >"$scratch/.output" 2>&1; then
        passed=$((passed + 1))
        printf 'ok      %s\n' "$name"
        return
    fi
    failed=$((failed + 1))
    printf 'FAILED  %s\n' "$name"
    sed 's/^/        /' "$scratch/.output"
}

skip() {
    skipped=$((skipped + 1))
    printf 'skipped %s (%s)\n' "$1" "$2"
}

# equal EXPECTED ACTUAL: succeeds if both texts are the same, shows the difference if not.
equal() {
    diff -u --label expected --label actual <(printf '%s\n' "$1") <(printf '%s\n' "$2")
}

finish() {
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    [ "$failed" -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
    exit
}
