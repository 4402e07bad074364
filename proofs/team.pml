// SPDX-License-Identifier: MIT
//
// The threads of a spiking network: marks and sleep (native/core/population/team.h: Team::pass, await, wait, meet). WORKERS workers pass
// MARKS marks and meet; each awaits a mark LEAD before its own. Nobody dies: they are threads of one process.
//
//   pass       what is given away; count; look whether somebody sleeps for it, with nothing between: wake
//   await      look at the counts of the others; not there: count again with a full fence and look for sleepers, then wait
//   wait       with the lock: the mark where the others look, unless a lower one is there; full fence; look once more; sleep
//   wake       with the lock: nobody sleeps; all who do are woken, and look again
//   meeting    worker 0 awaits all and passes last, and looks for sleepers with a full fence; the others pass, and await that
//
// Spinning is left out: it is a sleep that ends by itself. What is given away is a word of each worker that holds its last mark.
//
// Mutants:
//   NO_CALL              who is about to wait does not look for sleepers again
//   NO_CALL_AT_END       worker 0 does not after the meeting
//   NO_FENCE             both do, without the full fence
//   NO_SLEEPER_FENCE     the sleeper looks once more without a full fence before
//   NO_RECHECK           it does not look once more
//   WAKE_WITHOUT_LOCK    the waker does not take the lock
//   MARK_BEFORE_DATA     what is given away is written after the mark

#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef MARKS
#define MARKS 3
#endif
#ifndef LEAD
#define LEAD 1
#endif
#define THREADS WORKERS
#define MORTALS 0
#ifndef DEPTH
#define DEPTH 4
#endif
#define MARK(worker) (worker)
#define DATA(worker) (WORKERS + (worker))
#define SLEEPER (2 * WORKERS)
#define CELLS (2 * WORKERS + 1)
#define ON_FLUSH(c, v) skip
#define NOBODY 255

bool lock;
bool asleep[WORKERS];
bool ended[WORKERS];

#include "tso.pml"

/* An exchange, which waits for the thread's own stores. What is written with the lock held is in memory when it is given back. */
inline take_lock(me) { atomic { !lock && buffer[me].used == 0 -> lock = true } }
inline give_lock(me) { atomic { buffer[me].used == 0 -> lock = false } }

inline wake(me) {
#ifndef WAKE_WITHOUT_LOCK
  take_lock(me);
#endif
  store_plain(me, SLEEPER, NOBODY);
#ifdef WAKE_WITHOUT_LOCK
  fence_full(me);
#else
  give_lock(me);
#endif
  d_step {
    other = 0;
    do
    :: other < WORKERS -> asleep[other] = false; other++
    :: else -> break
    od;
    other = 0
  }
}

inline look_for_sleepers(me) {
  load(me, SLEEPER, seen);
  if
  :: passed >= seen -> seen = 0; wake(me)
  :: else -> seen = 0
  fi
}

inline pass(me) {
  passed++;
#ifdef MARK_BEFORE_DATA
  store_release(me, MARK(me), passed);
  store_plain(me, DATA(me), passed);
#else
  store_plain(me, DATA(me), passed);
  store_release(me, MARK(me), passed);
#endif
  look_for_sleepers(me)
}

inline call_sleepers(me) {
#ifndef NO_FENCE
  fence_full(me);
#endif
  look_for_sleepers(me)
}

/* there := all others have passed `mark`. */
inline look(me) {
  other = 0;
  there = true;
  do
  :: other < WORKERS && there ->
     if
     :: other != me ->
        load(me, MARK(other), seen);
        there = (seen >= mark);
        seen = 0
     :: else
     fi;
     other++
  :: else -> break
  od;
  other = 0
}

inline await(me) {
  look(me);
  if
  :: !there ->
#ifndef NO_CALL
     call_sleepers(me);
#endif
     take_lock(me);
     do
     :: true ->
        load(me, SLEEPER, seen);
        if
        :: mark < seen ->
           store_plain(me, SLEEPER, mark);
#ifndef NO_SLEEPER_FENCE
           fence_full(me)
#endif
        :: else
        fi;
        seen = 0;
#ifndef NO_RECHECK
        look(me);
#endif
        if
        :: there -> give_lock(me); break
        :: else ->
           /* The lock is given back and the sleep begins in one. */
#ifdef NO_SLEEPER_FENCE
           atomic { lock = false; asleep[me] = true };
#else
           atomic { buffer[me].used == 0 -> lock = false; asleep[me] = true };
#endif
           !asleep[me];
           take_lock(me);
#ifdef NO_RECHECK
           look(me);
           if
           :: there -> give_lock(me); break
           :: else
           fi
#endif
        fi
     od
  :: else
  fi;
  there = false
}

/* What the others wrote before the mark that was awaited is there. */
inline read(me) {
  do
  :: other < WORKERS ->
     load(me, DATA(other), seen);
     assert(seen >= mark);
     seen = 0;
     other++
  :: else -> break
  od;
  other = 0
}

proctype worker(byte me) {
  byte passed;
  byte mark;
  byte seen;
  byte other;
  bool there;
  do
  :: passed == MARKS -> break
  :: else ->
     pass(me);
     mark = (passed > LEAD -> passed - LEAD : 0);
     await(me);
     read(me)
  od;
  if
  :: me == 0 ->
     mark = passed + 1;
     await(me);
     pass(me);
#ifndef NO_CALL_AT_END
     call_sleepers(me)
#endif
  :: else ->
     pass(me);
     mark = passed;
     await(me)
  fi;
  read(me);
  ended[me] = true
}

/* When nothing moves any more. */
proctype judge() {
  byte each;
  timeout;
  d_step {
    do
    :: each < WORKERS -> assert(ended[each]); each++
    :: else -> break
    od
  }
}

init {
  byte each;
  atomic {
    memory[SLEEPER] = NOBODY;
    do
    :: each < WORKERS -> run drain(each); run worker(each); each++
    :: else -> break
    od;
    run judge();
    each = 0
  }
}
