/* SPDX-License-Identifier: MIT
 *
 * neuronbus.h: the bus for C, C++ and everybody who can call C. A program that uses it is a participant like a thread of
 * Node.js: it joins the same shared memory and writes and reads the same rings. docs/c-api.md has whole programs.
 *
 *   nb_bus* bus;
 *   nb_bus_open("my-bus", &bus);
 *   nb_card card = {0};
 *   card.name = "echo";
 *   uint16_t id;
 *   nb_register(bus, &card, &id);
 *   const nb_delivery* batch;
 *   for (;;) {
 *     nb_wait(bus, -1);
 *     uint32_t count = nb_poll(bus, &batch, 64);
 *     for (uint32_t i = 0; i < count; i++) nb_reply(bus, id, batch[i].spike, batch[i].payload, batch[i].length);
 *   }
 *
 * Threads: an nb_bus is one ganglion (see layout.h) and belongs to one thread at a time; threads that work at once have one
 * each, by nb_attach() or nb_bus_open(). After fork() the child opens its own; calls with its parent's give NB_ERR_CLOSED, and closing
 * that does nothing. A bus without a name is the parent's alone: nb_attach() in the child gives NB_ERR_NO_SUCH_SEGMENT.
 *
 * Results: 0 (NB_OK) or a code of errors.h; nb_poll() and the nb_discover functions return a count. A call that fails has
 * changed nothing unless it says otherwise. nb_bus_errmsg() tells more. Nothing here throws or ends the process.
 *
 * Stability: within one NB_API_VERSION functions and structs stay as they are; what is added takes the place of reserved
 * words, which are therefore to be 0: begin with `= {0}` or memset().
 */
#ifndef NEURONBUS_NEURONBUS_H
#define NEURONBUS_NEURONBUS_H

#include <string.h>

#include "errors.h"
#include "layout.h"

#if defined(__GNUC__)
#define NB_API __attribute__((visibility("default")))
#else
#define NB_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define NB_API_VERSION 1

typedef struct nb_bus nb_bus;

/* What a new bus can hold. 0 = the default; ranges are those of `NeuronBusOptions`. */
typedef struct nb_bus_options {
  uint64_t arena_capacity; /* bytes for payloads over 46 bytes, a power of two from 64 KiB to 4 GiB; 16 MiB */
  uint32_t axon_capacity;  /* spikes that wait at most, a power of two from 2 to 2^26; 16,384 */
  uint32_t max_neurons;    /* 1..65,534; 4,096 */
  uint32_t max_synapses;   /* of one ganglion, 1..2^28; 131,072 */
  uint32_t max_ganglia;    /* participants at once, 1..64; 16 */
  uint32_t backpressure;   /* NB_MODE_*: what a full ring does with the next spike; NB_MODE_DROP_NEWEST */
  uint32_t block_ms;       /* NB_MODE_BLOCK: how long to wait for room; 100 */
  uint32_t sample_every;   /* NB_MODE_SAMPLE: while a ring is over half full, one spike in this many is kept; 10 */
  uint32_t reserved[15];
} nb_bus_options;

/* What an agent says of itself so that others find it. UTF-8; NULL = empty. */
typedef struct nb_card {
  const char* name;                /* not empty */
  const char* description;
  const char* version;             /* NULL = "1.0.0" */
  const char* const* capabilities; /* what it can do; none of them empty */
  const char* const* regions;      /* where it belongs, as in "cortex/language": no segment empty */
  const char* const* tags;
  uint32_t capability_count;
  uint32_t region_count;
  uint32_t tag_count;
  uint32_t reserved[5];
} nb_card;

#define NB_DELIVERY_FIRED 1 /* the spike took the neuron across its threshold */
#define NB_DELIVERY_STALE 2 /* the payload is gone or damaged; it reads as empty */
#define NB_DELIVERY_ANSWER 4   /* what came of a question: see nb_request() */
#define NB_DELIVERY_TIMEOUT 8  /* nothing did in time */
#define NB_DELIVERY_DEAD 16    /* who was asked left or died before */

/* A spike for a neuron of this bus, in place. Valid until the next nb_poll(), nb_wait() or nb_bus_close(). */
typedef struct nb_delivery {
  const nb_spike* spike;
  const void* payload; /* where it lies: in the spike, or in the arena; not NUL-terminated */
  uint32_t length;
  uint16_t neuron; /* who received it */
  uint16_t flags;  /* NB_DELIVERY_* */
} nb_delivery;

