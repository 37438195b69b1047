/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wake.pml - the word of one Lock: who takes it, who frees it, who wakes whom.
 *
 * Processes lock, unlock what they or others took, wait, and take Holds; each
 * may die before every step. A step here is one access to the word or one
 * system call there. Left out: time-outs and leases (a signal's end of a sleep
 * does the same to the word), the stepping back of first tries (it is limited
 * in time and changes nothing in the word).
 *
 * What is held to be true:
 *   - an acquisition begins on a free Lock, and one unlock() ends it;
 *   - wait() returns only after the acquisition that it saw has ended;
 *   - once everybody sleeps or is gone, nobody sleeps on a free Lock, and on a
 *     held one nobody sleeps until the end of an earlier acquisition: no
 *     wake-up is lost, and re-lockers starve no waiter;
 *   - the count of waiters is never too low;
 *   - as long as somebody frees ghosts, all who live get to their end.
 */

/* What a process does. */
#define WAITER   1 /* waits */
#define TAKER    2 /* locks, and unlocks */
#define LOCKER   3 /* locks, and is gone */
#define STRANGER 4 /* unlocks */
#define HOLDER   5 /* takes a Hold, and releases it */
#define RELOCKER 6 /* locks and unlocks twice */
#define KEEPER   7 /* takes a Hold, and is gone */

/* The word: flags, and the fence above. lock_word.h */
#define HELD     1
#define WAITERS  2
#define TAKERS   4
#define PLAIN    8
#define HOLD     16
#define ONE      32
#define SLEEPERS (WAITERS | TAKERS | PLAIN)
#define FENCE(w) ((w) / ONE)
#define IS_FREE(w) (!((w) & HELD))
#define FUTEX(w) (IS_FREE(w) -> 0 : (w) - ((w) & (SLEEPERS | HOLD)))

#define WAKE_WAITERS 1
#define WAKE_TAKERS  2
#define WAKE_PLAIN   4

#define FENCES 10
short word = START;
bool over[FENCES]; /* that acquisition has ended */
byte owner[FENCES];
byte waits[WORKERS + 1]; /* for the end of this acquisition; 0: until it can take the Lock */
bool looks[WORKERS + 1]; /* it sleeps on a Hold, until its next look */

#define OWNERLESS IS_FREE(word)
#define FORGET(i) waits[i] = 0; looks[i] = false
#include "kernel.pml"

/* The owner is process owner - 1; 0: somebody who has ended before. */
#define OWNER_ENDED(w) (owner[FENCE(w)] == 0 || dead[owner[FENCE(w)] - 1] || done[owner[FENCE(w)] - 1])

/* shm_swap; w becomes the word as it is then. Part of an atomic step. */
inline swap(new)
{
    ok = (word == w);
    word = (ok -> new : word);
    w = word
}

/* code: lib/src/drivers/shm/lock_end.c disinherit */
#define HEIR(w) (!IS_FREE(w) && FENCE(w) == fence + 1)
#define WITHOUT_HEIRS(w) ((w) - ((w) & SLEEPERS))
#ifdef M_disinherits_plain
#define MAY_DISINHERIT(w) (HEIR(w) && !((w) & HOLD))
#else
#define MAY_DISINHERIT(w) (HEIR(w) && !((w) & HOLD) && ((w) & SLEEPERS) == TAKERS)
#endif

/* The rest of a release, w being a free word. code: lib/src/drivers/shm/lock_end.c finish_release */
inline finish_release()
{
    if
    :: w & WAITERS -> atomic { futex_wake_all(WAKE_WAITERS) }
    :: else
    fi;
    left = w - (w & WAITERS);
    if
    :: w & (TAKERS | PLAIN) ->
        atomic {
            futex_wake_one(WAKE_TAKERS | WAKE_PLAIN);
#ifdef M_clears_takers
            left = left - (left & SLEEPERS)
#else
            left = (woken -> left : left - (left & SLEEPERS))
#endif
        }
    :: else -> woken = true
    fi;
    atomic {
        fence = FENCE(w);
        swap(left);
        left = 0
    }
    if
    :: !ok && !woken && MAY_DISINHERIT(w) -> atomic { swap(WITHOUT_HEIRS(w)) }
    :: else
    fi;
    atomic { ok = false; woken = false; fence = 0 }
}

/* code: lib/src/drivers/shm/lock_end.c shm_lock_help */
inline help_release()
{
    w = word;
    if
    :: IS_FREE(w) && (w & WAITERS) -> finish_release()
    :: else
    fi
}

/* code: lib/src/drivers/shm/lock_word.h lock_free */
#define FREED(w) (FENCE(w) * ONE + ((w) & SLEEPERS))

