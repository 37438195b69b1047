# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2154,SC2016
# (variables come from the runner; programs for other shells are quoted)
#
# doctor.

file_of() {
    phpsync info | sed -n 's/^file  *//p'
}

# scribble PLACE BYTES: writes into the space's file, as if something had gone wild. BYTES as printf takes them.
scribble() {
    # shellcheck disable=SC2059
    printf "$2" | dd of="$(file_of)" bs=1 seek="$1" conv=notrunc status=none
}

promise doctor_finds_nothing_wrong_with_a_space_in_use
doctor_finds_nothing_wrong_with_a_space_in_use() {
    hold k
    phpsync lock gone && phpsync set n 5 && exits 0 phpsync doctor && grep -qE '^shm://cli.* is well$' "$scratch/out" &&
        ! grep -q '^wrong' "$scratch/out" && exits 0 phpsync doctor --json &&
        json 'd["well"] is True and d["dsn"].startswith("shm://cli") and isinstance(d["findings"], list)' &&
        json 'all(f["severity"] == "note" and f["what"] for f in d["findings"])'
}

promise doctor_says_what_is_wrong_and_repairs_what_loses_nothing
doctor_says_what_is_wrong_and_repairs_what_loses_nothing() {
    phpsync set n 5 && phpsync lock k || return
    # The count of keys in the header: made anew from the cells.
    scribble 164 '\x77' || return
    exits 1 phpsync doctor && grep -qE '^wrong .*counts.*--repair' "$scratch/out" && grep -qE '1 thing is wrong$' "$scratch/out" &&
        exits 1 phpsync doctor --json && json 'd["well"] is False and "wrong" in [f["severity"] for f in d["findings"]]' &&
        exits 0 phpsync doctor --repair && grep -qE '^mended +.*counts' "$scratch/out" && grep -q ' is well$' "$scratch/out" &&
        exits 0 phpsync doctor && equal 5 "$(phpsync get n)" && phpsync exists k
}

promise doctor_does_not_repair_where_something_would_be_lost
doctor_does_not_repair_where_something_would_be_lost() {
    phpsync set 'the key' 5 || return
    local before
    scribble "$(grep -obUaF 'the key' "$(file_of)" | cut -d : -f 1)" m || return
    before=$(md5sum <"$(file_of)")
    exits 1 phpsync doctor --repair && grep -qE '^wrong +a key is damaged' "$scratch/out" && equal "$before" "$(md5sum <"$(file_of)")"
}

promise doctor_tells_of_a_space_that_cannot_even_be_opened
doctor_tells_of_a_space_that_cannot_even_be_opened() {
    phpsync set n 5 || return
    scribble 0 'X' 2>/dev/null || return
    exits 1 phpsync doctor && grep -qE '^wrong +shm://cli.* is not a space' "$scratch/out" && exits 1 phpsync doctor --json &&
        json 'd["well"] is False and "remove it" in d["findings"][0]["what"]'
}

promise doctor_has_the_exit_codes_of_every_command_where_there_is_nothing_to_examine
doctor_has_the_exit_codes_of_every_command_where_there_is_nothing_to_examine() {
    exits 69 phpsync --space "shm://cli?path=$here_is/missing" doctor && complains 'no such folder' &&
        exits 64 phpsync --space nonsense://x doctor && complains
}

promise doctor_names_the_spaces_of_the_same_name_that_belong_to_others
doctor_names_the_spaces_of_the_same_name_that_belong_to_others() {
    local name=cli-doctor-$$ status=0
    # A namesake is any file of that name: nothing of it is read.
    true >"/dev/shm/phpsync-2.u54321.$name"
    exits 0 phpsync --space "shm://$name" doctor && grep -qE '^note +.*same name.*uid 54321.*group=' "$scratch/out" || status=1
    rm -f "/dev/shm/phpsync-2.u54321.$name" "/dev/shm/phpsync-2.u$(id -u).$name"
    return $status
}

promise doctor_mends_what_a_killed_process_left
doctor_mends_what_a_killed_process_left() {
    phpsync lock k && phpsync unlock k && exits 0 phpsync doctor --repair &&
        grep -qE '^mended +records of processes.*given back: [1-9]' "$scratch/out" && exits 0 phpsync doctor --repair &&
        ! grep -q mended "$scratch/out"
}

promise doctor_examines_files_too
doctor_examines_files_too() {
    export PHPSYNC_DSN="file://$here_is/files"
    phpsync set n 5 && phpsync lock k && exits 0 phpsync doctor && grep -q ' is well$' "$scratch/out" || return
    local file
    file=$(find "$here_is/files/integers" -type f ! -name '*.key')
    echo five >"$file"
    exits 1 phpsync doctor && grep -qE "^wrong +$file does not hold a 64-bit number.*remove it" "$scratch/out" &&
        exits 1 phpsync doctor --repair --json && json 'd["well"] is False' && equal five "$(cat "$file")" &&
        echo 5 >"$file" && exits 0 phpsync doctor
}

promise doctor_prints_what_an_administrator_may_run
doctor_prints_what_an_administrator_may_run() {
    exits 0 phpsync --space 'postgresql:///nowhere?host=/nowhere&schema=Ours' doctor --create &&
        grep -q '^CREATE TABLE IF NOT EXISTS "Ours".locks ' "$scratch/out" && exits 0 phpsync doctor --create &&
        [ ! -s "$scratch/out" ] && grep -q 'shm://' "$scratch/err"
}
