// SPDX-License-Identifier: MIT
//
// The parts of a step that concern the neurons of one shard.
#include <algorithm>
#include <cstring>

#include "population.h"
#include "random.h"

namespace neuronbus::population {

void Population::integrate(const Shard& shard, Step now) {
  const Kernels& run = kernels();
  const size_t end = round_up(shard.first + shard.count, kNeuronBlock);
  uint64_t* bits = fired(shard, now);
  const Units& unit = units[&shard - shards.data()];
  switch (model) {
    case Model::kLif:
    case Model::kLifConductance: {
      const LifKernel k{potential.data(), excitatory.data(), inhibited ? inhibitory.data() : nullptr,
                        raised.empty() ? nullptr : raised.data(), held_until.data(), bits, static_cast<double>(now),
                        unit.excitatory, unit.inhibitory, shared_, fades_, keep_.field(), base_.field(),
                        gain_e_.field(), gain_i_.field(), decay_e_.field(), decay_i_.field(),
                        parameters[kLifThreshold].field(), decay_raised_.field(), rate_.field(),
                        parameters[kLifReversalExcitatory].field(), parameters[kLifReversalInhibitory].field()};
      (model == Model::kLif ? run.lif : run.lif_conductance)(k, shard.first, end);
      if (fades_) fade(shard);
      break;
    }
    case Model::kIzhikevich: {
      const IzhikevichKernel k{potential.data(), recovery.data(), excitatory.data(), inhibited ? inhibitory.data() : nullptr,
                               held_until.data(), bits, static_cast<double>(now), dt_ms, shared_, parameters[kIzhikevichA].field(),
                               parameters[kIzhikevichB].field(), parameters[kIzhikevichPeak].field(),
                               parameters[kIzhikevichDrive].field(), decay_e_.field(), decay_i_.field()};
      run.izhikevich(k, shard.first, end);
      break;
    }
    case Model::kPoisson:
      run.poisson({hazard.data(), bits, per_step_.field()}, shard.first, end);
      break;
    case Model::kSpikeSource:
      emit_source(now);
      break;
  }
  for (PostTrace& trace : traces) run.decay_trace(trace.value.data(), trace.now.data(), trace.factor, shard.first, end);
  note_fired(shard, now);
  // Arrivals of this step find those who fire refractory already.
  if (is_lif()) {
    each_fired(shard, now, [&](uint32_t i) { held_until[i] = static_cast<double>(now) + refractory_.at(i); });
  }
}

void Population::note_fired(const Shard& shard, Step now) {
  FiredFew& found = few_[few_at(shard, now)];
  uint32_t count = 0;
  each_bit(fired(shard, now), shard.words(), [&](uint32_t bit) {
    if (count < FiredFew::kRoom) found.neuron[count] = shard.first + bit;
    count++;
  });
  found.count = count;
}

void Population::fade(const Shard& shard) {
  Units& unit = units[&shard - shards.data()];
  unit.excitatory *= decay_e_.at(0);
  unit.inhibitory *= decay_i_.at(0);
  if (std::min(unit.excitatory, unit.inhibitory) < kSmallestUnit) settle(shard);
}

void Population::settle(const Shard& shard) {
  Units& unit = units[&shard - shards.data()];
  for (uint32_t i = shard.first; i < shard.first + shard.count; i++) {
    excitatory[i] *= unit.excitatory;
    inhibitory[i] *= unit.inhibitory;
  }
  unit = {};
}

// A source has one shard, however large it is.
void Population::emit_source(Step now) {
  uint64_t* bits = fired(shards[0], now);
  std::memset(bits, 0, words_ * sizeof(uint64_t));
  for (; source_next < source.size() && source[source_next].step <= now; source_next++) {
    const uint32_t neuron = source[source_next].neuron;
    if (dead[neuron] == 0) bits[neuron / 64] |= uint64_t{1} << neuron % 64;
  }
}

void Population::jump(const Shard& shard, Step now) {
  const double step = static_cast<double>(now);
  for (uint32_t i = shard.first; i < shard.first + shard.count; i++) {
    const double e = excitatory[i] * jump_e_.at(i);
    const double in = inhibitory[i] * jump_i_.at(i);
    excitatory[i] -= e;
    inhibitory[i] -= in;
    if (held_until[i] <= step) potential[i] += e + in;
  }
}

void Population::reset(const Shard& shard, Step now) {
  each_fired(shard, now, [&](uint32_t i) {
    const uint32_t before = spikes[i]++;
    if (is_lif()) {
      potential[i] = parameters[kLifReset].at(i);
      if (parameters[kLifResetExcitatory].at(i) != 0) excitatory[i] = 0;
      if (!raised.empty()) raised[i] += parameters[kLifThresholdIncrement].at(i);
    } else if (model == Model::kIzhikevich) {
      potential[i] = parameters[kIzhikevichC].at(i);
      recovery[i] += parameters[kIzhikevichD].at(i);
    } else if (model == Model::kPoisson) {
      hazard[i] = poisson_hazard(seed, id, i, before + 1);
    }
  });
}

bool Population::log_has_room(uint32_t shard, Step now) const {
  constexpr Step kLongestLog = Step{1} << 31;  // steps are kept in 32 bits
  const PostLog& log = logs[shard];
  if (now - log.base > kLongestLog) return false;
  if (log.count + shards[shard].count <= log.capacity()) return true;
  uint32_t fired_now = 0;
  each_fired(shards[shard], now, [&](uint32_t) { fired_now++; });
  return log.count + fired_now <= log.capacity();
}

void Population::log_spikes(const Shard& shard, Step now) {
  PostLog& log = logs[&shard - shards.data()];
  each_fired(shard, now, [&](uint32_t i) {
    const uint32_t local = i - shard.first;
    const uint32_t entry = log.count++;
    log.post[entry] = static_cast<uint16_t>(local);
    log.step[entry] = static_cast<uint32_t>(now - log.base);
    log.earlier[entry] = log.head[local];
    log.head[local] = {entry, log.step[entry]};
    if (!last_spike.empty()) last_spike[i] = static_cast<double>(now);
    for (size_t t = 0; t < traces.size(); t++) {
      PostTrace& trace = traces[t];
      if (trace.logged) log.traces[t][entry] = static_cast<float>(trace.value[i]);
      trace.value[i] = trace.nearest ? 1 : trace.value[i] + 1;
    }
  });
}

}  // namespace neuronbus::population
