/* SPDX-License-Identifier: MIT
 *
 * layout.h: every byte that participants of a bus share.
 *
 * This header is the single definition of the shared memory. C++ includes it, foreign languages bind to it, and
 * lib/memory/layout.ts is generated from it by tools/gen-layout.mjs (the gate fails when the two differ).
 * It contains no code. Integers are little endian. Offsets named *_offset are in bytes from the start of the segment.
 *
 *   segment
 *   +----------------+ 0
 *   | header         |  nb_segment_header, one page
 *   +----------------+ ganglia_offset
 *   | ganglia        |  max_ganglia  x nb_ganglion        who reads, writes, parks and dies
 *   +----------------+ axon_index_offset
 *   | axon index     |  max_ganglia^2 x uint32            [from * max_ganglia + to] -> axon number + 1, 0 = none
 *   +----------------+ commons_offset
 *   | commons        |  nb_commons: the few words that everybody writes
 *   +----------------+ roster_offset, cards_offset
 *   | roster, cards  |  max_neurons  x uint32, max_neurons x nb_arena_ref      who is where, and its agent card
 *   +----------------+ neurons_offset
 *   | neurons        |  max_neurons  x nb_neuron
 *   +----------------+ workspace_offset
 *   | workspaces     |  max_ganglia  x one ganglion's own tables, see below
 *   +----------------+ axons_offset
 *   | axons          |  max_axons x (nb_axon, axon_capacity x nb_spike)
 *   +----------------+ arena_offset
 *   | arena          |  arena_chunk_count x 4 KiB
 *   +----------------+ segment_bytes
 *
 * A workspace is written by its owner alone, but for the mailbox. Offsets marked "in a workspace" count from its start:
 *
 *   | nb_control | dispatch list | emission log | prune log | inbox copies | mailbox | rules | filters | outgoing | synapses |
 *
 * Synapses lie with the ganglion of their post-synaptic neuron ("a synapse sits on the dendrite"), so exactly one thread
 * writes a weight; anybody may read it.
 *
 * Who may write a word is stated at the word. "owner" is the thread of the ganglion that the record belongs to.
 */
#ifndef NEURONBUS_LAYOUT_H
#define NEURONBUS_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define NB_STATIC_ASSERT(condition, message) static_assert(condition, message)
#else
#define NB_STATIC_ASSERT(condition, message) _Static_assert(condition, message)
#endif

/* ---- constants ------------------------------------------------------------------------------------------------ */

#define NB_SEGMENT_MAGIC_LO 0x5255454eu /* "NEUR" */
#define NB_SEGMENT_MAGIC_HI 0x53424e4fu /* "ONBS" */
#define NB_LAYOUT_VERSION 2

#define NB_PAGE_BYTES 4096
#define NB_LINE_BYTES 128 /* two cache lines: adjacent-line prefetch makes neighbours share fate */
#define NB_SPIKE_BYTES 64
#define NB_INLINE_BYTES 46
#define NB_LENGTH_ARENA 63 /* payload length that means "the first 16 bytes are an nb_arena_ref" */
#define NB_BROADCAST 0xFFFF
#define NB_MAX_NEURONS 65534
#define NB_MAX_GANGLIA 64 /* bits of nb_neuron.listeners */
#define NB_NONE 0xFFFFFFFFu
#define NB_NAME_BYTES 64

#define NB_TYPE_EXCITATORY 0
#define NB_TYPE_INHIBITORY 1
#define NB_TYPE_MODULATORY 2
#define NB_TYPE_MESSAGE 3 /* a message of agents to each other: passes by the membrane, its payload begins with NB_MESSAGE_* */
#define NB_TYPE_MASK 3

#define NB_SEGMENT_NEW 0 /* being written by its creator */
#define NB_SEGMENT_READY 1
#define NB_SEGMENT_CLOSED 2

#define NB_MODE_DROP_NEWEST 0
#define NB_MODE_DROP_OLDEST 1
#define NB_MODE_FAIL 2
#define NB_MODE_BLOCK 3
#define NB_MODE_SAMPLE 4

