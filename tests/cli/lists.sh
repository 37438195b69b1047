# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2154,SC2016
# (variables come from the runner; programs for other shells are quoted)
#
# ls and info.

promise an_empty_space_lists_nothing
an_empty_space_lists_nothing() {
    exits 0 phpsync ls && silent && exits 0 phpsync ls --json && json 'd == {"locks": [], "integers": []}' &&
        exits 0 phpsync ls --locks --json && json 'd == {"locks": []}' && exits 0 phpsync ls --integers --json &&
        json 'd == {"integers": []}'
}

promise ls_shows_locks_with_owners_and_integers_with_values
ls_shows_locks_with_owners_and_integers_with_values() {
    local fence
    fence=$(phpsync lock -v gone) && hold held --lease 1000 && phpsync set count -7 && exits 0 phpsync ls &&
        grep -qE "^gone +owner ended +20[0-9-]+ [0-9:]+ +- +$fence +$(uname -n) +[0-9]+ +/.*phpsync$" "$scratch/out" &&
        grep -qE "^held +held +20[0-9-]+ [0-9:]+ +20[0-9-]+ [0-9:]+ +[0-9]+ +$(uname -n) +${started[0]} +.*/sh$" "$scratch/out" &&
        grep -qE '^count +-7$' "$scratch/out" && ! grep -qi stale "$scratch/out" && exits 0 phpsync ls --locks &&
        ! grep -q count "$scratch/out" && exits 0 phpsync ls --integers && ! grep -q gone "$scratch/out"
}

promise a_lock_of_a_living_process_is_not_called_ended
a_lock_of_a_living_process_is_not_called_ended() {
    hold k
    exits 0 phpsync ls && grep -qE '^k +held ' "$scratch/out" && ! grep -q ended "$scratch/out" &&
        exits 0 phpsync ls --json && json 'd["locks"][0]["owner_alive"] is True'
}

promise no_key_acts_on_a_terminal
no_key_acts_on_a_terminal() {
    local key
    for key in $'\e[31m' $'a\nb' $'\x9b31m' $'\u009b31m' $'\u202etxt' $'a\tb' $'\x7f' 'back\slash' 'größe'; do
        phpsync lock "$key" && phpsync set "$key" 1 || return
    done
    exits 0 phpsync ls && [ "$(wc -l <"$scratch/out")" -eq 21 ] && ! LC_ALL=C.UTF-8 grep -q '[[:cntrl:]]' "$scratch/out" &&
        ! grep -qF $'\u202e' "$scratch/out" && grep -qF '\x1b[31m' "$scratch/out" && grep -qF '\u{202e}txt' "$scratch/out" &&
        grep -qF 'a\x0ab' "$scratch/out" && grep -qF 'back\\slash' "$scratch/out" && grep -qF 'größe' "$scratch/out" &&
        LC_ALL=C exits 0 phpsync ls && ! LC_ALL=C grep -q '[^ -~]' "$scratch/out" &&
        exits 0 phpsync ls --json && ! LC_ALL=C grep -q '[^ -~]' "$scratch/out"
}

promise ls_in_json_has_every_key_as_it_is_and_in_order
ls_in_json_has_every_key_as_it_is_and_in_order() {
    phpsync set b 2 && phpsync set a 1 && phpsync set $'\xff' 3 && phpsync set --key-base64 YQBi 4 && phpsync lock 'ö' &&
        phpsync lock c && phpsync lock a && phpsync lock b &&
        exits 0 phpsync ls --json && json '[i.get("key") for i in d["integers"]] == ["a", "a\0b", "b", None]' &&
        json 'd["integers"][3] == {"key_base64": "/w==", "value": 3}' && json '[i["key"] for i in d["locks"]] == ["a", "b", "c", "ö"]' &&
        json 'sorted(d["locks"][0]) == ["acquired_at", "expires_at", "fence", "hold", "host", "key", "label", "owner_alive", "pid"]'
}

promise ls_lists_hundreds_of_keys
ls_lists_hundreds_of_keys() {
    local count=300
    sh -c 'for i in $(seq "$0"); do phpsync set "key $i" "$i"; done' $count
    exits 0 phpsync ls --integers && [ "$(wc -l <"$scratch/out")" -eq $((count + 1)) ] && exits 0 phpsync ls --json &&
        json "sum(i['value'] for i in d['integers']) == $((count * (count + 1) / 2))"
}

promise info_tells_about_the_space
info_tells_about_the_space() {
    exits 0 phpsync info && grep -qE "^driver +shm$" "$scratch/out" && grep -qE "^dsn +shm://cli" "$scratch/out" &&
        exits 0 phpsync info --json && json 'd["driver"] == "shm" and d["dsn"].startswith("shm://cli")' &&
        json 'd["facts"] and all(isinstance(v, str) for v in d["facts"].values())'
}
