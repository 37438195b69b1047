# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What the scripts beside this file share; each sources it first. It ends the script at the first
# failure and puts it into the project's root.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
export LC_ALL=C.UTF-8

# fail MESSAGE: one line that says what failed and what to do about it; ends the script.
fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# have COMMAND: whether it is on the PATH.
have() {
    command -v "$1" >/dev/null
}

# say MESSAGE: what begins now.
say() {
    printf -- '-- %s\n' "$*"
}

# quietly COMMAND...: shows the command's output only if it fails.
quietly() {
    local log
    log=$(mktemp)
    if "$@" >"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    cat "$log" >&2
    rm -f "$log"
    return 1
}

# cmake_build PRESET [TARGET...]: configures if need be, then builds.
cmake_build() {
    local preset=$1
    shift
    # A build folder that was copied or moved here belongs to another root.
    local cache=out/build/$preset/CMakeCache.txt
    if [ -f "$cache" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache"; then
        rm -rf "out/build/$preset"
    fi
    quietly cmake --preset "$preset" || fail "cmake could not configure '$preset' (see above)"
    quietly cmake --build --preset "$preset" ${1:+--target "$@"} || fail "'$preset' did not build (see above)"
}