/* Ends the acquisition in w; freed: this call did. code: lib/src/drivers/shm/lock_end.c shm_lock_end */
inline end_acquisition()
{
#ifndef M_release_unannounced
    if
    :: w & SLEEPERS -> watched[me] = true
    :: else
    fi;
#endif
    atomic {
#ifdef M_release_unasked
        freed = true;
#else
        freed = (word == w);
#endif
        if
        :: freed ->
            assert(!over[FENCE(word)] && !IS_FREE(word));
            over[FENCE(word)] = true;
            w = FREED(w);
            word = w
        :: else -> w = word
        fi
    };
    if
    :: freed && (w & SLEEPERS) -> finish_release()
    :: else
    fi;
    watched[me] = false
}

/* code: lib/src/drivers/shm/lock_end.c shm_lock_read; lib/src/drivers/shm/lock_hold.c shm_lock_hold_ended */
inline read_word()
{
    w = word;
    do
    :: (w & HOLD) && OWNER_ENDED(w) -> end_acquisition(); w = word
    :: else -> break
    od
}

#ifdef M_flags_any_acquisition
#define STILL(w) (!IS_FREE(w))
#else
#define STILL(w) (!IS_FREE(w) && FENCE(w) == seen)
#endif

/*
 * How many wait for the end of acquisition count_of. A waiter counts itself in
 * and out; last: it was the last one.
 * code: lib/src/drivers/shm/waiting.h waiting_begin waiting_end
 */
byte count_of;
byte count;
inline count_in()
{
    if
    :: count_of > seen -> counted = false
#ifndef M_counts_itself_only
    :: count_of == seen -> count++; counted = true
#endif
    :: else -> count_of = seen; count = 1; counted = true
    fi
}
inline count_out()
{
    if
#ifdef M_takes_another_count_for_its_own
    :: counted && count -> count--; last = (count == 0)
#else
    :: counted && count_of == seen -> count--; last = (count == 0)
#endif
    :: else
    fi;
    counted = false
}

/*
 * Sleeps until the end of the acquisition seen, under a flag and bits.
 * code: lib/src/drivers/shm/lock_wait.c set_flag
 */
inline sleep_on(flag, bits)
{
    do
    :: !STILL(w) -> break
    :: STILL(w) && !(w & (flag)) -> atomic { swap(w | (flag)); ok = false }
    :: STILL(w) && (w & (flag)) ->
#ifndef M_sleeps_unannounced
        watched[me] = true;
#endif
        atomic {
            if
#ifndef M_sleeps_unasked
            :: FUTEX(word) != FUTEX(w)
#endif
            :: else -> asleep[me] = bits; looks[me] = (w & HOLD)
            fi;
            slept = true
        }
        atomic { !asleep[me] -> looks[me] = false }
        break
    od
}

/*
 * code: lib/src/drivers/shm/lock_wait.c shm_lock_await sleep_on
 * The flag of a taker depends on what it sleeps on.
 */
inline await(waiter)
{
    w = word;
    if
    :: IS_FREE(w) && (w & WAITERS) -> help_release()
    :: IS_FREE(w) && !(w & WAITERS)
    :: !IS_FREE(w) && FENCE(w) != seen
    :: !IS_FREE(w) && FENCE(w) == seen ->
        if
        :: waiter ->
            atomic { count_in() }
            sleep_on(WAITERS, WAKE_WAITERS)
        :: !waiter && (w & HOLD) -> sleep_on(TAKERS, WAKE_TAKERS)
        :: !waiter && !(w & HOLD) -> sleep_on(PLAIN, WAKE_PLAIN)
        fi
    fi
}

/* What a free word becomes when it is taken. */
#ifdef M_inherits_nothing
#define INHERITED(w) 0
#else
#define INHERITED(w) (((w) & SLEEPERS) -> TAKERS : 0)
#endif
#define TAKEN(w) ((FENCE(w) + 1) * ONE + HELD + INHERITED(w) + (hold -> HOLD : 0))

/* Takes the Lock, sooner or later. code: lib/src/drivers/shm/locks.c try_take prepare taken_word acquire_slowly */
inline acquire()
{
    w = word;
    do
    :: IS_FREE(w) ->
        if
        :: w & WAITERS -> help_release(); w = word
        :: else ->
#ifndef M_hold_lets_plain_sleep
            if
            :: hold && (w & SLEEPERS) -> atomic { futex_wake_all(WAKE_PLAIN) }
            :: else
            fi;
#endif
            atomic {
#ifdef M_takes_unasked
                ok = true;
#else
                ok = (word == w);
#endif
                if
                :: ok ->
                    assert(IS_FREE(word));
                    word = TAKEN(w);
                    owner[FENCE(word)] = me + 1;
                :: else
                fi;
                w = word
            }
            if
            :: ok -> ok = false; break
            :: else
            fi
        fi
    :: !IS_FREE(w) ->
        if
        :: w & HOLD -> read_word()
        :: else
        fi;
        if
        :: IS_FREE(w)
        :: else ->
            atomic { watched[me] = false; seen = FENCE(w) }
            await(false);
            slept = false;
#ifdef M_forgets_its_wakeup
            watched[me] = false;
#endif
            w = word
        fi
    od;
    watched[me] = false
}

