/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * recycle.pml - a cell that is one key's and then another's.
 *
 * Processes lock and unlock, each its own key, and there is but one cell: who
 * wants it for its key sweeps it from the other as soon as that one's Lock is
 * free. Each remembers (cell, generation) from one call to the next, and may
 * die before every step, also under the guard.
 *
 * What is held to be true:
 *   - who takes or frees a Lock takes or frees that of its own key;
 *   - a key's fences grow, however often it was forgotten in between;
 *   - an unlock() of what this process holds finds it;
 *   - under the guard the table is never found broken, whoever died there;
 *   - once everybody sleeps or is gone, nobody sleeps but on a held Lock of its key.
 *
 * Left out: what wake.pml has in full (a taker is the only one that sleeps
 * here, under one flag), hashing, chains, and the cells of long keys.
 */
#define HELD    1
#define TAKERS  2
#define RETIRED 4
#define ONE     8
#define FENCE(w) ((w) / ONE)
#define IS_FREE(w) (!((w) & (HELD | RETIRED)))
#define FUTEX(w) (((w) & RETIRED) -> RETIRED : (((w) & HELD) -> (w) - ((w) & TAKERS) : 0))
#define OWNERLESS (!(word & HELD))

/* The cell. */
short word = RETIRED;
byte generation = 0;
byte key;  /* what its bytes say */
bool tag;  /* it counts */
bool linked;
bool listed = true; /* among the free ones */
/* The header. */
byte guard; /* the holder + 1 */
bool dirty;
byte sweeps = SWEEPS; /* so often may the cell change hands */
byte floor; /* no fence of a forgotten Lock was larger */

byte whose; /* the key that the cell is in truth */
byte wants[WORKERS + 1]; /* the key that a sleeper sleeps for */
byte last[3]; /* each key's last fence */

#define FORGET(i) wants[i] = 0
#include "kernel.pml"

inline swap(new)
{
    ok = (word == w);
    word = (ok -> new : word);
    w = word
}

/* code: lib/src/drivers/shm/cell_pool.c shm_pool_push */
inline push_free()
{
    tag = false;
    listed = true
}

/* Makes the table anew after a death under the guard. code: lib/src/drivers/shm/cell_repair.c shm_cells_repair repair_key repair_free; lib/src/drivers/shm/table.h shm_tag_counts */
inline repair()
{
    linked = false;
    listed = false;
#ifdef M_repair_trusts_the_tag
    if
    :: tag -> linked = true
#else
    if
    :: tag && !(word & RETIRED) -> linked = true
#endif
    :: else ->
        if
        :: tag ->
            atomic { futex_wake_all(255) }
        :: else
        fi;
        push_free()
    fi
}

/* code: lib/src/drivers/shm/guard.c shm_guard_lock take_from_dead */
inline guard_lock()
{
    atomic {
        guard == 0 || dead[guard - 1] -> guard = me + 1;
        broken = dirty;
#ifndef M_guard_is_never_dirty
        dirty = true
#endif
    }
    if
    :: broken -> repair(); broken = false
    :: else
    fi
}

/* code: lib/src/drivers/shm/guard.c shm_guard_unlock */
inline guard_unlock()
{
    dirty = false;
    guard = 0
}

/* Takes the cell from its key if the Lock is free. code: lib/src/drivers/shm/cell_pool.c sweep sweep_cell; lib/src/drivers/shm/lock_end.c shm_lock_retire */
inline sweep()
{
    w = word;
    if
    :: tag && IS_FREE(w) ->
#if !defined(M_retire_forgets_the_fence) && !defined(M_retire_notes_the_fence_late)
        if
        :: FENCE(w) > floor -> floor = FENCE(w)
        :: else
        fi;
#endif
        atomic {
#ifdef M_retire_unasked
            ok = true; w = RETIRED; word = RETIRED;
#elif defined(M_sweep_retires_nothing)
            ok = (word == w);
#else
            fence = FENCE(w);
            left = (w & TAKERS);
            swap(RETIRED);
#endif
            if
            :: ok -> whose = 0
            :: else
            fi
        }
        if
        :: ok ->
#ifdef M_retire_notes_the_fence_late
            if
            :: fence > floor -> floor = fence
            :: else
            fi;
#endif
#ifndef M_retire_wakes_nobody
            if
            :: left -> atomic { futex_wake_all(255) }
            :: else
            fi;
#endif
            linked = false;
            push_free()
        :: else
        fi
    :: else
    fi;
    atomic { ok = false; w = 0; left = 0; fence = 0; sweeps-- }
}

/*
 * Gives the free cell to this key. The word is never one that the cell had before.
 * code: lib/src/drivers/shm/cells.c insert write_key write_word; lib/src/drivers/shm/cell_pool.c shm_pool_pop; lib/src/drivers/shm/cell_chain.c shm_chain_link
 */
#ifdef M_a_fresh_word_is_an_old_one
#define FRESH (floor * ONE)
#else
#define FRESH ((floor + 1) * ONE)
#endif
inline insert()
{
    listed = false;
#ifdef M_the_word_lives_before_its_generation
    key = mine;
    atomic { word = FRESH; whose = mine }
    generation = (generation | 1) + 1;
#else
    generation = generation | 1;
    key = mine;
    generation = (generation | 1) + 1;
    atomic { word = FRESH; whose = mine }
#endif
    tag = true;
    linked = true;
    note = generation
}