#define NB_FLAG_VIRTUAL_CLOCK 1

#define NB_FREE 0
#define NB_LIVE 1
#define NB_CLAIMED 2 /* taken, not complete yet */
#define NB_DEAD 3    /* a ganglion whose process died: being cleared away */
#define NB_CLAIMER_SHIFT 8 /* of axons, neurons and mail: who claimed it, ganglion + 1, so that it is found when that one dies */

#define NB_NEURON_HAS_ON_FIRE 1 /* list threshold crossings in the dispatch list */

#define NB_RULE_STATIC 0
#define NB_RULE_EXCHANGE 1
#define NB_RULE_PAIR_ALL 2
#define NB_RULE_PAIR_NEAREST 3

#define NB_DISPATCH_FIRED 1    /* this spike took the neuron across its threshold */
#define NB_DISPATCH_ANSWERED 2 /* set by the owner: the neuron emitted a spike while it handled this one */
#define NB_DISPATCH_DEAD 4     /* set by the owner: the neuron was unregistered before its turn came */
#define NB_DISPATCH_MESSAGE 8  /* the spike is NB_TYPE_MESSAGE */

#define NB_WATCH_PAIR 1 /* emissions are post-spikes of incoming pair-rule synapses: stamp and log each */
#define NB_WATCH_OPEN 2 /* emissions may answer open spikes: log each */

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
 * 14     2    bits 0-1 encoding of the value (NB_VALUE_*), bits 2-7 its length, if it is inline
 */
#define NB_MESSAGE_BYTES 16
#define NB_MESSAGE_VALUE_BYTES 30 /* inline */
#define NB_MESSAGE_DEADLINE_SHIFT 16
#define NB_MESSAGE_TYPE_SHIFT 6
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

/* What an exchange teaches the synapse from who asked to who answered. */
#define NB_LESSON_ANSWERED 0 /* after lesson_value ns */
#define NB_LESSON_FAILED 1   /* or was silent */
#define NB_LESSON_REWARD 2   /* judged by who asked: lesson_value in [-1, 1] is reward times eligibility */

#define NB_EMISSION_MAY_ANSWER 1 /* an open spike of the target; not set when it answered the spike in hand */
#define NB_EMISSION_ASKED 4      /* asked_lo and asked_hi say which spike it answers */
#define NB_EMISSION_POST_SPIKE 2 /* a firing of its own; not set when it belongs to a threshold crossing */

#define NB_DROP_FULL 0        /* the ring had no room */
#define NB_DROP_OLDEST 1      /* overwritten by a newer spike */
#define NB_DROP_SAMPLED 2     /* thinned out under pressure */
#define NB_DROP_DEADLINE 3    /* no room before the deadline */
#define NB_DROP_FILTERED 4    /* a dendritic filter refused it */
#define NB_DROP_REFRACTORY 5  /* excitatory input to a refractory neuron */
#define NB_DROP_NO_RECEIVER 6 /* broadcast to nobody */
#define NB_DROP_DEAD_TARGET 7 /* the target was unregistered while the spike was under way */
#define NB_DROP_CORRUPT 8     /* the slot held a spike that no writer of this library produces */
#define NB_DROP_REASONS 9

#define NB_HISTOGRAM_SUB_BITS 4    /* 16 linear buckets per power of two: relative error at most 1/16 */
#define NB_HISTOGRAM_BUCKETS 976   /* (64 - 4) * 16 + 16 */

#define NB_DISPATCH_SLACK 4096     /* dispatch entries beyond one per neuron */
#define NB_EMISSION_LOG_ENTRIES 4096
#define NB_PRUNE_LOG_ENTRIES 256
#define NB_INBOX_SLOTS 256         /* spikes copied at a time from a ring whose producer may overwrite */
#define NB_MAIL_SLOTS 16

