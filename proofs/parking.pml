// SPDX-License-Identifier: MIT
//
// Parking and waking: a consumer that finds its rings empty sleeps until a producer wakes it (native/core/membership.cc:
// Ganglion::park, Ganglion::wake; lib/bus/outboxes.ts: #publish). One consumer, PRODUCERS producers with a ring of N slots each and one word `parked`
// of the consumer. Everybody may die before any of his steps.
//
//   consumer   parked := 1; full fence; look at every head again; something there: parked := 0 and go on; else wait
//   producer   slot; head; full fence; parked == 1: swap 1 for 0, and who won that posts the wake
//   wait       like a futex: returns at once unless parked is 1 when it begins; may wake up for no reason
//   reaper     once a producer is dead and its stores are in memory: parked := 0, post the wake. Once, not periodically,
//              which is the harder case
//
// With -DBELL the wait is the one of native/addon/alarm.cc between processes: a listener thread sleeps on a word that counts
// wake-ups and rings a bell for each change; a bell that was rung stays so until the consumer takes it. The consumer clears
// the flag when it wakes up. Without it the consumer itself sleeps on `parked`.
//
// Slots have one word here (ring.pml sees to tearing) and carry the position. To wait for room a producer polls the tail.
//
// Mutants:
//   NO_FENCE, NO_FENCE_PRODUCER, NO_FENCE_CONSUMER   without the full fence; NO_FENCE: on both sides
//   NO_RECHECK           the consumer does not look again after it has set the flag
//   WAIT_ANYWAY          the wait does not compare the flag
//   WAKE_WITHOUT_CLEAR   the producer posts the wake and leaves the flag
//   CLEAR_WITHOUT_WAKE   it clears the flag and posts nothing
//   NO_REAPER            nobody looks after the dead
//   REAPER_BY_FLAG       the reaper wakes only if it finds the flag set
//   REAPER_LEAVES_FLAG   it posts the wake and leaves the flag
//   LATE_LISTENER        with BELL: the listener reads the count it starts from after the consumer may have parked
//   BELL_FORGETS         with BELL: a bell that rings while nobody waits is not heard
//   REAPER_EARLY         it acts before the stores of the dead producer are in memory, and never again
//
// With -DMORTALS=0 nobody dies, which leaves room for larger bounds.
// With -DLIVENESS the claim at the end replaces judge(): sooner or later everything is delivered, under weak fairness.

#ifndef N
#define N 2
#endif
#ifndef PRODUCERS
#define PRODUCERS 1
#endif
#ifndef MESSAGES
#define MESSAGES 4 /* of each producer */
#endif
#ifndef SPURIOUS
#define SPURIOUS 2 /* wake-ups without a reason, at most: any number would hide a lost one */
#endif
#ifndef MORTALS
#define MORTALS THREADS /* producers first, then the consumer */
#endif
#define START 254 /* wraps between the second and the third message */

#define C PRODUCERS /* producers are threads 0 to PRODUCERS - 1 */
#define THREADS (PRODUCERS + 1)
#ifndef DEPTH
#define DEPTH 4
#endif

#define RING (N + 2)
#define SLOT(ring, position) (RING * (ring) + ((position) & (N - 1)))
#define HEAD(ring) (RING * (ring) + N)
#define TAIL(ring) (RING * (ring) + N + 1)
#define PARKED (RING * PRODUCERS)
#define CELLS (RING * PRODUCERS + 1)
#define ON_FLUSH(c, v) skip

bool asleep;               // in the kernel's queue
byte whims = SPURIOUS;     // wake-ups without a reason that are still to come
#ifdef BELL
byte wakes;                // the word that counts
bool listener_asleep;
bool rung;
#ifdef BELL_FORGETS
#define nobody_hears (!asleep)
#else
#define nobody_hears (false)
#endif
#define WHIM :: d_step { whims > 0 && !rung -> whims--; rung = true }
#else
#define WHIM :: d_step { whims > 0 && asleep -> whims--; asleep = false }
#endif

#include "tso.pml"

#ifdef NO_FENCE
#define NO_FENCE_PRODUCER
#define NO_FENCE_CONSUMER
#endif

bool ended[PRODUCERS];     // published all, or gave up a ring that nobody reads
byte delivered[PRODUCERS]; // position behind the last spike that the consumer got

#define PRODUCER_SILENT(ring) ((ended[ring] || killed[ring]) && buffer[ring].used == 0)
#define CONSUMER_SILENT (killed[C] && buffer[C].used == 0)

#ifdef BELL
inline wake() { wakes++; listener_asleep = false }

proctype listener(byte seen) {
#ifdef LATE_LISTENER
  seen = wakes;
#endif
  do
  :: listener_asleep = (wakes == seen);
end:
     !listener_asleep;
     d_step {
       if
       :: wakes != seen -> seen = wakes; rung = !nobody_hears
       :: else
       fi
     }
  od
}
#else
inline wake() { asleep = false }
#endif