/*
 * The generation of the cell, if it is this key's, in note; else 0. Without the
 * guard: what is not found so is looked for again under it.
 * code: lib/src/drivers/shm/cells.c walk look_up
 */
inline look_up()
{
    if
    :: linked ->
        note = generation;
        if
        :: (note & 1) || !tag -> note = 0
        :: else ->
            if
            :: key != mine -> note = 0
            :: else ->
                if
                :: generation != note || (word & RETIRED) -> note = 0
                :: else
                fi
            fi
        fi
    :: else
    fi
}

/* code: lib/src/drivers/shm/cells.c shm_cells_find find_guarded; lib/src/drivers/shm/cell_pool.c shm_pool_make_room */
inline find()
{
    look_up();
    if
    :: note
    :: else ->
        guard_lock();
        if
        :: linked && key == mine && tag -> assert(!(word & RETIRED)); note = generation
        :: else ->
            if
            :: !listed && sweeps -> sweep()
            :: else
            fi;
            if
            :: listed -> insert()
            :: else /* the file would grow; here the process gives up */
            fi
        fi;
        guard_unlock()
    fi
}

/* code: lib/src/drivers/shm/lock_end.c finish_release */
inline finish_release()
{
    atomic { futex_wake_one(255); left = (woken -> w : w - TAKERS) }
    atomic { swap(left); left = 0; ok = false; woken = false }
}

/* Whether the cell is not this key's any more. code: lib/src/drivers/shm/cells.h shm_cells_same */
#ifdef M_the_generation_is_not_asked
#define ANOTHERS(w) ((w) & RETIRED)
#else
#define ANOTHERS(w) (((w) & RETIRED) || generation != note)
#endif

/* code: lib/src/drivers/shm/locks.c try_take acquire_slowly; lib/src/drivers/shm/lock_wait.c sleep_on */
inline acquire()
{
    do
    :: !note ->
        find();
        if
        :: note
        :: else -> goto given_up
        fi
    :: note ->
#ifdef M_the_generation_is_asked_first
        ok = (generation != note);
        w = word;
        if
        :: ok || (w & RETIRED) -> ok = false; note = 0
#else
        w = word;
        if
        :: ANOTHERS(w) -> note = 0
#endif
        :: else ->
            if
            :: IS_FREE(w) ->
                atomic {
                    ok = (word == w);
                    if
                    :: ok ->
                        assert(whose == mine);
                        word = (FENCE(w) + 1) * ONE + HELD + (w & TAKERS);
                        assert(FENCE(word) > last[mine]);
                        last[mine] = FENCE(word);
                        fence = FENCE(word)
                    :: else
                    fi
                }
                if
                :: ok -> ok = false; break
                :: else
                fi
            :: else ->
                atomic { watched[me] = false; fence = FENCE(w) }
                /* Sleeps on it: the word is read again. */
                w = word;
                do
                :: !(w & HELD) || FENCE(w) != fence -> break
                :: (w & HELD) && FENCE(w) == fence && !(w & TAKERS) -> atomic { swap(w | TAKERS); ok = false }
                :: (w & HELD) && FENCE(w) == fence && (w & TAKERS) ->
                    watched[me] = true;
                    atomic {
                        if
                        :: FUTEX(word) == FUTEX(w) -> asleep[me] = 1; wants[me] = mine
                        :: else
                        fi
                    }
                    atomic { !asleep[me] -> wants[me] = 0 }
                    break
                od;
                fence = 0
            fi
        fi
    od;
    watched[me] = false
}

/* Of what this process holds. code: lib/src/drivers/shm/locks.c try_release; lib/src/drivers/shm/lock_end.c shm_lock_end */
inline release()
{
    do
    :: w = word;
        assert((w & HELD) && FENCE(w) == fence && !ANOTHERS(w));
        if
        :: w & TAKERS -> watched[me] = true
        :: else
        fi;
        atomic {
            ok = (word == w);
            if
            :: ok -> assert(whose == mine); word = w - HELD; w = word
            :: else
            fi
        }
        if
        :: ok -> break
        :: else
        fi
    od;
    ok = false;
    if
    :: w & TAKERS -> finish_release()
    :: else
    fi;
    atomic { watched[me] = false; fence = 0; w = 0 }
}

proctype process(byte me; byte mine; byte rounds)
{
    short w, left;
    byte note, fence;
    bool ok, woken, broken;
    {
        do
        :: rounds -> rounds--; acquire(); release()
        :: else -> break
        od;
given_up:
        skip
    } unless { dead[me] };
    atomic {
        done[me] = true;
        wants[me] = 0;
        w = 0; left = 0; note = 0; fence = 0; ok = false; woken = false; broken = false; rounds = 0
    }
}

#define RESTS(i) (done[i] || asleep[i])
#define ENDED(i) (done[i])
#define RIGHTLY(i) (!asleep[i] || ((word & HELD) && whose == wants[i]))

/* Frees what the dead have left, and looks whether everybody sleeps for a reason. */
active proctype janitor()
{
    short w, left;
    byte me = WORKERS;
    bool ok, woken;
    do
    :: atomic { ALL(RESTS) && !ALL(ENDED) -> assert(ALL(RIGHTLY)); w = word; word = w - HELD; w = word }
        finish_release()
    :: ALL(ENDED) -> break
    od
}

init {
    atomic {
        run process(0, KEY0, ROUNDS0);
        run process(1, KEY1, ROUNDS1);
#if WORKERS > 2
        run process(2, KEY2, ROUNDS2);
#endif
    }
}
