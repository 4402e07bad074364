// SPDX-License-Identifier: MIT
//
// A ganglion: the neurons of one thread, and the way of a spike from the inbox to the dispatch list.
//
// Every method is called by the one thread that owns the ganglion, but for those that say otherwise. Spikes come from the
// ganglion's own axon, into which its host writes, and from the axons that others open to it. The cycle of a batch:
//
//   route()    closes the batch before, reads the inboxes, and for every receiver of every spike: dendritic filter,
//              membrane, plasticity, dispatch entry
//   (handlers) the host runs onSpike for each entry; it raises control.handled as it goes and marks NB_DISPATCH_*
//   settle()   books what handlers did since: latencies, answers, deliveries, emissions
//   finish()   settle(), then gives ring slots and arena blocks back; done by the next route() if not called
//
// Arguments and results travel through nb_control (layout.h). Nothing here allocates after construction.
#pragma once

#include <array>
#include <cstdint>

#include "arena.h"
#include "clock.h"
#include "mapping.h"
#include "neuron_table.h"
#include "segment.h"
#include "synapses.h"

namespace neuronbus {

struct Plasticity {
  double half_life_ns = 600e9;  // of the weight of an unused synapse
  double grace_ns = 60e9;       // a synapse that lay idle for this long is unused
  double sweep_ns = 1e9;        // how often unused synapses are looked at
};

class Ganglion {
 public:
  // Claims a free ganglion of the segment and the axon from it to itself. `mapping` is that of the segment, or null where
  // one process alone has the memory; it must outlive the ganglion. NB_ERR_TOO_MANY_GANGLIA, NB_ERR_NO_ROOM,
  // NB_ERR_INVALID_ARGUMENT (a second ganglion under a virtual clock).
  static nb_status join(const Segment& segment, Mapping* mapping, const Plasticity& plasticity, Ganglion** out);

  // Gives the ganglion back. Its neurons and synapses are removed; what is under way to them is counted as dropped. The
  // host has published what it wrote to other ganglia.
  ~Ganglion();

  void route();
  void settle();
  void finish();
  void stamp() { read_clock(); }

  // `card` (a block of the arena with one reference, which passes to the neuron) may be null.
  nb_status register_neuron(uint16_t wanted, const Dynamics& dynamics, const nb_arena_ref* card,
                            uint16_t* id);
  // Handlers that returned must be in control.handled: what they did still counts for synapses that go.
  nb_status unregister_neuron(uint16_t id);
  nb_status connect(uint16_t pre, uint16_t post, double weight, const nb_rule& rule, const nb_filter* filter,
                    uint32_t* synapse);
  nb_status disconnect(uint16_t pre, uint16_t post);
  nb_status set_weight(uint16_t pre, uint16_t post, double weight);
  // The same for a neuron `post` of any ganglion, by asking its owner. `mail`: what, pre, post and what belongs to it.
  nb_status anywhere(const nb_mail& mail, uint64_t patience_ns);
  // Index of a synapse in the table of the ganglion of `post`, or NB_NONE.
  uint32_t find_synapse(uint16_t pre, uint16_t post) const;
  // The lesson in nb_control, for a synapse that ends here and follows the exchange rule; any other is left as it is.
  void teach();
  // As after `idle_ns` without use; for restoring a saved synapse.
  nb_status set_idle(uint16_t pre, uint16_t post, double idle_ns);

  // Full drop-oldest ring: takes the oldest queued spike out, counts it, and releases its arena block. False when there
  // is nothing to take.
  bool drop_oldest();

  // ---- together with other ganglia: membership.cc, axon_between.cc, recovery.cc, mailbox.cc

  // The axon from here to another live ganglion, opened at the first call. NB_ERR_DEAD_TARGET, NB_ERR_NO_ROOM,
  // NB_ERR_TOO_MANY_GANGLIA (the segment has no axon left).
  nb_status open_axon(uint32_t to, uint32_t* index);
  // The receiver of an axon from here is gone: frees the axon once that one has left it, and counts what it did not read. The
  // host has published what it wrote there. open_axon() takes it up again.
  void abandon_axon(uint32_t to);
  // Nothing to do: others must wake this ganglion from now on. False when there is something after all.
  bool park();
  void unpark() { shared(self_.parked).store(0); }  // SYNC ganglion-park
  // Wakes ganglion `index` if it is parked. Call after publishing to it.
  void wake(uint32_t index);
  // Asks the owner of another ganglion, and waits for at most `patience_ns`: NB_ERR_TIMEOUT, and then it will not be done; as
  // long again if the owner has begun and is stopped in the middle, and then it may be done. NB_ERR_DEAD_TARGET.
  nb_status request(uint32_t index, const nb_mail& mail, uint64_t patience_ns);
  // Answers requests of others.
  void serve_mail();
  // Clears away after participants of other processes that died. Returns how many. To be called now and then also because what
  // others left in the arena comes back here.
  uint32_t reap();

