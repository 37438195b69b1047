/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check.c - psync_space_check: the audit's faults in words, and the repair.
 *
 * The audit needs the guard, and taking that already mends what a holder that
 * was killed left half done, as any other call would. What is still wrong then was not
 * done by a crash. Where the cells themselves are whole, the same repair makes the rest anew.
 */
#include "check.h"

#include <stdio.h>

#include "audit.h"
#include "finding.h"
#include "guard.h"
#include "process.h"
#include "state.h"
#include "surroundings.h"

static const char REMOVE[] =
    "stop whoever uses the space, and remove its file; its Locks and Integers are lost then";
static const char MEND[] = "phpsync doctor --repair mends it; nothing is lost";

/* What a fault is called: N things, the first of which is "cell" or "record" so and so. */
static const struct {
    const char *one;
    const char *many;
    const char *advice;
} faults[SHM_FAULTS] = {
    [SHM_FAULT_HEADER] = {"the file's header is damaged", NULL, REMOVE},
    [SHM_FAULT_BLOCK] = {"the file's table of blocks is damaged", NULL, REMOVE},
    [SHM_FAULT_KEY] = {"a key is damaged", "%u keys are damaged", REMOVE},
    [SHM_FAULT_WORD] = {"a Lock or Integer is in a state that it can never be in",
                        "%u Locks or Integers are in a state that they can never be in", REMOVE},
    [SHM_FAULT_OWNER] = {"the owner of a Lock is damaged", "the owners of %u Locks are damaged",
                         "unlock the Locks whose owner phpsync ls cannot name"},
    [SHM_FAULT_CHAIN] = {"a key is filed wrongly", "%u keys are filed wrongly", MEND},
    [SHM_FAULT_FREE] = {"the list of free cells is broken", NULL, MEND},
    [SHM_FAULT_LOST] = {"a cell belongs nowhere: its memory, and a key in it, are out of reach",
                        "%u cells belong nowhere: their memory, and keys in them, are out of reach", MEND},
    [SHM_FAULT_COUNT] = {"the file's counts are wrong", NULL, MEND},
};

static void tell_fault(struct psync_report *report, const struct shm_audit *found, enum shm_fault fault,
                       psync_severity severity)
{
    char what[160];
    uint32_t count = found->count[fault];
    const char *advice = severity == PSYNC_WRONG ? faults[fault].advice : "";
    if (count == 1 || !faults[fault].many) {
        snprintf(what, sizeof what, "%s", faults[fault].one);
    } else {
        /* The formats stand above, each with one %u. */
        snprintf(what, sizeof what, faults[fault].many, (unsigned)count);
    }
    if (found->first[fault]) {
        psync__report(report, severity, advice, "%s (number %u)", what, (unsigned)found->first[fault]);
    } else {
        psync__report(report, severity, advice, "%s", what);
    }
}

/* Tells what was found before, and of each fault whether it is still there. */
static void tell_faults(struct psync_report *report, const struct shm_audit *before, const struct shm_audit *after)
{
    for (enum shm_fault fault = 0; fault < SHM_FAULTS; fault++) {
        if (!before->count[fault]) continue;
        tell_fault(report, before, fault, after->count[fault] ? PSYNC_WRONG : PSYNC_MENDED);
    }
}

/* Under the guard. */
static psync_result audit(struct shm_file *file, bool repair, struct shm_audit *before, struct shm_audit *after,
                          uint32_t *records, psync_error *error)
{
    psync_result r = shm_audit(file, before, error);
    *after = *before;
    if (r || !repair) return r;
    if (!shm_audit_clean(before)) {
        if (!shm_audit_mendable(before)) return PSYNC_OK;
        r = shm_cells_repair(file, error);
        if (!r) r = shm_audit(file, after, error);
        if (r) return r;
    }
    *records = shm_process_sweep(file);
    return PSYNC_OK;
}

psync_result shm_check(void *opaque, bool repair, psync_check_callback callback, void *argument, psync_error *error)
{
    struct shm_state *state = opaque;
    struct psync_report report = {callback, argument, false};
    struct shm_audit before;
    struct shm_audit after;
    uint32_t records = 0;
    psync_error inner = {.message = ""};
    psync_result r = shm_file_check_linked(state->file, error);
    if (r) return r;
    r = shm_guard_lock(state->file, state->timeout, &inner);
    if (!r) {
        r = audit(state->file, repair, &before, &after, &records, &inner);
        shm_guard_unlock(state->file);
    }
    if (r == PSYNC_ERROR_DAMAGED) {
        psync__report(&report, PSYNC_WRONG, "", "%s", inner.message);
    } else if (r) {
        if (error) *error = inner;
        return r;
    } else {
        tell_faults(&report, &before, &after);
        if (records) {
            psync__report(&report, PSYNC_MENDED, "", "records of processes that have ended, given back: %u",
                          (unsigned)records);
        }
    }
    shm_surroundings(state->file, repair, &report);
    return report.stopped ? PSYNC_NO : PSYNC_OK;
}
