/* SPDX-License-Identifier: MIT
 *
 * spike.h: the 64 bytes of a spike, and of a message in one. What every program that reads or writes a ring has to know.
 *
 * Part of layout.h. Written by the producer of a ring before it moves the cursor, then immutable.
 */
#ifndef NEURONBUS_SPIKE_H
#define NEURONBUS_SPIKE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define NB_STATIC_ASSERT(condition, message) static_assert(condition, message)
#else
#define NB_STATIC_ASSERT(condition, message) _Static_assert(condition, message)
#endif

#define NB_SPIKE_BYTES 64
#define NB_INLINE_BYTES 46
#define NB_LENGTH_ARENA 63 /* payload length that means "the first 16 bytes are an nb_arena_ref" */
#define NB_BROADCAST 0xFFFF

#define NB_TYPE_EXCITATORY 0
#define NB_TYPE_INHIBITORY 1
#define NB_TYPE_MODULATORY 2
#define NB_TYPE_MESSAGE 3 /* a message of agents to each other: passes by the membrane, its payload begins with NB_MESSAGE_* */
#define NB_TYPE_MASK 3

/* One message, one cache line. Written by the producer before it publishes the cursor, then immutable. */
typedef struct nb_spike {
  uint64_t timestamp_ns; /* CLOCK_MONOTONIC based, comparable between processes of one host */
  uint32_t sequence;     /* per source, wraps */
  uint16_t source;       /* neuron id */
  uint16_t target;       /* neuron id or NB_BROADCAST */
  uint8_t kind;          /* bits 0-1 type, bits 2-7 payload length */
  uint8_t priority;      /* 0..255 */
  uint8_t payload[46];
} nb_spike;

/* Where a payload of more than 46 bytes lies. A reference whose generation is not the block's is stale: an error. */
typedef struct nb_arena_ref {
  uint32_t grain;      /* first byte of the block, in units of 64 bytes from arena_offset */
  uint32_t generation; /* of the block when it was allocated */
  uint32_t length;     /* bytes used */
  uint32_t owner;      /* ganglion that allocated */
} nb_arena_ref;

/* ---- message -------------------------------------------------------------------------------------------------- */

/* A message, NB_TYPE_MESSAGE: these 16 bytes, then the value. They begin the payload; of a value in the arena only the value is
 * there, and they follow the reference.
 *
 * offset size
 * 0      1    what: NB_MESSAGE_SEND ..
 * 1      1    flags: NB_MESSAGE_HAS_*, and the spike type that the sender chose in bits 6-7
 * 2      4    exchange: named by who asks; its answers repeat it
 * 6      4    correlation: of the conversation, the same through all exchanges that belong to it; 0 = none
 * 10     4    deadline: in units of 2^16 ns of the clock of the bus, rounded up, modulo 2^32; 0 = none. Of a part its number
 *             from 0, of the end of a stream how many there were
 * 14     1    bits 0-1 encoding of the value (NB_VALUE_*), bits 2-7 its length, if it is inline
 * 15     1    scale: of a question, the time that the asker is used to wait for answers of this kind, rounded up to eighths of an
 *             octave: the float of the bits NB_MESSAGE_SCALE_BASE + (scale << NB_MESSAGE_SCALE_SHIFT), in ns; from 0.58 us for 1 to
 *             34 min for 255. 0 = it does not know yet
 */
#define NB_MESSAGE_BYTES 16
#define NB_MESSAGE_VALUE_BYTES 30 /* inline */
#define NB_MESSAGE_DEADLINE_SHIFT 16
#define NB_MESSAGE_TYPE_SHIFT 6
#define NB_MESSAGE_SCALE_SHIFT 20
#define NB_MESSAGE_SCALE_BASE 0x44000000 /* 512 ns */
#define NB_MESSAGE_HAS_CHANNEL 1 /* before the value: the name of its channel, UTF-8, and a NUL */
#define NB_MESSAGE_HAS_TRACE 2   /* before that: a W3C traceparent of 55 characters */
#define NB_MESSAGE_SEND 0        /* no answer wanted */
#define NB_MESSAGE_REQUEST 1     /* one answer wanted */
#define NB_MESSAGE_STREAM 2      /* answers in parts wanted; the value follows */
#define NB_MESSAGE_REPLY 3
#define NB_MESSAGE_ERROR 4       /* JSON: {name, message, code?} */
#define NB_MESSAGE_PART 5        /* of a stream */
#define NB_MESSAGE_END 6         /* of a stream; no value */
#define NB_MESSAGE_CANCEL 7      /* who asked does not wait any more; deadline: 1 = the time was over, 0 = no need any more */
#define NB_MESSAGE_CREDIT 8      /* who asked has room for so many further parts (text, decimal) */
#define NB_MESSAGE_REWARD 9      /* of an answer: its judgement in [-1, 1] (text, decimal) */
#define NB_MESSAGE_WHATS 10
#define NB_VALUE_NONE 0
#define NB_VALUE_TEXT 1 /* UTF-8 */
#define NB_VALUE_BYTES 2
#define NB_VALUE_JSON 3

/* ---- what must hold -------------------------------------------------------------------------------------------- */

NB_STATIC_ASSERT(sizeof(nb_spike) == NB_SPIKE_BYTES, "a spike is one cache line");
NB_STATIC_ASSERT(offsetof(nb_spike, source) == 12, "spike.source");
NB_STATIC_ASSERT(offsetof(nb_spike, kind) == 16, "spike.kind");
NB_STATIC_ASSERT(offsetof(nb_spike, payload) == 18, "spike.payload");
NB_STATIC_ASSERT(sizeof(nb_arena_ref) == 16, "an arena reference fits a payload");

#endif /* NEURONBUS_SPIKE_H */
