# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Real servers for shells that run in the project's root:
#
#   server_start NAME KIND [OPTION...]     sets NAME_dsn, NAME_folder and the other facts of that kind
#   server_pid FOLDER MEMBER               prints it; nothing if it does not run
#   server kill|pause|resume|stop|start-again|restart|end FOLDER [MEMBER...]
#
# They are gone when this shell has ended. tests/servers/server tells the kinds, and where their options stand.

server() {
    tests/servers/server "$@"
}

server_start() {
    local facts
    facts=$(server start "$2" $$ "${@:3}") || return 1
    eval "$1_${facts//$'\n'/$'\n'$1_}"
}

server_pid() {
    server pids "$1" | sed -n "s/^$2=//p"
}