  Arena& arena() { return arena_; }
  Synapses& synapses() { return synapses_; }
  NeuronTable& neurons() { return neurons_; }
  uint32_t index() const { return index_; }
  uint32_t axon() const { return axon_index_; }
  uint64_t queued() const;

 private:
  // Where a spike goes, resolved: spikes in a row between the same two neurons share it, until neurons or synapses change.
  struct Path {
    uint16_t source = NB_BROADCAST;
    uint16_t target = NB_BROADCAST;
    uint32_t synapse = NB_NONE;
    nb_neuron* neuron = nullptr;
    const nb_filter* filter = nullptr;
    double* weight = nullptr;
    uint64_t* last_pre = nullptr;
    uint32_t rule = NB_RULE_STATIC;
    uint64_t window_end = 0;  // exchange rule: open answers need no ageing before
    uint64_t born = 0;        // of a neuron whose id had another owner before: ns; older spikes are not for it
    bool plain = false;  // no filter, no pair rule at either end, no refractory period: follow() may take it
  };

  // An axon to this ganglion. The first is its own.
  struct Inbox {
    nb_axon* axon = nullptr;
    nb_spike* slots = nullptr;
    uint32_t number = 0;
    uint32_t from = 0;
    uint32_t cursor = 0;  // next position to route
    uint32_t limit = 0;   // route() reads up to here
    uint32_t tail = 0;    // as stored last; where the producer moves it too, the base of the axon
    uint32_t taken = 0;   // by this reader since then
    uint64_t oldest = 0;  // taken back by the producer before then
    bool arena = false;   // this batch has payloads in the arena
    bool quarantined = false;  // its producer, of this generation, wrote what cannot be
    uint32_t generation = 0;
  };

  // Unanswered hand-overs in a row that came the same way.
  struct Run {
    uint32_t synapse = NB_NONE;
    uint16_t source = NB_BROADCAST;
    uint16_t neuron = NB_BROADCAST;
    uint8_t kind = 0;
    uint32_t learning = NB_NONE;  // the synapse, if it learns from them by the exchange rule
    uint32_t spikes = 0;

    bool continues(const nb_dispatch& entry, const nb_spike& spike) const {
      return entry.synapse == synapse && spike.source == source && entry.neuron == neuron && spike.kind == kind;
    }
  };

  // When the handlers of the entries from `from` on ran; they count 1/256 ns.
  struct Moments {
    static constexpr int kShift = 8;
    uint64_t start;
    uint64_t step;
    uint32_t from;

    uint64_t at(uint32_t entry) const { return start + (step * (entry - from) >> kShift); }
  };

  Ganglion(const Segment& segment, Mapping* mapping, uint32_t index, uint32_t axon_index, const Plasticity& plasticity);

  void look_around();
  void find_inboxes();
  void add_inbox(uint32_t from, uint32_t number, uint32_t passed_over = 0);
  bool count_evicted(Inbox& inbox);
  bool waiting() const;
  uint32_t axon_between(uint32_t from, uint32_t to) const;
  nb_status open_new_axon(uint32_t to, uint32_t* index);
  void announce_axon(uint32_t to);
  void wait_turn(uint32_t attempt);
  bool claim_live(nb_axon& axon) const;
  void unclaim(uint32_t number);
  bool free_axon(uint32_t number);
  void close_axon(uint32_t number);
  uint32_t empty_axon(ArenaView& arena, uint32_t number);
  void part_from(nb_ganglion& reader, ArenaView& arena, uint32_t number);
  void retire_axon(nb_ganglion& reader, uint32_t number);
  void book(nb_ganglion& who, const nb_note& note);
  void carry_out(nb_ganglion& who);
  void leave();
  bool is_dead(uint32_t index) const;
  void trim_for_absent();
  void rouse(uint32_t index);
  void rouse_all();
  void recover(uint32_t index);
  void find_copies(uint32_t index);
  void finish_claims(ArenaView& arena, uint32_t index);
  void close_books(nb_ganglion& gone);
  void clear_mail(uint32_t dead);
  void clear_workspace(uint32_t index);
  bool unavailable(uint32_t index, uint32_t round) const;
  nb_mail* claim_mail(uint32_t index, uint64_t deadline, nb_status* status);
  nb_status obey(const nb_mail& mail);
  void purge(uint32_t pre);

