/* SPDX-License-Identifier: MIT
 *
 * segment.h: the records that all participants of a bus share: header, ganglia, axons, neurons, synapses, arena.
 *
 * Part of layout.h, which has the map. Who may write a word is stated at the word.
 */
#ifndef NEURONBUS_SEGMENT_H
#define NEURONBUS_SEGMENT_H

#include "spike.h"

/* ---- constants ------------------------------------------------------------------------------------------------ */

#define NB_SEGMENT_MAGIC_LO 0x5255454eu /* "NEUR" */
#define NB_SEGMENT_MAGIC_HI 0x53424e4fu /* "ONBS" */
#define NB_LAYOUT_VERSION 2

#define NB_PAGE_BYTES 4096
#define NB_LINE_BYTES 128 /* two cache lines: adjacent-line prefetch makes neighbours share fate */
#define NB_MAX_NEURONS 65534
#define NB_MAX_GANGLIA 64 /* bits of nb_neuron.listeners */
#define NB_NONE 0xFFFFFFFFu
#define NB_NAME_BYTES 64

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

#define NB_RULE_STATIC 0
#define NB_RULE_EXCHANGE 1
#define NB_RULE_PAIR_ALL 2
#define NB_RULE_PAIR_NEAREST 3

#define NB_WATCH_PAIR 1 /* emissions are post-spikes of incoming pair-rule synapses: stamp and log each */
#define NB_WATCH_OPEN 2 /* emissions may answer open spikes: log each */

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

#define NB_ROSTER_GANGLION_MASK 0xFF /* of a roster entry: ganglion + 1, 0 = nobody; above it a count of registrations */
#define NB_ROSTER_STEP 0x100

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
  uint32_t checksum; /* FNV-1a of this header with checksum and state 0: damage is told, malice is not */
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

/* What the words are to be once an axon's spikes are booked. All absolute, so that it can be done twice. */
typedef struct nb_note {
  uint64_t base;
  uint64_t base_oldest;
  uint64_t retired;
  uint64_t returned;
  uint64_t dropped; /* NB_DROP_DEAD_TARGET */
  uint32_t axon;    /* number + 1, 0 = nothing is noted. SYNC booking-note */
  uint32_t pad0;
} nb_note;

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
  uint64_t retired;   /* spikes that came by axons before their base was set last */
  uint64_t returned;  /* of dropped: spikes to others that left, which this one counted when it freed the axon */
  /* What its owner, or who clears away after it, is in the middle of; nb_note: axon + 1, written last, 0 = nothing. */
  nb_note note;
  uint64_t releasing; /* the place (ArenaView::place) whose payload it releases, or released last */
  uint64_t released;  /* atomic: the block (ArenaView::block) of which others know that this one released it */
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
  uint16_t load; /* questions that came to it and are not answered; stays at its maximum. Written by the owner, read by anybody */
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

/* ---- arena ---------------------------------------------------------------------------------------------------- */

#define NB_ARENA_CHUNK_BYTES 4096 /* small: what is left over of one size keeps little from the others */
#define NB_ARENA_GRAIN_BYTES 64
#define NB_CHUNK_GRAINS 64         /* grains in a chunk */
#define NB_CHUNK_FREE 0
#define NB_CHUNK_BLOCKS 1          /* carved into equal blocks */
#define NB_CHUNK_RUN 2             /* first or only chunk of a payload that has whole chunks */
#define NB_CHUNK_TAIL 3            /* continuation of a run */
#define NB_CHUNK_CLAIMED 4         /* taken, not carved yet */
#define NB_CHUNK_STATE_MASK 0xFF
#define NB_BLOCK_COUNT_MASK 0xFFFFFFu /* of the lower half of nb_block.use: references */
#define NB_BLOCK_RELEASER_SHIFT 24    /* above them the ganglion + 1 that released one last and may not have noted it yet, or 0 */
#define NB_BLOCK_PARTING 0x80000000u /* in place of a run's references: it is being taken apart, by ganglion + 1 in the bits below */

/* The arena is an array of 64-byte grains; a chunk is 64 of them, 4 KiB. Grain i holds the header of chunk i, and as many
 * chunks as all headers fill are nothing else:
 *
 *   | header 0 | header 1 | .. | header n-1 | unused | records of a chunk | its blocks | records | blocks | ..
 *   grain 0                                          first chunk after the headers
 *
 * A chunk that is carved into blocks begins with one nb_block for each, padded to whole grains. A run is one or several
 * whole chunks for one payload, its nb_block is in the header of the first. All zero is an empty arena. */
typedef struct nb_block {
  uint64_t use;    /* atomic: generation in bits 32-63, below it 0 = free, or references and NB_BLOCK_*. SYNC arena-release */
  uint32_t length; /* owner, while there are no references */
  uint32_t kept;   /* atomic: bit g = ganglion g, not the owner, retained it since it was allocated; bit 31 = one from 31 on */
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
  uint32_t room;             /* atomic, a hint: 0 = the owner found no free block, and nobody released one since. SYNC arena-release */
  uint32_t pad1;
  uint32_t lowest_free;      /* header 0 only: a hint, by anybody: no chunk below was free when somebody looked */
  uint8_t pad0[8];
  nb_block run_block;        /* NB_CHUNK_RUN: the record of its only block */
} nb_chunk;

/* ---- what must hold -------------------------------------------------------------------------------------------- */

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
NB_STATIC_ASSERT(sizeof(nb_commons) == NB_LINE_BYTES, "commons");
NB_STATIC_ASSERT(sizeof(nb_outgoing) == 16, "outgoing list");
NB_STATIC_ASSERT(sizeof(nb_chunk) == NB_ARENA_GRAIN_BYTES, "the header of a chunk is one grain");
NB_STATIC_ASSERT(sizeof(nb_block) == 16, "block record");

#endif /* NEURONBUS_SEGMENT_H */