#define NB_MAIL_CLAIMED 1
#define NB_MAIL_READY 2  /* the owner may take it, the sender may withdraw it: whoever moves it on by compare-and-swap */
#define NB_MAIL_TAKEN 3
#define NB_MAIL_DONE 4   /* status is the answer; the sender frees the slot */
#define NB_MAIL_ABANDONED 5 /* the sender gave up on an owner that had taken it; the owner frees the slot */
#define NB_MAIL_PHASE_MASK 0xFF

#define NB_MAIL_CONNECT 1
#define NB_MAIL_DISCONNECT 2
#define NB_MAIL_SET_WEIGHT 3

#define NB_ROSTER_GANGLION_MASK 0xFF /* of a roster entry: ganglion + 1, 0 = nobody; above it a count of registrations */
#define NB_ROSTER_STEP 0x100

#define NB_ARENA_CHUNK_BYTES 4096 /* small: what is left over of one size keeps little from the others */
#define NB_ARENA_GRAIN_BYTES 64
#define NB_CHUNK_GRAINS 64         /* grains in a chunk */
#define NB_CHUNK_FREE 0
#define NB_CHUNK_BLOCKS 1          /* carved into equal blocks */
#define NB_CHUNK_RUN 2             /* first or only chunk of a payload that has whole chunks */
#define NB_CHUNK_TAIL 3            /* continuation of a run */
#define NB_CHUNK_CLAIMED 4         /* taken, not carved yet */
#define NB_CHUNK_STATE_MASK 0xFF

/* ---- spike ---------------------------------------------------------------------------------------------------- */

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

/* ---- segment header ------------------------------------------------------------------------------------------- */

/* Written once by the creator, then read only, except state. */
typedef struct nb_segment_header {
  uint32_t magic_lo;
  uint32_t magic_hi;
  uint32_t layout_version;
  uint32_t header_bytes;
  uint64_t segment_bytes;
  uint32_t state; /* atomic, SYNC segment-ready: stored last by the creator, loaded first by whoever attaches */
  uint32_t flags;
  uint32_t max_ganglia;
  uint32_t max_axons;
  uint32_t axon_capacity; /* slots, a power of two */
  uint32_t max_neurons;
  uint32_t max_synapses;
  uint32_t synapse_hash_slots;
  uint32_t max_rules;
  uint32_t max_filters;
  uint32_t arena_chunk_count;
  uint32_t backpressure; /* NB_MODE_* of the bus' own axons */
  uint32_t dispatch_capacity;
  uint32_t creator_pid;
  uint64_t created_ns;
  uint64_t ganglia_offset;
  uint64_t axon_index_offset;
  uint64_t commons_offset;
  uint64_t roster_offset;
  uint64_t cards_offset;
  uint64_t neurons_offset;
  uint64_t workspace_offset;
  uint64_t workspace_stride;
  uint64_t axons_offset;
  uint64_t axon_stride;
  uint64_t arena_offset;
  /* in a workspace */
  uint64_t dispatch_offset;
  uint64_t emissions_offset;
  uint64_t prunes_offset;
  uint64_t inbox_offset;
  uint64_t mailbox_offset;
  uint64_t rules_offset;
  uint64_t filters_offset;
  uint64_t outgoing_offset;
  uint64_t synapse_pre_offset;
  uint64_t synapse_post_offset;
  uint64_t synapse_rule_offset;
  uint64_t synapse_filter_offset;
  uint64_t synapse_ties_offset;
  uint64_t synapse_weight_offset;
  uint64_t synapse_last_pre_offset;
  uint64_t synapse_trace_offset;
  uint64_t synapse_next_out_offset;
  uint64_t synapse_next_in_offset;
  uint64_t synapse_hash_offset;
  uint64_t block_ns;          /* NB_MODE_BLOCK: how long a publisher waits for room */
  uint64_t drop_sample_every; /* NB_MODE_SAMPLE: one spike in this many passes while the ring is over half full */
  char name[64];              /* label, NUL padded */
} nb_segment_header;

/* Written by everybody, atomically. */
typedef struct nb_commons {
  uint32_t topology;   /* grows with every registration and departure, SYNC roster-topology */
  uint32_t axons_used; /* no axon from this number on was ever open */
  uint8_t pad0[120];
} nb_commons;

