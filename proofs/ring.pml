// SPDX-License-Identifier: MIT
//
// The ring: one producer, one gating reader (native/core/axon.h: AxonProducer, AxonReader; axon_producer.ts), in every mode
// but drop-oldest. Each may die before any of its steps.
//
// Position p carries p in both words of its slot, so a torn, lost, repeated or early spike is a wrong number.
//
// Mutants:
//   CURSOR_BEFORE_SLOT   the producer publishes, then writes the slot
//   NO_RELEASE           the head is a plain store (differs under PSO only)
//   TAIL_BEFORE_READ     the reader gives the slot back, then reads it
//   NO_ROOM_CHECK        the producer does not look whether there is room
//   ROOM_OFF_BY_ONE      it believes in one slot more than there are
//   PLAIN_COMPARE        the reader compares cursors as if they never wrapped

#ifndef N
#define N 2
#endif
#ifndef MESSAGES
#define MESSAGES 6
#endif
#define START 253 /* wraps between the third and the fourth message */

#define P 0
#define R 1
#define THREADS 2
#define MORTALS 2
#ifndef DEPTH
#define DEPTH 5
#endif

#define SLOT(position, word) (2 * ((position) & (N - 1)) + (word))
#define HEAD (2 * N)
#define TAIL (2 * N + 1)
#define CELLS (2 * N + 2)
#define ON_FLUSH(c, v) assert(c >= HEAD || not_overwritten(v))

byte read_below = START;      // positions below it were read in full
bool producer_ended;
bool reader_ended;

/* A slot may take position v only when position v - N was read. */
#define not_overwritten(v) (WRAP(read_below - (v) + N) >= 1 && WRAP(read_below - (v) + N) < 128)

#include "tso.pml"

#define PRODUCER_SILENT ((producer_ended || killed[P]) && buffer[P].used == 0)
#define READER_SILENT ((reader_ended || killed[R]) && buffer[R].used == 0)

#ifdef PLAIN_COMPARE
#define NOTHING_QUEUED(head, tail) (head <= tail)
#else
#define NOTHING_QUEUED(head, tail) (head == tail)
#endif

#ifdef ROOM_OFF_BY_ONE
#define FULL(head, tail) (WRAP(head - tail) >= N + 1)
#elif defined(NO_ROOM_CHECK)
#define FULL(head, tail) (false)
#else
#define FULL(head, tail) (WRAP(head - tail) >= N)
#endif

inline publish() {
#ifdef NO_RELEASE
  store_plain(P, HEAD, head)
#else
  store_release(P, HEAD, head)
#endif
}

proctype producer() {
  byte head = START;
  byte ready = START; // published below
  byte tail = START;  // as seen last
  {
    do
    :: head == WRAP(START + MESSAGES) -> break
    :: else ->
       if
       :: FULL(head, tail) ->
          if
          :: ready != head -> publish(); ready = head /* the reader cannot make room otherwise */
          :: else
          fi;
          load(P, TAIL, tail);
          do
          :: !FULL(head, tail) -> break
          :: FULL(head, tail) && memory[TAIL] != tail -> load(P, TAIL, tail)
          :: FULL(head, tail) && memory[TAIL] == tail && READER_SILENT -> goto over
          od
       :: else
       fi;
#ifdef CURSOR_BEFORE_SLOT
       head = WRAP(head + 1);
       publish();
       ready = head;
       store_plain(P, SLOT(head - 1, 0), WRAP(head - 1));
       store_plain(P, SLOT(head - 1, 1), WRAP(head - 1))
#else
       store_plain(P, SLOT(head, 0), head);
       store_plain(P, SLOT(head, 1), head);
       head = WRAP(head + 1);
       if /* one by one, or a burst under one store of the cursor */
       :: publish(); ready = head
       :: head != WRAP(START + MESSAGES) -> skip
       fi
#endif
    od;
over:
    atomic { producer_ended = true; head = 0; ready = 0; tail = 0 }
  } unless { d_step { killed[P] -> head = 0; ready = 0; tail = 0 } }
}

proctype reader() {
  byte tail = START;
  byte released = START; // as stored
  byte head = START;     // as seen last
  byte first;
  byte second;
  {
    do
    :: NOTHING_QUEUED(head, tail) ->
       if
       :: released != tail -> store_release(R, TAIL, tail); released = tail
       :: else
       fi;
       load(R, HEAD, head);
       if
       :: head == tail ->
          if
          :: memory[HEAD] != head
          :: memory[HEAD] == head && PRODUCER_SILENT -> break
          fi
       :: else
#ifdef PLAIN_COMPARE
          ; if
          :: head < tail && PRODUCER_SILENT && memory[HEAD] == head -> break
          :: else
          fi
#endif
       fi
    :: else ->
#ifdef TAIL_BEFORE_READ
       store_release(R, TAIL, WRAP(tail + 1));
       released = WRAP(tail + 1);
#endif
       load(R, SLOT(tail, 0), first);
       d_step {
         load_now(R, SLOT(tail, 1), second);
         assert(first == tail && second == tail); /* whole, in order, once */
         assert(WRAP(memory[HEAD] - tail) >= 1 && WRAP(memory[HEAD] - tail) < 128); /* nothing unpublished */
         tail = WRAP(tail + 1);
         read_below = tail;
         first = 0;
         second = 0
       };
       if /* gives slots back one by one, or later in a longer stride */
       :: released != tail -> store_release(R, TAIL, tail); released = tail
       :: skip
       fi
    od;
    atomic { reader_ended = true; tail = 0; released = 0; head = 0 }
  } unless { d_step { killed[R] -> tail = 0; released = 0; head = 0; first = 0 } }
}

/* When nothing moves any more. */
proctype judge() {
  byte at;
  timeout;
  assert(producer_ended || killed[P]);
  assert(reader_ended || killed[R]);
  assert(killed[R] || read_below == memory[HEAD]);                               /* exactly what was published */
  assert(killed[R] || killed[P] || memory[HEAD] == WRAP(START + MESSAGES));      /* and that is everything */
  assert(WRAP(memory[HEAD] - memory[TAIL]) <= N);
  d_step { /* what a dead reader left is still there */
    at = memory[TAIL];
    do
    :: at != memory[HEAD] ->
       assert(memory[SLOT(at, 0)] == at && memory[SLOT(at, 1)] == at);
       at = WRAP(at + 1)
    :: else -> break
    od
  }
}

init {
  atomic {
    blank();
    memory[HEAD] = START;
    memory[TAIL] = START;
    run drain(P);
    run drain(R);
    run producer();
    run reader();
    run fate();
    run judge()
  }
}
