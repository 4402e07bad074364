// SPDX-License-Identifier: MIT
//
// Memory with a store buffer for each thread: x86-TSO, or with -DPSO a weaker order of stores. A model defines
//
//   THREADS, CELLS, DEPTH      how many threads, words of memory, and stores that wait in one buffer at most (2 to 6)
//   MORTALS                    how many of the threads, the first ones, may die (0 to 3)
//   ON_FLUSH(cell, value)      what to check at the moment a store reaches memory
//
// and starts `run fate()`, and `run drain(thread)` for each thread that stores.
//
// A thread's stores wait in its buffer, in order, and reach memory whenever drain() pleases; the thread itself sees them at
// once. A buffer outlives its thread: what a processor has taken over it brings to memory, whatever becomes of the program.
//
// TSO: the buffer is a queue. Release store and release fence are then nothing special, which is what they are on x86-64.
// PSO: a store may pass earlier ones to other words, but a release store passes nothing, and nothing passes a release
// fence. A later store may pass a release store, as C++ allows. Loads are never reordered, in neither of the two.
//
// Every macro below is one indivisible step. Positions are bytes that wrap: compute modulo 256.

#define WRAP(x) ((x) & 255)

/* Kinds of entries of a buffer. */
#define PLAIN 0
#define RELEASE 1
#define FENCE 2

typedef Buffer {
  byte used;
  byte cell[DEPTH];
  byte value[DEPTH];
  byte kind[DEPTH];
};

byte memory[CELLS];
Buffer buffer[THREADS];
bool killed[THREADS]; // set by fate()
byte scan;            // 0 between steps, so it adds no states

inline put(me, c, v, k) {
  d_step {
    buffer[me].used < DEPTH;
    buffer[me].cell[buffer[me].used] = c;
    buffer[me].value[buffer[me].used] = v;
    buffer[me].kind[buffer[me].used] = k;
    buffer[me].used++;
  }
}

inline store_plain(me, c, v) { put(me, c, v, PLAIN) }

#ifdef PSO
inline store_release(me, c, v) { put(me, c, v, RELEASE) }
inline fence_release(me) { put(me, 0, 0, FENCE) }
#else
inline store_release(me, c, v) { put(me, c, v, PLAIN) }
inline fence_release(me) { skip }
#endif

/* The youngest of the thread's own stores to this cell, or memory. */
inline load_now(me, c, out) {
  out = memory[c];
  scan = 0;
  do
  :: scan < buffer[me].used ->
     if
     :: buffer[me].cell[scan] == c && buffer[me].kind[scan] != FENCE -> out = buffer[me].value[scan]
     :: else
     fi;
     scan++
  :: else -> break
  od;
  scan = 0
}

inline load(me, c, out) { d_step { load_now(me, c, out) } }

inline fence_full(me) { buffer[me].used == 0 }

/* Compare and swap: a locked instruction, so it waits for the thread's own stores. */
inline swap(me, c, from, to, won) {
  d_step {
    buffer[me].used == 0;
    won = (memory[c] == from);
    if
    :: won -> memory[c] = to
    :: else
    fi
  }
}

/* Takes entry `at` out of the buffer; what is left moves up, and the free entry is zeroed so that equal states are equal. */
inline flush(me, at) {
  d_step {
    if
    :: buffer[me].kind[at] != FENCE ->
       ON_FLUSH(buffer[me].cell[at], buffer[me].value[at]);
       memory[buffer[me].cell[at]] = buffer[me].value[at]
    :: else
    fi;
    scan = at;
    do
    :: scan + 1 < buffer[me].used ->
       buffer[me].cell[scan] = buffer[me].cell[scan + 1];
       buffer[me].value[scan] = buffer[me].value[scan + 1];
       buffer[me].kind[scan] = buffer[me].kind[scan + 1];
       scan++
    :: else -> break
    od;
    buffer[me].cell[scan] = 0;
    buffer[me].value[scan] = 0;
    buffer[me].kind[scan] = 0;
    buffer[me].used--;
    scan = 0
  }
}

#define PASSES(me, late, early) \
  (buffer[me].kind[late] == PLAIN && buffer[me].kind[early] != FENCE && \
   buffer[me].cell[late] != buffer[me].cell[early])

proctype drain(byte me) {
end:
  do
  :: atomic { buffer[me].used > 0 -> flush(me, 0) }
#ifdef PSO
  :: atomic { buffer[me].used > 1 && PASSES(me, 1, 0) -> flush(me, 1) }
#if DEPTH > 2
  :: atomic { buffer[me].used > 2 && PASSES(me, 2, 0) && PASSES(me, 2, 1) -> flush(me, 2) }
#endif
#if DEPTH > 3
  :: atomic { buffer[me].used > 3 && PASSES(me, 3, 0) && PASSES(me, 3, 1) && PASSES(me, 3, 2) -> flush(me, 3) }
#endif
#if DEPTH > 4
  :: atomic {
       buffer[me].used > 4 && PASSES(me, 4, 0) && PASSES(me, 4, 1) && PASSES(me, 4, 2) && PASSES(me, 4, 3) ->
       flush(me, 4)
     }
#endif
#if DEPTH > 5
  :: atomic {
       buffer[me].used > 5 && PASSES(me, 5, 0) && PASSES(me, 5, 1) && PASSES(me, 5, 2) && PASSES(me, 5, 3) &&
       PASSES(me, 5, 4) -> flush(me, 5)
     }
#endif
#endif
  od
}

/* Fills memory with what is no position of any run, so that a slot never written is no right one by chance. */
inline blank() {
  d_step {
    do
    :: scan < CELLS -> memory[scan] = 99; scan++
    :: else -> break
    od;
    scan = 0
  }
}

/*
 * What happens to threads from outside: any of the first MORTALS of them may die at any moment, together with what WHIM
 * adds. It stops at any moment too, and what comes then is a run in which nothing helps. A thread's body is
 * `{ ... } unless { d_step { killed[me] -> ... } }`, where the dead forget their variables, so that equal states are equal.
 */
proctype fate() {
  do
  :: break
#if MORTALS > 0
  :: d_step { !killed[0] -> killed[0] = true }
#endif
#if MORTALS > 1
  :: d_step { !killed[1] -> killed[1] = true }
#endif
#if MORTALS > 2
  :: d_step { !killed[2] -> killed[2] = true }
#endif
#ifdef WHIM
  WHIM
#endif
  od
}