/* ---- ganglion ------------------------------------------------------------------------------------------------- */

/* The neurons of one thread. Written by its owner; counters may be read by anybody. */
typedef struct nb_ganglion {
  uint32_t state; /* NB_FREE, _CLAIMED, _LIVE or _DEAD; atomic, claimed by compare-and-swap, SYNC ganglion-claim */
  uint32_t generation; /* grows with every owner */
  uint32_t owner_pid;
  uint32_t parked;  /* atomic: 1 = whoever publishes to it must wake it. Set by the owner, cleared by anybody. SYNC ganglion-park */
  uint32_t wake;    /* atomic: counts wake-ups from other processes, a futex */
  uint32_t inboxes; /* atomic: grows when an axon to it is opened, SYNC inbox-open */
  uint32_t mail;    /* atomic: grows when a mail slot becomes ready, SYNC mail-slot */
  uint32_t pad0;
  uint64_t process; /* a random number that stands for the process of the owner */
  uint64_t started_ns;
  uint64_t retired;   /* atomic: spikes that came by axons which are no more */
  uint64_t returned;  /* of dropped: spikes to others that left, which this one counted when it freed the axon */
  uint64_t routed;    /* spikes read from inboxes */
  uint64_t fanned;    /* receivers of broadcasts beyond the first of each */
  uint64_t delivered; /* handed to a handler */
  uint64_t handler_errors;
  uint64_t dropped[9]; /* by NB_DROP_* */
  uint64_t pruned;
  uint64_t potentiations;
  uint64_t depressions;
  uint64_t latency_count;
  uint64_t latency_max_ns;
  uint64_t latency[976]; /* log-linear histogram of fire to onSpike, ns */
} nb_ganglion;

/* ---- axon ----------------------------------------------------------------------------------------------------- */

/* A ring of spikes: one producer, one gating reader, any number of observers. Cursors count spikes modulo 2^32; the slot
 * of position p is p & (capacity - 1). A cursor's *_high word is position >> 31: its lowest bit repeats the highest bit
 * of the low word, by which a reader of both recognises a torn pair. One line per writer. */
typedef struct nb_axon {
  /* line 0: written at creation, and by compare-and-swap (SYNC axon-claim) the two claim words */
  uint32_t state; /* NB_FREE, NB_LIVE or NB_CLAIMED with its claimer */
  uint32_t capacity;
  uint32_t mode;
  uint32_t sample_every;
  uint32_t producer; /* 0 = free, else the token of the attachment that publishes */
  uint32_t reader;   /* 0 = free, else the token of the attachment that reads and gates */
  uint32_t from_ganglion;
  uint32_t to_ganglion;
  uint64_t block_ns; /* NB_MODE_BLOCK: how long a publisher waits for room */
  uint32_t from_gone; /* atomic: that ganglion left; who finds both gone frees the axon. SYNC axon-leave */
  uint32_t to_gone;
  uint64_t base;      /* position of the head when the axon was opened for this pair */
  uint64_t base_oldest; /* dropped[NB_DROP_OLDEST] then */
  uint8_t pad0[64];
  /* line 1: producer. SYNC axon-publish */
  uint32_t head;
  uint32_t head_high;
  uint8_t pad1[120];
  /* line 2: producer. Slots below intent may be under writing. SYNC axon-intent */
  uint32_t intent;
  uint32_t intent_high;
  uint8_t pad2[120];
  /* line 3: gating reader; in NB_MODE_DROP_OLDEST also the producer, by compare-and-swap. SYNC axon-release */
  uint32_t tail;
  uint8_t pad3[124];
  /* line 4: producer's counters, plain stores */
  uint64_t published;  /* spikes offered, accepted or not; a ganglion's own axon: head + dropped, not kept here */
  uint64_t dropped[4]; /* NB_DROP_FULL .. NB_DROP_DEADLINE */
  uint8_t pad4[88];
} nb_axon;

/* ---- neuron --------------------------------------------------------------------------------------------------- */