proctype producer(byte me) {
  byte head = START;
  byte tail = START; // as seen last
  byte parked;
  bool won;
  {
    do
    :: head == WRAP(START + MESSAGES) -> break
    :: else ->
       do
       :: WRAP(head - tail) < N -> break
       :: WRAP(head - tail) >= N && memory[TAIL(me)] != tail -> load(me, TAIL(me), tail)
       :: WRAP(head - tail) >= N && memory[TAIL(me)] == tail && CONSUMER_SILENT -> goto over
       od;
       store_plain(me, SLOT(me, head), head);
       head = WRAP(head + 1);
       store_release(me, HEAD(me), head);
#ifndef NO_FENCE_PRODUCER
       fence_full(me);
#endif
       load(me, PARKED, parked);
       if
       :: parked == 1 ->
          parked = 0;
#ifdef WAKE_WITHOUT_CLEAR
          wake()
#else
          swap(me, PARKED, 1, 0, won);
          if
          :: won ->
             won = false;
#ifndef CLEAR_WITHOUT_WAKE
             wake()
#endif
          :: else
          fi
#endif
       :: else
       fi
    od;
over:
    atomic { ended[me] = true; head = 0; tail = 0 }
  } unless { d_step { killed[me] -> head = 0; tail = 0; parked = 0; won = false } }
}

/* found := some ring has something at `position`. */
inline look() {
  ring = 0;
  found = false;
  do
  :: ring < PRODUCERS && !found ->
     load(C, HEAD(ring), head);
     if
     :: head != delivered[ring] -> found = true
     :: else -> ring++
     fi;
     head = 0
  :: else -> break
  od
}

proctype consumer() {
  byte ring;
  byte head;
  byte slot;
  bool found;
  {
    do
    :: true ->
       look();
       if
       :: !found ->
          store_plain(C, PARKED, 1);
#ifndef NO_FENCE_CONSUMER
          fence_full(C);
#endif
#ifndef NO_RECHECK
          look();
#endif
          if
          :: found -> store_plain(C, PARKED, 0)
          :: else ->
             ring = 0;
#ifdef BELL
             asleep = true;
end_silence:
             d_step { rung -> rung = false; asleep = false };
             store_plain(C, PARKED, 0)
#else
             d_step { /* the wait begins: a system call, behind the caller's own stores */
               buffer[C].used == 0;
#ifdef WAIT_ANYWAY
               asleep = true
#else
               asleep = (memory[PARKED] == 1)
#endif
             };
end_asleep:
             !asleep
#endif
          fi
       :: else
       fi;
       if
       :: found ->
          load(C, SLOT(ring, delivered[ring]), slot);
          d_step {
            assert(slot == delivered[ring]); /* the right one, in order, once */
            delivered[ring] = WRAP(delivered[ring] + 1);
            slot = 0;
            found = false
          };
          store_release(C, TAIL(ring), delivered[ring]);
          ring = 0
       :: else
       fi
    od
  } unless { d_step { killed[C] -> asleep = false; ring = 0; head = 0; slot = 0; found = false } }
}

proctype reaper(byte ring) {
end:
#ifdef REAPER_EARLY
  killed[ring];
#else
  killed[ring] && buffer[ring].used == 0;
#endif
#ifdef BELL
  rung = true /* a timer of the consumer itself */
#elif defined(REAPER_BY_FLAG)
  if
  :: d_step { memory[PARKED] == 1 -> memory[PARKED] = 0 }; wake()
  :: d_step { memory[PARKED] != 1 -> skip }
  fi
#else
#ifndef REAPER_LEAVES_FLAG
  memory[PARKED] = 0;
#endif
  wake()
#endif
}

#define LOST_WAKE_UP(ring) (!killed[C] && delivered[ring] != memory[HEAD(ring)])

#ifdef LIVENESS
/* Time goes on when nobody moves. Without it such a run ends, and SPIN's fair search finds no fault in a run that ends. */
proctype clock() {
  do
  :: true -> true /* twice: SPIN takes no loop of one step */
  od
}
#endif

/* When nothing moves any more. */
proctype judge() {
  byte ring;
  timeout;
  d_step {
    do
    :: ring < PRODUCERS ->
       assert(PRODUCER_SILENT(ring)); /* nobody hangs, whoever died */
       assert(!LOST_WAKE_UP(ring));
       assert(killed[ring] || killed[C] || delivered[ring] == WRAP(START + MESSAGES));
       ring++
    :: else -> break
    od
  }
}

init {
  byte ring;
  atomic {
    blank();
    memory[PARKED] = 0;
    do
    :: ring < PRODUCERS ->
       memory[HEAD(ring)] = START;
       memory[TAIL(ring)] = START;
       delivered[ring] = START;
       run drain(ring);
       run producer(ring);
#if MORTALS > 0 && !defined(NO_REAPER)
       run reaper(ring);
#endif
       ring++
    :: else -> break
    od;
    run drain(C);
#ifdef BELL
    run listener(0);
#endif
    run consumer();
    run fate();
#ifdef LIVENESS
    run clock();
#else
    run judge();
#endif
    ring = 0
  }
}

#ifdef LIVENESS
#define SETTLED(ring) (PRODUCER_SILENT(ring) && !LOST_WAKE_UP(ring))
#if PRODUCERS == 2
ltl delivery { <> [] (SETTLED(0) && SETTLED(1)) }
#else
ltl delivery { <> [] SETTLED(0) }
#endif
#endif
