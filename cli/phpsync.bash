# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Completion of phpsync's commands and options for bash.

# The options of a command, beyond those of all.
_phpsync_options() {
    case $1 in
    lock) printf '%s' '-n --nonblock -w --wait -E --conflict-exit-code -v --verbose --key-base64 --json' ;;
    unlock) printf '%s' '--if-ghost --if-fence --key-base64 --json' ;;
    wait) printf '%s' '-n --nonblock -w --wait -E --conflict-exit-code --key-base64 --json' ;;
    exists | set | incr | decr | del) printf '%s' '--key-base64 --json' ;;
    run) printf '%s' '-n --nonblock -w --wait -E --conflict-exit-code --lease --key-base64' ;;
    get) printf '%s' '-q --quiet --key-base64 --json' ;;
    await) printf '%s' '-n --nonblock -w --wait -E --conflict-exit-code --at-least --at-most --change -v --verbose --key-base64 --json' ;;
    progress) printf '%s' '-n --nonblock -w --wait -E --conflict-exit-code --left --key-base64 --json' ;;
    ls) printf '%s' '--locks --integers --json' ;;
    info) printf '%s' '--json' ;;
    doctor) printf '%s' '--create --repair --json' ;;
    esac
}

_phpsync() {
    local commands='lock unlock wait exists run get set incr decr del await progress ls info doctor'
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' word i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [ "$word" = -- ] && [ "$command" = run ]; then
            # From here on it is another program's command line.
            if declare -F _command_offset >/dev/null; then _command_offset $((i + 1)); fi
            return
        fi
        case $word in
        -w | --wait | -E | --conflict-exit-code | --lease | --if-fence | --at-least | --at-most | --space) ((i++)) ;;
        -*) ;;
        *) [ -n "$command" ] || command=$word ;;
        esac
    done
    case $previous in
    -w | --wait | -E | --conflict-exit-code | --lease | --if-fence | --at-least | --at-most | --space) return ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_phpsync_options "$command") --space -h --help -V --version" -- "$current")
    elif [ -z "$command" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
    fi
}
complete -F _phpsync phpsync
