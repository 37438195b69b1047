/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kernel.pml - what the system does for the models: sleep and wake-up on one
 * 32-bit word, the death of a process before any step, and the wake-up that the
 * kernel makes in its place if it had announced the word (futex.h).
 *
 * Who includes this has defined
 *   WORKERS         processes 0 to WORKERS - 1 sleep and die
 *   DEATHS, SIGNALS how many of each there are at most
 *   OWNERLESS       whether the word would do for the kernel: no thread's id in it
 *   FORGET(i)       what else ends with process i
 *
 * A wake-up of one sleeper may take any that matches. The real queue is in
 * order, so all that it can do is among what is searched here.
 */
byte asleep[WORKERS + 1];  /* the bits that it sleeps with; 0: awake */
bool watched[WORKERS + 1]; /* it has announced the word */
bool dead[WORKERS + 1];
bool done[WORKERS + 1];
byte deaths = DEATHS;
byte signals = SIGNALS;

#if WORKERS == 2
#define FOR_ALL(what) what(0) what(1)
#define ALL(what) (what(0) && what(1))
#elif WORKERS == 3
#define FOR_ALL(what) what(0) what(1) what(2)
#define ALL(what) (what(0) && what(1) && what(2))
#else
#define FOR_ALL(what) what(0) what(1) what(2) what(3)
#define ALL(what) (what(0) && what(1) && what(2) && what(3))
#endif

/* One sleeper with one of these bits; woken: whether there was one. Part of an atomic step. */
#define WAKE_IT(i) :: asleep[i] & (which) -> asleep[i] = 0; woken = true
inline futex_wake_one(which)
{
    if
    FOR_ALL(WAKE_IT)
    :: else -> woken = false
    fi
}

/* All sleepers with one of these bits. Part of an atomic step. */
#define WAKE_TOO(i) asleep[i] = ((asleep[i] & (which)) -> 0 : asleep[i]);
inline futex_wake_all(which)
{
    FOR_ALL(WAKE_TOO)
    skip
}

/* handle_futex_death */
inline die(i)
{
    deaths--;
    dead[i] = true;
    asleep[i] = 0;
    if
    :: watched[i] && OWNERLESS -> futex_wake_one(255)
    :: else
    fi;
    watched[i] = false;
    FORGET(i);
    woken = false
}

/* Kills whom it likes when it likes, or nobody. */
#define KILL(i) :: atomic { deaths && !dead[i] && !done[i] -> die(i) }
active proctype killer()
{
    bool woken;
end:
    do
    FOR_ALL(KILL)
    od
}

#if SIGNALS
/* Sleeps end for no reason. */
#define INTERRUPT(i) :: atomic { signals && asleep[i] -> signals--; asleep[i] = 0 }
active proctype signaller()
{
end:
    do
    FOR_ALL(INTERRUPT)
    od
}
#endif