/* Ends whatever acquisition there is, or only the one that was seen. code: lib/src/drivers/shm/locks.c try_release */
inline release(any)
{
    w = word;
    do
    :: IS_FREE(w) -> break
    :: !IS_FREE(w) ->
        if
        :: w & HOLD -> read_word()
        :: else
        fi;
        if
        :: IS_FREE(w) || (!(any) && FENCE(w) != seen) -> break
        :: else -> end_acquisition()
        fi;
        if
        :: freed -> break
        :: else
        fi
    od;
    freed = false
}

/* code: lib/src/lock.c psync_lock_wait wait_turn; lib/src/drivers/shm/lock_look.c look */
inline wait()
{
    read_word();
    if
    :: IS_FREE(w)
    :: else ->
        seen = FENCE(w);
        waits[me] = seen;
        do
        :: await(true);
            w = word;
            atomic { count_out() }
#ifdef M_waiter_ends_its_watch_first
            watched[me] = false;
#endif
            if
#ifdef M_waiter_helps_nobody
            :: false
#elif defined(M_last_waiter_forgets_takers)
            :: slept && IS_FREE(w) && (w & WAITERS) && !last -> help_release()
#else
            :: slept && IS_FREE(w) && (w & WAITERS) && (!last || (w & (TAKERS | PLAIN))) -> help_release()
#endif
            :: else
            fi;
            atomic { watched[me] = false; last = false; slept = false }
            read_word();
            if
            :: IS_FREE(w) || FENCE(w) != seen -> assert(over[seen]); break
            :: else
            fi
        od
    fi
}

proctype process(byte me; byte role)
{
    short w, left;
    byte fence, seen;
    bool ok, freed, woken, counted, last, slept, hold = (role == HOLDER || role == KEEPER), again = (role == RELOCKER);
    {
        do
        :: role == WAITER -> wait(); break
        :: role == STRANGER -> release(true); break
        :: else ->
            acquire();
            seen = FENCE(w);
            if
            :: role == LOCKER || role == KEEPER -> break
            :: role == HOLDER -> release(false); break
            :: role == TAKER || role == RELOCKER -> release(true)
            fi;
            if
            :: again -> again = false
            :: else -> break
            fi
        od
    } unless { dead[me] };
    atomic {
        done[me] = true;
        waits[me] = 0;
        w = 0; left = 0; fence = 0; seen = 0; ok = false; freed = false; woken = false;
        again = false; counted = false; last = false; slept = false
    }
}

/* Who sleeps on a Hold looks now and then, and finds that its holder has ended. */
#define LOOK(i) :: atomic { asleep[i] && looks[i] && !((word & HOLD) && !OWNER_ENDED(word)) -> asleep[i] = 0 }
active proctype looker()
{
end:
    do
    FOR_ALL(LOOK)
    od
}

#define RESTS(i) (done[i] || (asleep[i] && !looks[i]))
#define ENDED(i) (done[i])
#define RIGHTLY(i) (!asleep[i] || (!IS_FREE(word) && !((word & HOLD) && OWNER_ENDED(word)) && (!waits[i] || waits[i] == FENCE(word))))

/* Frees what nobody else will free, and looks whether everybody sleeps for a reason. */
active proctype janitor()
{
    short w, left;
    byte fence, seen, me = WORKERS;
    bool ok, freed, woken;
    do
    :: atomic { ALL(RESTS) && !ALL(ENDED) -> assert(ALL(RIGHTLY)) };
        release(true)
    :: ALL(ENDED) -> break
    od
}

/* Nobody sleeps uncounted on the acquisition that is counted. */
#define COUNTED(i) + (asleep[i] && waits[i] && waits[i] == count_of)
active proctype witness()
{
end:
    do
    :: atomic { (0 FOR_ALL(COUNTED)) > count -> assert(false) }
    od
}

init {
    atomic {
        over[0] = true;
        run process(0, ROLE0);
        run process(1, ROLE1);
#if WORKERS > 2
        run process(2, ROLE2);
#endif
#if WORKERS > 3
        run process(3, ROLE3);
#endif
    }
}