/* Written by the owner of its ganglion. */
typedef struct nb_neuron {
  uint32_t state; /* NB_FREE, NB_LIVE or NB_CLAIMED with its claimer, SYNC neuron-live */
  uint16_t ganglion;
  uint16_t flags;
  uint64_t listeners; /* atomic: bit g = ganglion g has synapses from this neuron; set and cleared by ganglion g */
  uint32_t in_head;   /* first synapse by post, NB_NONE at the end */
  uint32_t in_degree;
  uint32_t watch;    /* NB_WATCH_*: what the owner does when this neuron emits */
  uint32_t pair_in;  /* incoming synapses with a pair rule */
  double potential;
  double threshold;
  double rest;
  double leak_rate;  /* 1 / time constant, per ns; 0 = no leak */
  uint64_t updated_ns;
  uint64_t refractory_ns;
  uint64_t refractory_until_ns;
  uint64_t last_fire_ns; /* NB_NEVER (all ones) before the first */
  uint64_t received;
  uint64_t crossings;
  uint64_t since;        /* live: ns when it was registered; free: see NeuronTable, when the id may be used again */
  uint32_t sequence;     /* of the next spike it fires */
  uint32_t open_answers; /* unanswered spikes over all exchange synapses that end here */
} nb_neuron;

/* The synapses of one ganglion that begin at one neuron, its own or another ganglion's. */
typedef struct nb_outgoing {
  uint32_t head; /* first synapse by pre, if degree is not 0; NB_NONE ends the list */
  uint32_t degree;
  uint32_t roster; /* the neuron's roster entry when they were made: with another one they are a predecessor's */
  uint32_t pad0;
} nb_outgoing;

/* ---- synapses ------------------------------------------------------------------------------------------------- */

/* Columns, written only by the owner of the post-synaptic neuron's ganglion:
 *   pre, post     uint16    neuron ids
 *   rule, filter  uint16    index of nb_rule; index of nb_filter + 1, 0 = none
 *   ties          uint8 x 2 pair rules: spikes at exactly the last pre (post) instant
 *   weight        double
 *   last_pre      uint64    ns of the last spike that arrived
 *   trace         8 bytes   nb_pair_trace or nb_exchange_trace, by the rule
 *   next_out/in   uint32    lists by pre and by post; a free synapse is linked by next_out
 *   hash          uint32    open addressing over (pre, post), index + 1, 0 = empty */
typedef struct nb_pair_trace {
  float pre;  /* decayed count of pre-spikes before the last pre instant, at that instant */
  float post; /* decayed count of post-spikes before the last post instant of the neuron, at that instant */
} nb_pair_trace;

typedef struct nb_exchange_trace {
  uint32_t recent; /* spikes without an answer so far, of the answer window that holds last_pre */
  uint32_t older;  /* of the window before; windows begin at multiples of their length */
} nb_exchange_trace;

#define NB_SYNAPSE_BYTES 48 /* all columns and the share of the hash */

/* A plasticity rule and its parameters, shared by all synapses that use the same. Written once. */
typedef struct nb_rule {
  uint32_t kind; /* NB_RULE_* */
  uint32_t users;
  double a_plus;
  double a_minus;
  double tau_plus_ns;
  double tau_minus_ns;
  double weight_min;
  double weight_max;
  double answer_window_ns; /* exchange: an answer later than this is none */
} nb_rule;

/* A dendritic filter, shared likewise. */
typedef struct nb_filter {
  uint32_t users;
  uint8_t type_mask; /* bit t = type t passes */
  uint8_t min_priority;
  uint8_t prefix_length;
  uint8_t pad0;
  uint8_t prefix[46];
  uint8_t pad1[10];
} nb_filter;

/* ---- workspace ------------------------------------------------------------------------------------------------ */

/* Private to one ganglion: the mailbox between its JavaScript and its native half. Native calls take their arguments
 * from here and leave their results here, because a JS value costs more than the work. */