/* published = delivered + sum of dropped + queued. Read without stopping anybody: `queued` is exact when nothing is under way.
 * What was handed out by nb_poll() counts as delivered from the next nb_poll() or nb_wait() on. */
typedef struct nb_stats_t {
  uint64_t published; /* one for each receiver of each spike */
  uint64_t delivered;
  uint64_t queued;
  uint64_t dropped[9]; /* by NB_DROP_* */
  uint64_t neurons;    /* of all participants, like everything here */
  uint64_t synapses;
  uint64_t ganglia;
  uint64_t reserved[9];
} nb_stats_t;

/* NB_API_VERSION of the library that is loaded. A program may run with one that is not older than its header. */
NB_API uint32_t nb_api_version(void);

/* ---- joining -------------------------------------------------------------------------------------------------------- */

/* Makes a bus and joins it. `name` (1..63 of A-Z a-z 0-9 . _ -) is for other processes of this user, on Linux; NULL makes a
 * bus for the threads of this process. `options` may be NULL. NB_ERR_NAME_TAKEN, NB_ERR_INVALID_ARGUMENT, NB_ERR_CAPACITY,
 * NB_ERR_NO_ROOM, NB_ERR_NO_MEMORY, NB_ERR_NOT_OWNER, NB_ERR_FILE_IO, NB_ERR_UNSUPPORTED. */
NB_API nb_status nb_bus_create(const char* name, const nb_bus_options* options, nb_bus** out);

/* Joins the bus of this name. NB_ERR_NO_SUCH_BUS, NB_ERR_NOT_OWNER, NB_ERR_VERSION, NB_ERR_BAD_SEGMENT,
 * NB_ERR_TOO_MANY_GANGLIA, NB_ERR_NO_ROOM, NB_ERR_NO_MEMORY, NB_ERR_FILE_IO, NB_ERR_UNSUPPORTED. */
NB_API nb_status nb_bus_open(const char* name, nb_bus** out);

/* Joins a bus that another thread of this process has open through this same library: its nb_bus_handle().
 * NB_ERR_NO_SUCH_SEGMENT, NB_ERR_TOO_MANY_GANGLIA, NB_ERR_NO_MEMORY. */
NB_API nb_status nb_attach(uint32_t id, uint32_t key, nb_bus** out);
NB_API nb_status nb_bus_handle(const nb_bus* bus, uint32_t* id, uint32_t* key);

/* Leaves: the neurons and their synapses are removed, spikes for them are counted as dropped. NULL is allowed. */
NB_API nb_status nb_bus_close(nb_bus* bus);

/* ---- neurons and synapses --------------------------------------------------------------------------------------------- */

/* Adds an agent; others find it as soon as this returns. NB_ERR_INVALID_ARGUMENT (the card), NB_ERR_TOO_MANY_NEURONS,
 * NB_ERR_ARENA_FULL (its card lies there). */
NB_API nb_status nb_register(nb_bus* bus, const nb_card* card, uint16_t* id);

/* Removes an agent of this nb_bus and all its synapses. NB_ERR_UNKNOWN_NEURON. */
NB_API nb_status nb_unregister(nb_bus* bus, uint16_t id);

/* Connects two neurons of any participants; the one of `post` does it, for at most 2 s. `rule` NULL = the one of
 * nb_rule_default(). NB_ERR_UNKNOWN_NEURON, NB_ERR_SELF_SYNAPSE, NB_ERR_SYNAPSE_EXISTS, NB_ERR_INVALID_ARGUMENT,
 * NB_ERR_TOO_MANY_SYNAPSES, NB_ERR_TOO_MANY_RULES, NB_ERR_TIMEOUT, NB_ERR_DEAD_TARGET. */
NB_API nb_status nb_connect(nb_bus* bus, uint16_t pre, uint16_t post, double weight, const nb_rule* rule);

/* Exchange rule: A+ 0.01, A- 0.012, tau 20 ms, weights in [0.001, 1], answers within 100 ms. */
NB_API nb_status nb_rule_default(nb_rule* rule);

/* Writes the ids of neurons with a capability, in ascending order, `capacity` of them at most. Returns how many there are,
 * which may be more. nb_discover_region(): of those in a region or below it, "app" finds "app/core", not "application". */
