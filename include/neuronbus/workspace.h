/* SPDX-License-Identifier: MIT
 *
 * workspace.h: the tables in which the native and the JavaScript half of one ganglion work on a batch, and its mailbox.
 *
 * Part of layout.h. All of it is the owner's alone, the thread of the ganglion; only the mailbox is for others.
 */
#ifndef NEURONBUS_WORKSPACE_H
#define NEURONBUS_WORKSPACE_H

#include "segment.h"

#define NB_DISPATCH_FIRED 1    /* this spike took the neuron across its threshold */
#define NB_DISPATCH_ANSWERED 2 /* set by the owner: the neuron emitted a spike while it handled this one */
#define NB_DISPATCH_DEAD 4     /* set by the owner: the neuron was unregistered before its turn came */
#define NB_DISPATCH_MESSAGE 8  /* the spike is NB_TYPE_MESSAGE */
#define NB_DISPATCH_KEPT 16    /* set by the owner: it waits for its turn, and its owner counts it as delivered, or dropped, then */

#define NB_EMISSION_MAY_ANSWER 1 /* an open spike of the target; not set when it answered the spike in hand */
#define NB_EMISSION_ASKED 4      /* asked_lo and asked_hi say which spike it answers */
#define NB_EMISSION_POST_SPIKE 2 /* a firing of its own; not set when it belongs to a threshold crossing */

/* What an exchange teaches the synapse from who asked to who answered. */
#define NB_LESSON_ANSWERED 0 /* after lesson_value times what the asker is used to */
#define NB_LESSON_FAILED 1   /* or was silent */
#define NB_LESSON_REWARD 2   /* judged by who asked: lesson_value in [-1, 1] is reward times eligibility */

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
  /* NB_MODE_DROP_OLDEST, for whoever clears away after this ganglion */
  uint32_t copied;      /* inbox copies that are this ganglion's, and not the ring's any more */
  uint32_t copying;     /* copies that it is about to claim, or 0; written behind the next two */
  uint32_t copied_axon;
  uint32_t copied_origin; /* where the tail would be without this claim and without what the producer counts as taken back */
  uint8_t pad0[16];
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

/* ---- what must hold -------------------------------------------------------------------------------------------- */

NB_STATIC_ASSERT(sizeof(nb_control) == 192, "control block");
NB_STATIC_ASSERT(sizeof(nb_dispatch) == 16, "dispatch entry");
NB_STATIC_ASSERT(sizeof(nb_emission) == 24, "emission");
NB_STATIC_ASSERT(sizeof(nb_prune) == 16, "prune");
NB_STATIC_ASSERT(sizeof(nb_mail) == 256, "mail slot");

#endif /* NEURONBUS_WORKSPACE_H */