typedef struct nb_control {
  uint32_t now_lo; /* the last clock reading, ns */
  uint32_t now_hi;
  uint32_t dispatch_count;
  uint32_t more;        /* route() stopped at its budget or for want of dispatch entries */
  uint32_t budget;      /* route(): dispatch entries wanted at most; a broadcast is never cut */
  uint32_t limit;       /* route(): take spikes of the own axon below this position only */
  uint32_t settled;     /* dispatch entries whose answers and latencies are booked */
  uint32_t handled;     /* dispatch entries whose handler returned, or that were skipped */
  uint32_t emissions;   /* entries of the emission log */
  uint32_t prunes;      /* entries of the prune log */
  uint32_t self_head;   /* own axon: position of the next spike that JavaScript writes */
  uint32_t status;      /* nb_status of the last call */
  uint32_t arena_length;
  uint32_t arena_grain;
  uint32_t arena_generation;
  uint32_t arena_owner;
  uint32_t renew;       /* route(): look anew how far the other inboxes are to be read */
  uint32_t unfinished;  /* the last batch holds resources that finish() gives back (arena blocks, several slots) */
  uint64_t virtual_ns;  /* the clock, if it is virtual; written by JavaScript */
  /* results of account() */
  uint64_t queued; /* spikes in the inboxes that are not routed */
  uint64_t neurons;
  uint64_t synapses;
  uint64_t synapse_slots; /* rows of the synapse table that were ever used */
  uint64_t arena_capacity_bytes;
  uint64_t arena_used_bytes;
  uint64_t arena_blocks;
  uint32_t peer; /* the ganglion that wake() means */
  /* arguments of teach() */
  uint16_t taught_pre;
  uint16_t taught_post;
  uint32_t lesson; /* NB_LESSON_* */
  uint32_t pad1;
  double lesson_value; /* see NB_LESSON_* */
  uint8_t pad0[32];
} nb_control;

/* One hand-over to a handler, written by route(), flags also by the owner's JavaScript. */
typedef struct nb_dispatch {
  uint32_t spike; /* byte offset of the nb_spike in the segment, divided by 64 */
  uint32_t synapse;
  uint16_t neuron;
  uint16_t flags;
  uint32_t position; /* of the spike in its ring, for diagnosis */
} nb_dispatch;

typedef struct nb_emission {
  uint32_t time_lo;
  uint32_t time_hi;
  uint32_t asked_lo; /* timestamp of the spike that it answers, if NB_EMISSION_ASKED */
  uint32_t asked_hi;
  uint16_t source;
  uint16_t target;
  uint32_t what; /* NB_EMISSION_* */
} nb_emission;

typedef struct nb_prune {
  uint16_t pre;
  uint16_t post;
  uint32_t pad0;
  double weight;
} nb_prune;

/* A request to the owner of a ganglion by somebody else. One of NB_MAIL_SLOTS; claimed from 0 by compare-and-swap. */
typedef struct nb_mail {
  uint32_t state; /* atomic: NB_MAIL_* with the sender as its claimer, SYNC mail-slot */
  uint32_t from;  /* ganglion that asks */
  uint32_t what;  /* NB_MAIL_CONNECT .. */
  uint32_t status;
  uint16_t pre;
  uint16_t post;
  uint32_t has_filter;
  double weight;
  nb_rule rule;
  nb_filter filter;
  uint8_t pad0[96];
} nb_mail;

/* ---- arena ---------------------------------------------------------------------------------------------------- */

/* The arena is an array of 64-byte grains; a chunk is 64 of them, 4 KiB. Grain i holds the header of chunk i, and as many
 * chunks as all headers fill are nothing else:
 *
 *   | header 0 | header 1 | .. | header n-1 | unused | records of a chunk | its blocks | records | blocks | ..
 *   grain 0                                          first chunk after the headers
 *
 * A chunk that is carved into blocks begins with one nb_block for each, padded to whole grains. A run is one or several
 * whole chunks for one payload, its nb_block is in the header of the first. All zero is an empty arena. */
