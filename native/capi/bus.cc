// SPDX-License-Identifier: MIT
#include "bus.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>

#include "atomics.h"
#include "axon_memory.h"
#include "card_json.h"
#include "clock.h"
#include "shared_file.h"

using namespace neuronbus;

namespace neuronbus {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kRoundsNs = 500 * kMs;       // how long the death of another process goes unnoticed at most
constexpr uint64_t kSpinNs = 50'000;            // wait() looks for this long before it sleeps: waking takes as long
constexpr uint64_t kPatienceNs = 2000 * kMs;    // for the owner of another ganglion to answer
constexpr uint32_t kMaxRules = 1024;            // as buses that JavaScript makes
constexpr uint32_t kMaxFilters = 4096;
constexpr uint64_t kMinArenaBytes = 1 << 16;
constexpr uint64_t kMaxArenaBytes = uint64_t{1} << 32;

void relax() {
  for (int i = 0; i < 16; i++) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
  }
}

template <typename T>
T or_default(T value, T otherwise) {
  return value == 0 ? otherwise : value;
}

nb_status resolve(const nb_bus_options& given, const char* name, Fault& fault, SegmentOptions* out) {
  const uint64_t arena = or_default<uint64_t>(given.arena_capacity, 1 << 24);
  if (arena < kMinArenaBytes || arena > kMaxArenaBytes || (arena & (arena - 1)) != 0) {
    return fault.say(NB_ERR_CAPACITY, "arena_capacity is %llu", static_cast<unsigned long long>(arena));
  }
  out->max_ganglia = or_default(given.max_ganglia, 16u);
  out->max_axons = out->max_ganglia * out->max_ganglia;
  out->axon_capacity = or_default(given.axon_capacity, 1u << 14);
  out->mode = given.backpressure;
  out->sample_every = or_default(given.sample_every, 10u);
  out->block_ns = or_default(given.block_ms, 100u) * kMs;
  out->max_neurons = or_default(given.max_neurons, 4096u);
  out->max_synapses = or_default(given.max_synapses, 1u << 17);
  out->max_rules = kMaxRules;
  out->max_filters = kMaxFilters;
  out->arena_chunks = static_cast<uint32_t>(arena / NB_ARENA_CHUNK_BYTES);
  out->name = name != nullptr ? name : "neuronbus";
  if (given.backpressure > NB_MODE_SAMPLE) return fault.say(NB_ERR_INVALID_ARGUMENT, "backpressure is %u", given.backpressure);
  if (out->max_ganglia > NB_MAX_GANGLIA) return fault.say(NB_ERR_INVALID_ARGUMENT, "max_ganglia is %u", out->max_ganglia);
  if (out->sample_every > uint32_t{1} << 31) return fault.say(NB_ERR_INVALID_ARGUMENT, "sample_every is %u", out->sample_every);
  for (const uint32_t word : given.reserved) {
    if (word != 0) return fault.say(NB_ERR_INVALID_ARGUMENT, "reserved words of nb_bus_options are not 0");
  }
  return NB_OK;
}

nb_status bad_name(const char* name, Fault& fault) {
  const char* rule = "1 to 63 of A-Z a-z 0-9 . _ -, not beginning with a dot";
  return fault.say(NB_ERR_INVALID_ARGUMENT, "name is \"%.80s\", but must be %s", name, rule);
}

}  // namespace

nb_status Fault::say(nb_status status, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = std::vsnprintf(text_, sizeof text_, format, arguments);
  va_end(arguments);
  length = std::min(std::max(length, 0), static_cast<int>(sizeof text_) - 1);
  std::snprintf(text_ + length, sizeof text_ - static_cast<size_t>(length), "%s%s", length > 0 ? ": " : "", nb_errmsg(status));
  return status;
}

}  // namespace neuronbus

// ---- joining and leaving --------------------------------------------------------------------------------------------