NB_API uint32_t nb_discover(nb_bus* bus, const char* capability, uint16_t* ids, uint32_t capacity);
NB_API uint32_t nb_discover_region(nb_bus* bus, const char* region, uint16_t* ids, uint32_t capacity);

/* ---- sending ---------------------------------------------------------------------------------------------------------- */

/* Sends a spike from a neuron of this nb_bus to a neuron, or over its synapses (NB_BROADCAST). The payload is copied: up to
 * 46 bytes into the spike, longer ones into the arena. What is sent to others they can see when this returns; for neurons
 * of this nb_bus it waits for nb_poll().
 *
 * A spike that a neuron sends after nb_poll() handed out spikes for it answers the first of these that has no answer yet, one
 * that `target` sent before others: synapses learn from that. nb_reply() says which one is meant.
 *
 * NB_ERR_FULL: dropped, and counted, as the backpressure mode says; of a broadcast, for some receiver. NB_ERR_UNKNOWN_NEURON,
 * NB_ERR_INVALID_ARGUMENT, NB_ERR_ARENA_FULL, NB_ERR_TOO_LARGE, NB_ERR_DEAD_TARGET, NB_ERR_NO_ROOM. */
NB_API nb_status nb_fire(nb_bus* bus, uint16_t source, uint16_t target, uint8_t type, uint8_t priority, const void* data,
                         uint32_t length);

/* Sends an excitatory spike to the sender of `spike`, in answer to it: one of this batch, or a copy of an earlier one. If
 * the sender is gone by now, the spike is counted as dropped. Otherwise as nb_fire(). */
NB_API nb_status nb_reply(nb_bus* bus, uint16_t source, const nb_spike* spike, const void* data, uint32_t length);

/* A message (see nb_spike_message()) is answered with a message: nb_reply() gives a question its answer, in the encoding of its
 * value, and sends a message back to one that asked nothing. nb_answer() says the encoding, NB_VALUE_*; to a stream it is the only
 * part. nb_reject() lets the asker's request fail with `message`. The first answer counts. Otherwise as nb_reply();
 * NB_ERR_INVALID_ARGUMENT: not a message, or nb_reject() of one that asks nothing. */
NB_API nb_status nb_answer(nb_bus* bus, uint16_t source, const nb_spike* question, uint32_t encoding, const void* data,
                           uint32_t length);
NB_API nb_status nb_reject(nb_bus* bus, uint16_t source, const nb_spike* question, const char* message);

/* Asks `target` a question, from a neuron of this nb_bus, and does not wait: what comes of it is handed out by nb_poll(), once, as a
 * delivery to `source` with NB_DELIVERY_ANSWER and the number that `exchange` is set to here (nb_message.exchange). If its `what`
 * is NB_MESSAGE_REPLY, the payload is the answer; if it is NB_MESSAGE_ERROR, JSON: {"name", "message", "code" (not always)},
 * which the other side rejected it with, or, with NB_DELIVERY_TIMEOUT or NB_DELIVERY_DEAD, what went wrong. A death is noticed
 * within 500 ms. `encoding` of the question: NB_VALUE_*. `timeout_ms` up to 140,737,488 (39 hours); 0 = 30 s. An agent that is
 * unregistered gets no more answers. The account counts an answer like any spike, and what was never sent not at all.
 *
 * NB_ERR_INVALID_ARGUMENT (also: `target` is NB_BROADCAST), NB_ERR_UNKNOWN_NEURON, NB_ERR_FULL and others as nb_fire(); then
 * nothing was asked. */
NB_API nb_status nb_request(nb_bus* bus, uint16_t source, uint16_t target, uint32_t encoding, const void* data, uint32_t length,
                            uint32_t timeout_ms, uint32_t* exchange);

/* nb_fire() of a block of the arena, not copied. The caller's reference goes to the receivers, also when the spike is dropped;
 * with another error than NB_ERR_FULL the caller keeps it. */
NB_API nb_status nb_fire_block(nb_bus* bus, uint16_t source, uint16_t target, uint8_t type, uint8_t priority,
                               const nb_arena_ref* block);

/* ---- receiving -------------------------------------------------------------------------------------------------------- */

