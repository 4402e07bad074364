// SPDX-License-Identifier: MIT
//
// The observer, or tap: copies slots that it has no say in, and finds out afterwards whether the copy is good
// (native/core/axon.h: AxonObserver, announce_intent, load_intent; axon_producer.ts: #announce).
//
// The producer never waits here: the gating reader is taken to be as fast as it likes, which leaves out no behaviour that
// the observer could see with a slower one. The producer may die before any of its steps. Positions are bytes and the run
// is short, so they stand for the 63-bit positions of an observer; how those are put together from two words is not
// modelled.
//
// The producer's fence after the intent is a release fence, as in C++. JavaScript has a full fence there, which orders more.
//
// Mutants:
//   CURSOR_BEFORE_SLOT   the producer publishes, then writes the slots
//   INTENT_AFTER_SLOT    it announces the intent only after the slots are written
//   NO_INTENT_FENCE      no fence behind the intent (differs under PSO only)
//   INTENT_BEFORE_COPY   the observer loads the intent, then copies: what a missing acquire fence would allow
//   NO_CHECK             it accepts every copy
//   CHECK_OFF_BY_ONE     it accepts a copy of the slot that may be under writing

#ifndef N
#define N 2
#endif
#ifndef MESSAGES
#define MESSAGES 6
#endif
#ifndef STRIDE
#define STRIDE 1
#endif
#define START 253 /* wraps between the third and the fourth message */

#define P 0
#define O 1 /* stores nothing */
#define THREADS 2
#define MORTALS 1
#ifndef DEPTH
#define DEPTH 6
#endif

#define SLOT(position, word) (2 * ((position) & (N - 1)) + (word))
#define HEAD (2 * N)
#define INTENT (2 * N + 1)
#define CELLS (2 * N + 2)
#define ON_FLUSH(c, v) skip

#include "tso.pml"

bool producer_ended;
bool observer_ended;
byte received;
byte lost;

#define PRODUCER_SILENT ((producer_ended || killed[P]) && buffer[P].used == 0)
#define BELOW(a, b) (WRAP((b) - (a)) >= 1 && WRAP((b) - (a)) < 128)

#ifdef NO_CHECK
#define GOOD(intent, position) (true)
#elif defined(CHECK_OFF_BY_ONE)
#define GOOD(intent, position) (WRAP(intent - position) <= N + 1)
#else
#define GOOD(intent, position) (WRAP(intent - position) <= N)
#endif

inline announce() {
  if
  :: WRAP(intent - head) < claimed ->
     intent = WRAP(head + (claimed > STRIDE -> claimed : STRIDE));
     store_release(P, INTENT, intent);
#ifndef NO_INTENT_FENCE
     fence_release(P)
#endif
  :: else
  fi
}

proctype producer() {
  byte head = START;
  byte intent = START;
  byte claimed;
  byte written;
  {
    do
    :: head == WRAP(START + MESSAGES) -> break
    :: else ->
       if /* one spike, or two under one announcement and one store of the cursor */
       :: claimed = 1
       :: head != WRAP(START + MESSAGES - 1) -> claimed = 2
       fi;
#ifndef INTENT_AFTER_SLOT
       announce();
#endif
#ifdef CURSOR_BEFORE_SLOT
       store_release(P, HEAD, WRAP(head + claimed));
#endif
       written = 0;
       do
       :: written < claimed ->
          store_plain(P, SLOT(head + written, 0), WRAP(head + written));
          store_plain(P, SLOT(head + written, 1), WRAP(head + written));
          written++
#ifdef CURSOR_BEFORE_SLOT
       :: written == claimed -> break /* all of them have been promised */
#else
       :: written > 0 -> break /* fewer than announced: the intent stays ahead */
       :: written > 1 -> written--; break /* one was written in place and not committed: it is written again later */
#endif
       od;
#ifdef INTENT_AFTER_SLOT
       announce();
#endif
       head = WRAP(head + written);
#ifndef CURSOR_BEFORE_SLOT
       store_release(P, HEAD, head);
#endif
       claimed = 0;
       written = 0
    od;
    atomic { producer_ended = true; head = 0; intent = 0 }
  } unless { d_step { killed[P] -> head = 0; intent = 0; claimed = 0; written = 0 } }
}

proctype observer() {
  byte position = START;
  byte head = START; // as seen last
  byte intent;
  byte first;
  byte second;
  do
  :: !BELOW(position, head) ->
     load(O, HEAD, head);
     if
     :: BELOW(position, head)
     :: !BELOW(position, head) && memory[HEAD] != head
     :: !BELOW(position, head) && memory[HEAD] == head && PRODUCER_SILENT -> break
     fi
  :: BELOW(position, head) ->
#ifdef INTENT_BEFORE_COPY
     load(O, INTENT, intent);
#endif
     load(O, SLOT(position, 0), first);
     load(O, SLOT(position, 1), second);
#ifndef INTENT_BEFORE_COPY
     load(O, INTENT, intent);
#endif
     d_step {
       assert(BELOW(position, intent)); /* a published position was announced */
       if
       :: GOOD(intent, position) ->
          assert(first == position && second == position); /* accepted: whole and the right one */
          received++;
          position = WRAP(position + 1)
       :: else ->
          lost = lost + WRAP(intent - N - position);
          position = WRAP(intent - N)
       fi;
       assert(!BELOW(memory[HEAD], position)); /* never waits for what was not published */
       intent = 0;
       first = 0;
       second = 0
     }
  od;
  assert(position == memory[HEAD]);
  assert(WRAP(START + received + lost) == memory[HEAD]); /* received + lost = published */
  atomic { observer_ended = true; position = 0; head = 0 }
}

/* When nothing moves any more. */
proctype judge() {
  timeout;
  assert(producer_ended || killed[P]);
  assert(observer_ended)
}

init {
  atomic {
    blank();
    memory[HEAD] = START;
    memory[INTENT] = START;
    run drain(P);
    run producer();
    run observer();
    run fate();
    run judge()
  }
}