nb_status nb_bus::create(const char* name, const nb_bus_options* options, Fault& fault, nb_bus** out) {
  if (name != nullptr && !SharedFile::good_name(name)) return bad_name(name, fault);
  SegmentOptions wanted;
  nb_status status = resolve(options != nullptr ? *options : nb_bus_options{}, name, fault, &wanted);
  if (status != NB_OK) return status;
  size_t bytes = 0;
  status = Segment::size(wanted, &bytes);
  if (status == NB_ERR_CAPACITY) return fault.say(status, "axon_capacity is %u", wanted.axon_capacity);
  if (status != NB_OK) return fault.say(status, "nb_bus_options");
  Mapping* mapping = nullptr;
  const auto format = [&](uint8_t* base, size_t size) { return Segment::format(base, size, wanted, Clock().now()); };
  if (name != nullptr) {
    // The arena is reserved now, workspaces and axons when they are handed out.
    status = Mapping::create_named(name, bytes, Segment::common_bytes(wanted), format, &mapping);
    const uint64_t arena = uint64_t{wanted.arena_chunks} * NB_ARENA_CHUNK_BYTES;
    if (status == NB_OK && mapping->reserve(bytes - arena, arena) != NB_OK) {
      mapping->release();
      status = NB_ERR_NO_ROOM;
    }
  } else {
    status = Mapping::create(bytes, &mapping);
    if (status == NB_OK && (status = format(mapping->base(), bytes)) != NB_OK) mapping->release();
  }
  return status == NB_OK ? join(mapping, fault, out) : fault.say(status, "%.80s", wanted.name);
}

nb_status nb_bus::open(const char* name, Fault& fault, nb_bus** out) {
  if (!SharedFile::good_name(name)) return bad_name(name, fault);
  Mapping* mapping = nullptr;
  const nb_status status = Mapping::open_named(name, &mapping);
  return status == NB_OK ? join(mapping, fault, out) : fault.say(status, "%.80s", name);
}

nb_status nb_bus::attach(MappingHandle handle, Fault& fault, nb_bus** out) {
  Mapping* mapping = nullptr;
  const nb_status status = Mapping::attach(handle, &mapping);
  return status == NB_OK ? join(mapping, fault, out) : fault.say(status, "handle %u", handle.id);
}

// Takes over the caller's reference to the mapping, also on failure.
nb_status nb_bus::join(Mapping* mapping, Fault& fault, nb_bus** out) {
  Segment segment;
  Ganglion* ganglion = nullptr;
  nb_status status = Segment::attach(mapping->base(), mapping->bytes(), &segment);
  if (status == NB_OK && segment.header().max_ganglia == 0) status = NB_ERR_BAD_SEGMENT;  // a lone axon
  if (status == NB_OK) status = Ganglion::join(segment, mapping, Plasticity{}, &ganglion);
  if (status == NB_OK) {
    std::unique_ptr<Ganglion> joined(ganglion);
    try {
      *out = new nb_bus(mapping, segment, std::move(joined));
      return NB_OK;
    } catch (const std::bad_alloc&) {
      status = NB_ERR_NO_MEMORY;
    }
  }
  mapping->release();
  return fault.say(status, "");
}

nb_bus::nb_bus(Mapping* mapping, const Segment& segment, std::unique_ptr<Ganglion> ganglion)
    : mapping_(mapping),
      segment_(segment),
      ganglion_(std::move(ganglion)),
      outbox_(segment_, *ganglion_),
      questions_(segment_),
      backlog_(segment_, ganglion_->neurons()),
      intake_(segment_, *ganglion_, questions_, backlog_),
      directory_(segment_, *ganglion_) {}

nb_bus::~nb_bus() {
  intake_.end_batch();
  intake_.abandon();
  outbox_.close();
  ganglion_.reset();
  mapping_->release();
}

// ---- neurons and synapses -------------------------------------------------------------------------------------------

nb_status nb_bus::register_neuron(const nb_card& card, uint16_t* id) {
  if (const char* what = card_fault(card)) return fault_.say(NB_ERR_INVALID_ARGUMENT, "%s", what);
  const std::string text = write_card(card);
  if (text.size() > Directory::kMaxCardBytes) return fault_.say(NB_ERR_INVALID_ARGUMENT, "the card has more than 1 MiB");
  nb_arena_ref ref{};
  uint8_t* data = nullptr;
  nb_status status = arena().allocate(static_cast<uint32_t>(text.size()), &ref, &data);
  if (status != NB_OK) return fault_.say(status, "the card of %.80s", card.name);
  std::memcpy(data, text.data(), text.size());
  status = ganglion_->register_neuron(NB_BROADCAST, Dynamics{}, &ref, id);
  if (status == NB_OK) return NB_OK;
  (void)arena().release(ref);
  return fault_.say(status, "%.80s", card.name);
}

nb_status nb_bus::unregister_neuron(uint16_t id) {
  if (!ganglion_->neurons().resident(id)) return fault_.say(NB_ERR_UNKNOWN_NEURON, "neuron %u", id);
  intake_.settle_now();
  questions_.left(id);
  backlog_.left(id);
  return ganglion_->unregister_neuron(id);
}