/* The next spikes for neurons of this nb_bus, at most `max`: how many, and where. 0 = none now. Ends the batch before, whose
 * spikes and payloads go back to their senders. Call it again and again, or the senders' rings fill up. */
NB_API uint32_t nb_poll(nb_bus* bus, const nb_delivery** batch, uint32_t max);

/* Waits until nb_poll() has something: looks for 50 us, then sleeps. Ends the batch before, like nb_poll(). `timeout_ms` 0
 * only looks, below 0 waits for ever. NB_OK, NB_ERR_TIMEOUT, or NB_ERR_BAD_SEGMENT: somebody cut the file of the bus; close it. */
NB_API nb_status nb_wait(nb_bus* bus, int32_t timeout_ms);

/* ---- arena: payloads over 46 bytes -------------------------------------------------------------------------------------- */

/* A block with one reference, which is the caller's; `data` is to be filled. NB_ERR_ARENA_FULL, NB_ERR_TOO_LARGE. */
NB_API nb_status nb_arena_alloc(nb_bus* bus, uint32_t length, nb_arena_ref* block, void** data);
/* The bytes in place, for as long as somebody's reference holds them. NB_ERR_STALE_REFERENCE. */
NB_API nb_status nb_arena_read(nb_bus* bus, const nb_arena_ref* block, const void** data, uint32_t* length);
/* One more reference: keeps a delivered payload beyond its batch. NB_ERR_STALE_REFERENCE. */
NB_API nb_status nb_arena_retain(nb_bus* bus, const nb_arena_ref* block);
/* One reference less; the block is free with the last. Not for a delivered payload, which the next nb_poll() gives back,
 * unless it was retained. NB_ERR_STALE_REFERENCE. */
NB_API nb_status nb_arena_release(nb_bus* bus, const nb_arena_ref* block);

/* ---- what happened ---------------------------------------------------------------------------------------------------- */

NB_API nb_status nb_stats(nb_bus* bus, nb_stats_t* stats);

/* What a code means and what to do about it. Never NULL. */
NB_API const char* nb_errmsg(nb_status status);
/* Detail and meaning of the last call on this nb_bus that failed. NULL: of the last nb_bus_create(), nb_bus_open() or
 * nb_attach() of this thread that failed. Valid until the next failure. Never NULL. */
NB_API const char* nb_bus_errmsg(const nb_bus* bus);

#ifdef __cplusplus
}
#endif

/* ---- in the header: what needs no call ----------------------------------------------------------------------------------- */

static inline uint8_t nb_spike_type(const nb_spike* spike) { return (uint8_t)(spike->kind & NB_TYPE_MASK); }

/* Whether the payload lies in the arena; then `block` is where. */
static inline int nb_spike_block(const nb_spike* spike, nb_arena_ref* block) {
  if (spike->kind >> 2 != NB_LENGTH_ARENA) return 0;
  memcpy(block, spike->payload, sizeof *block);
  return 1;
}

/* What a message says of itself. Its value is what nb_poll() says is the payload. */
typedef struct nb_message {
  uint32_t exchange;    /* of the question, at who asked */
  uint32_t correlation; /* of the conversation; 0 = none */
  uint8_t what;         /* NB_MESSAGE_SEND, _REQUEST, _STREAM; of what came of a question of one's own _REPLY or _ERROR */
  uint8_t type;         /* what the sender chose: NB_TYPE_* */
  uint8_t encoding;     /* NB_VALUE_* */
  uint8_t reserved;
} nb_message;

/* Whether `spike` is a message; then what it says. */
static inline int nb_spike_message(const nb_spike* spike, nb_message* message) {
  const uint8_t kind = spike->kind;
  const uint8_t* at = spike->payload + (kind >> 2 == NB_LENGTH_ARENA ? sizeof(nb_arena_ref) : 0);
  if ((kind & NB_TYPE_MASK) != NB_TYPE_MESSAGE || kind >> 2 < NB_MESSAGE_BYTES) return 0;
  message->what = at[0];
  message->type = (uint8_t)(at[1] >> NB_MESSAGE_TYPE_SHIFT);
  memcpy(&message->exchange, at + 2, sizeof message->exchange);
  memcpy(&message->correlation, at + 6, sizeof message->correlation);
  message->encoding = (uint8_t)(at[14] & 3);
  message->reserved = 0;
  return 1;
}

#endif /* NEURONBUS_NEURONBUS_H */