  uint64_t read_clock();
  void publish_self();
  void expect_lone(const nb_dispatch& entry);
  void route_in_place(Inbox& inbox, uint64_t now);
  void route_copied(Inbox& inbox, uint64_t now);
  bool unread(const Inbox& inbox) const;
  bool receive(const nb_spike& spike, uint64_t now);
  uint32_t follow(const Inbox& inbox, uint32_t cursor, uint64_t now);
  bool well_formed(const nb_spike& spike);
  bool overrun(Inbox& inbox, uint32_t from);
  // How many owners a ganglion had.
  uint32_t generation_of(uint32_t ganglion) const { return load_relaxed(segment_.ganglion(ganglion).generation); }
  bool fan_out(const nb_spike& spike, uint16_t source, uint64_t now);
  Path path_to(uint16_t post, uint32_t synapse);
  void deliver(const nb_spike& spike, Path& path, uint64_t now);
  bool passes(const nb_filter& filter, const nb_spike& spike) const;
  void pair_pre(uint32_t synapse, const nb_neuron& post, uint64_t now);
  void touch(Path& path, uint64_t now);
  void pair_post(uint16_t neuron, uint64_t now);
  void book_entries(uint32_t from, uint32_t to, uint64_t start, uint64_t end);
  uint32_t book_alike(Run& run, uint32_t from, uint32_t to, const Moments& moments);
  uint32_t exchange_of(const nb_dispatch& entry, const nb_spike& spike) const;
  void book_lone(const nb_dispatch& entry);
  void book_silence(uint32_t synapse, uint32_t spikes);
  void book_emissions();
  void book_late_answer(const nb_emission& answer, uint64_t now);
  void age_answers(uint32_t synapse, uint64_t now);
  void close_answers(nb_neuron& post, uint32_t& from, uint32_t count);
  void release_payload(ArenaView& arena, const nb_spike& spike, uint64_t place);
  void release_copy(uint32_t index);
  uint32_t listed() const;
  const nb_spike* spike_of(const nb_dispatch& entry) const;
  nb_neuron& post_of(uint32_t synapse);
  void sweep(uint64_t now);
  void forget_predecessors();
  void sweep_one(uint32_t synapse, uint64_t now);
  void forget(uint32_t synapse);
  void drop(uint32_t reason) { self_.dropped[reason]++; }
  uint64_t extend(uint32_t position) const;

  Segment segment_;
  Mapping* mapping_;
  uint32_t index_;
  uint32_t axon_index_;
  nb_ganglion& self_;
  nb_control& control_;
  nb_dispatch* dispatch_;
  nb_axon& axon_;
  nb_spike* slots_;
  uint32_t mask_;
  std::array<Inbox, NB_MAX_GANGLIA> inboxes_;
  uint32_t inbox_count_ = 0;
  uint32_t inbox_turn_ = 0;     // which one is read first
  Inbox* reading_ = nullptr;    // by receive()
  uint32_t inboxes_seen_ = 0;   // of self_.inboxes, self_.mail and commons.topology: what was dealt with
  uint32_t mail_seen_ = 0;
  uint32_t topology_seen_ = 0;
  uint32_t swept_topology_ = 0;
  NeuronTable neurons_;
  Synapses synapses_;
  Arena arena_;
  Clock clock_;
  Plasticity plasticity_;
  bool virtual_clock_;
  bool copying_;               // NB_MODE_DROP_OLDEST
  uint32_t spikes_end_;        // offsets of spikes in a dispatch entry lie below
  nb_neuron nobody_{};         // in place of a post-synaptic neuron that cannot be
  uint64_t now_ = 0;          // the last reading
  uint64_t batch_start_ = 0;  // when the handlers of the unsettled entries began
  uint64_t head_ = 0;         // own axon: 63-bit position published last
  uint32_t inbox_first_ = 0;  // copied spikes of this batch: [inbox_first_, inbox_next_)
  uint32_t inbox_next_ = 0;   // copied spikes not routed yet: [inbox_next_, inbox_end_)
  uint32_t inbox_end_ = 0;
  uint32_t copied_ = 0;      // the inbox that they came from
  bool arena_in_copies_ = false;
  Path path_;
  uint32_t listed_ = 0;      // dispatch entries of this batch
  uint32_t list_limit_ = 0;  // no further spike is taken from here on
  uint64_t next_sweep_;
  uint64_t sweep_started_;
  uint64_t sweep_before_;  // when the pass before began
  uint32_t sweep_cursor_ = 0;
  bool sweeping_ = false;
  bool trimming_ = false;  // the part of a sweep that concerns the arena
};

}  // namespace neuronbus