nb_status nb_bus::connect(uint16_t pre, uint16_t post, double weight, const nb_rule* rule) {
  nb_mail wish{};
  wish.what = NB_MAIL_CONNECT;
  wish.pre = pre;
  wish.post = post;
  wish.weight = weight;
  if (rule != nullptr) {
    wish.rule = *rule;
    wish.rule.users = 0;
  } else {
    (void)nb_rule_default(&wish.rule);
  }
  if (pre == post) return fault_.say(NB_ERR_SELF_SYNAPSE, "neuron %u", pre);
  if (!(weight >= wish.rule.weight_min && weight <= wish.rule.weight_max)) {
    return fault_.say(NB_ERR_INVALID_ARGUMENT, "weight is %g, but must be from %g to %g", weight, wish.rule.weight_min, wish.rule.weight_max);
  }
  const nb_status status = ganglion_->anywhere(wish, kPatienceNs);
  return status == NB_OK ? NB_OK : fault_.say(status, "from neuron %u to neuron %u", pre, post);
}

// ---- sending --------------------------------------------------------------------------------------------------------

nb_status nb_bus::check(uint16_t source, uint16_t target, uint8_t type, bool reply) {
  if (lost_ != NB_OK) return lose();
  const NeuronTable& neurons = ganglion_->neurons();
  if (!neurons.resident(source)) return fault_.say(NB_ERR_UNKNOWN_NEURON, "source %u", source);
  if (type > NB_TYPE_MODULATORY) return fault_.say(NB_ERR_INVALID_ARGUMENT, "type %u", type);
  if (reply && target == NB_BROADCAST) return fault_.say(NB_ERR_INVALID_ARGUMENT, "a spike without a sender");
  if (reply || target == NB_BROADCAST || neurons.ganglion_of(target) != NB_NONE) return NB_OK;
  return fault_.say(NB_ERR_UNKNOWN_NEURON, "target %u", target);
}

nb_status nb_bus::fire(uint16_t source, uint16_t target, uint8_t type, uint8_t priority, const void* data, uint32_t length,
                       const nb_spike* asked) {
  nb_status status = check(source, target, type, asked != nullptr);
  if (status != NB_OK) return status;
  if (length > 0 && data == nullptr) return fault_.say(NB_ERR_INVALID_ARGUMENT, "data is NULL");
  nb_spike spike{};
  spike.source = source;
  spike.target = target;
  spike.priority = priority;
  spike.kind = type;
  nb_arena_ref block{};
  status = fill(&spike, 0, NB_INLINE_BYTES, data, length, &block);
  if (status != NB_OK) return status;
  const bool inside = spike.kind >> 2 != NB_LENGTH_ARENA;
  status = outbox_.post(spike, inside ? nullptr : &block);
  if (!inside) (void)arena().release(block);
  if (status != NB_OK) return fault_.say(status, "from neuron %u to %u", source, target);
  intake_.note(spike, asked);
  return NB_OK;
}

nb_status nb_bus::fill(nb_spike* spike, uint32_t head, uint32_t room, const void* data, uint32_t length, nb_arena_ref* block) {
  const bool inside = length <= room;
  spike->kind = static_cast<uint8_t>(spike->kind | (inside ? head + length : NB_LENGTH_ARENA) << 2);
  if (inside) {
    if (length > 0) std::memcpy(spike->payload + head, data, length);
    return NB_OK;
  }
  uint8_t* bytes = nullptr;
  const nb_status status = arena().allocate(length, block, &bytes);
  if (status != NB_OK) return fault_.say(status, "a payload of %u bytes", length);
  std::memcpy(bytes, data, length);
  std::memcpy(spike->payload, block, sizeof *block);
  return NB_OK;
}

nb_status nb_bus::fire_block(uint16_t source, uint16_t target, uint8_t type, uint8_t priority, const nb_arena_ref& block) {
  nb_status status = check(source, target, type, false);
  if (status != NB_OK) return status;
  const uint8_t* data = nullptr;
  uint32_t length = 0;
  status = arena().read(block, &data, &length);
  if (status != NB_OK) return fault_.say(status, "grain %u", block.grain);
  nb_spike spike{};
  spike.source = source;
  spike.target = target;
  spike.kind = static_cast<uint8_t>(type | NB_LENGTH_ARENA << 2);
  spike.priority = priority;
  std::memcpy(spike.payload, &block, sizeof block);
  status = outbox_.post(spike, &block);
  if (status == NB_OK || status == NB_ERR_FULL) (void)arena().release(block);
  if (status != NB_OK) return fault_.say(status, "from neuron %u to %u", source, target);
  intake_.note(spike, nullptr);
  return NB_OK;
}

