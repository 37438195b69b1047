# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2154,SC2016
# (variables come from the runner; programs for other shells are quoted)
#
# The manual and the completion say what the tool does.

promise the_manual_is_well_formed
the_manual_is_well_formed() {
    equal '' "$(MANWIDTH=80 man --warnings -l cli/phpsync.1 2>&1 >/dev/null)"
}

promise the_manual_has_each_command_with_exactly_its_options
the_manual_has_each_command_with_exactly_its_options() {
    python3 - <<'PYTHON'
import re, subprocess
page = open("cli/phpsync.1").read()
listed = page[page.index(".Sh OPTIONS"):page.index(".Sh RUNNING")]
def help_of(*arguments):
    return subprocess.check_output(["phpsync", *arguments, "--help"], text=True)
def options(text):
    """The options of a help text: (letter or "", name)."""
    return set(re.findall(r"^  (?:-(\w), |    )--([\w-]+)", text, re.M))
whole = help_of()
for name in re.findall(r"^  ([a-z]+) ", whole[:whole.index("Options")], re.M):
    start = re.search(rf"^\.Cm {name}$|^\.It Cm {name} .*$", page, re.M)
    assert start, f"the manual lacks {name}"
    head = start.group() if start.group().startswith(".It") else page[start.start():page.index(".Xc", start.start())]
    written = set(re.findall(r"Fl ((?:Fl )?[\w-]+)", head))
    of_all = options(whole)
    own = options(help_of(name)) - of_all
    wanted = {letter or "Fl " + long for letter, long in own}
    assert written - {"Fl"} == wanted, f"{name}: the manual has {written}, the help {wanted}"
    for letter, long in own | of_all:
        assert re.search(rf"^\.It {f'Fl {letter} , ' if letter else ''}Fl Fl {long}\b", listed, re.M), long
PYTHON
}

promise the_manual_has_each_exit_code
the_manual_has_each_exit_code() {
    equal '0 1 64 69 70 77' "$(sed -n '/^.Sh EXIT/,/^.El/s/^.It //p' cli/phpsync.1 | paste -sd ' ')"
}

# completed WORD...: what the completion offers for the last word.
completed() {
    bash --norc -c '. cli/phpsync.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _phpsync
        [ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"' - "$@" | sort
}

promise the_completion_offers_the_commands_and_their_options
the_completion_offers_the_commands_and_their_options() {
    local command
    equal "$(printf '%s\n' "${commands[@]}" | sort)" "$(completed phpsync '')" &&
        equal 'unlock' "$(completed phpsync --space shm://x un)" || return
    for command in "${commands[@]}"; do
        equal "$(phpsync "$command" --help | grep -oE '^  (-[a-zA-Z],)? *--[a-z0-9-]+' | tr -s ', ' '\n' | grep . | sort)" \
            "$(completed phpsync "$command" -)" || return
    done
    equal '' "$(completed phpsync lock -w '')" && equal '--lease' "$(completed phpsync -n run k --l)" &&
        equal '' "$(completed phpsync run k -- --l)"
}