typedef struct nb_block {
  uint64_t use;    /* atomic: references (0 = free) in bits 0-31, generation in bits 32-63. SYNC arena-release */
  uint32_t length; /* owner, while there are no references */
  uint32_t kept;   /* somebody else than the owner retained it since it was allocated */
} nb_block;

typedef struct nb_chunk {
  uint32_t state; /* NB_CHUNK_*; above bit 8 the size class, or who claimed it, ganglion + 1. From FREE by compare-and-swap,
                     SYNC chunk-claim */
  uint32_t owner;            /* ganglion; like all below, written by the claimer and then by the owner */
  uint32_t block_bytes;      /* NB_CHUNK_BLOCKS: a multiple of 64 */
  uint32_t block_count;
  uint32_t data_grain;       /* first grain of block 0 (of the run), counted from arena_offset */
  uint32_t run_chunks;       /* NB_CHUNK_RUN: chunks in the run */
  uint32_t generation_floor; /* highest generation given out in this chunk before it was carved last */
  uint32_t allocated;        /* owner: blocks handed out, less those it took back itself */
  uint32_t released;         /* atomic: blocks that others gave back. SYNC arena-release */
  uint32_t lowest_free;      /* header 0 only: a hint, by anybody: no chunk below was free when somebody looked */
  uint8_t pad0[8];
  nb_block run_block;        /* NB_CHUNK_RUN: the record of its only block */
} nb_chunk;

/* ---- what must hold -------------------------------------------------------------------------------------------- */

NB_STATIC_ASSERT(sizeof(nb_spike) == NB_SPIKE_BYTES, "a spike is one cache line");
NB_STATIC_ASSERT(offsetof(nb_spike, source) == 12, "spike.source");
NB_STATIC_ASSERT(offsetof(nb_spike, kind) == 16, "spike.kind");
NB_STATIC_ASSERT(offsetof(nb_spike, payload) == 18, "spike.payload");
NB_STATIC_ASSERT(sizeof(nb_arena_ref) == 16, "an arena reference fits a payload");
NB_STATIC_ASSERT(sizeof(nb_segment_header) <= NB_PAGE_BYTES, "the header fits a page");
NB_STATIC_ASSERT(offsetof(nb_axon, head) == 1 * NB_LINE_BYTES, "head has its own line");
NB_STATIC_ASSERT(offsetof(nb_axon, intent) == 2 * NB_LINE_BYTES, "intent has its own line");
NB_STATIC_ASSERT(offsetof(nb_axon, tail) == 3 * NB_LINE_BYTES, "tail has its own line");
NB_STATIC_ASSERT(offsetof(nb_axon, published) == 4 * NB_LINE_BYTES, "counters have their own line");
NB_STATIC_ASSERT(sizeof(nb_axon) == 5 * NB_LINE_BYTES, "axon header");
NB_STATIC_ASSERT(sizeof(nb_neuron) == 128, "neuron record");
NB_STATIC_ASSERT(sizeof(nb_pair_trace) == 8 && sizeof(nb_exchange_trace) == 8, "traces share a column");
NB_STATIC_ASSERT(sizeof(nb_rule) == 64, "rule");
NB_STATIC_ASSERT(sizeof(nb_filter) == 64, "filter");
NB_STATIC_ASSERT(sizeof(nb_control) == 192, "control block");
NB_STATIC_ASSERT(sizeof(nb_dispatch) == 16, "dispatch entry");
NB_STATIC_ASSERT(sizeof(nb_emission) == 24, "emission");
NB_STATIC_ASSERT(sizeof(nb_prune) == 16, "prune");
NB_STATIC_ASSERT(sizeof(nb_commons) == NB_LINE_BYTES, "commons");
NB_STATIC_ASSERT(sizeof(nb_outgoing) == 16, "outgoing list");
NB_STATIC_ASSERT(sizeof(nb_mail) == 256, "mail slot");
NB_STATIC_ASSERT(sizeof(nb_chunk) == NB_ARENA_GRAIN_BYTES, "the header of a chunk is one grain");
NB_STATIC_ASSERT(sizeof(nb_block) == 16, "block record");

#endif /* NEURONBUS_LAYOUT_H */