// ---- receiving ------------------------------------------------------------------------------------------------------

uint32_t nb_bus::poll(const nb_delivery** batch, uint32_t max) {
  if (lost_ != NB_OK) return 0;
  uint32_t count = 0;
  if (!any_lost()) {
    count = intake_.poll(batch, max);
    if (intake_.now() >= next_rounds_ns_) make_rounds();
  }
  if (count > 0 || !any_lost()) return count;
  intake_.end_batch();
  return questions_.hand_out(batch, max);
}

nb_status nb_bus::wait(int32_t timeout_ms) {
  if (lost_ != NB_OK) return lose();
  intake_.end_batch();
  if (intake_.look() || any_lost()) return NB_OK;
  const uint64_t begin = intake_.now();
  const uint64_t deadline = timeout_ms < 0 ? UINT64_MAX : begin + static_cast<uint64_t>(timeout_ms) * kMs;
  uint64_t spin_until = begin + kSpinNs;
  for (;;) {
    const uint64_t now = intake_.now();
    if (now >= next_rounds_ns_) make_rounds();
    if (lost_ != NB_OK) return lose();
    if (any_lost()) return NB_OK;
    if (now >= deadline) return NB_ERR_TIMEOUT;
    if (now < spin_until) {
      relax();
      if (intake_.look()) return NB_OK;
      continue;
    }
    intake_.sleep(std::min({deadline - now, kRoundsNs, questions_.next_deadline_ns() - now}));
    if ((lost_ = mapping_->check()) != NB_OK) return lose();
    intake_.rise();
    if (intake_.look()) return NB_OK;
    spin_until = intake_.now() + kSpinNs;
  }
}

nb_status nb_bus::lose() { return fault_.say(lost_, "somebody cut the file of the bus"); }

// Looks whether the memory is still there, for participants that died, and for axons that lead nowhere.
void nb_bus::make_rounds() {
  next_rounds_ns_ = intake_.now() + kRoundsNs;
  lost_ = mapping_->check();
  if (lost_ != NB_OK) return;
  ganglion_->reap();
  outbox_.forget_gone();
  questions_.forget_gone();
  backlog_.forget_over(intake_.now());
}

// ---- what happened --------------------------------------------------------------------------------------------------

nb_status nb_bus::stats(nb_stats_t* out) {
  ganglion_->settle();
  nb_stats_t all{};
  uint32_t used = 0;
  for (uint32_t i = 0; i < segment_.header().max_ganglia; i++) {
    nb_ganglion& ganglion = segment_.ganglion(i);
    if (load_relaxed(ganglion.generation) == 0) continue;
    used++;
    all.delivered += load_relaxed(ganglion.delivered);
    for (uint32_t r = NB_DROP_FILTERED; r < NB_DROP_REASONS; r++) all.dropped[r] += load_relaxed(ganglion.dropped[r]);
    if (load_acquire(ganglion.state) != NB_LIVE) continue;  // SYNC ganglion-claim
    all.ganglia++;
    all.neurons += load_relaxed(segment_.control(i).neurons);
    all.synapses += load_relaxed(segment_.control(i).synapses);
  }
  // What is published is read last: all that the others count was published before.
  const uint32_t axons = std::min(load_relaxed(segment_.commons().axons_used), segment_.header().max_axons);
  for (uint32_t i = 0; i < axons; i++) {
    nb_axon& axon = segment_.axon(i);
    for (uint32_t r = NB_DROP_FULL; r <= NB_DROP_DEADLINE; r++) all.dropped[r] += load_relaxed(axon.dropped[r]);
  }
  for (uint32_t i = 0; i < axons; i++) {
    uint64_t written = 0;
    nb_axon& axon = segment_.axon(i);
    if (load_cursor(axon.head, axon.head_high, &written)) all.published += written;
  }
  all.published += all.dropped[NB_DROP_FULL] + all.dropped[NB_DROP_SAMPLED] + all.dropped[NB_DROP_DEADLINE];
  for (uint32_t i = 0; i < segment_.header().max_ganglia; i++) all.published += load_relaxed(segment_.ganglion(i).fanned);
  uint64_t accounted = all.delivered;
  for (const uint64_t dropped : all.dropped) accounted += dropped;
  if (used == 1) {
    all.queued = ganglion_->queued() + intake_.waiting();
  } else {
    all.queued = all.published > accounted ? all.published - accounted : 0;
  }
  *out = all;
  return NB_OK;
}
