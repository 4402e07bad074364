// SPDX-License-Identifier: MIT
//
// The kernels over a vector type. Included by each kernels_<set>.cc inside an anonymous namespace, after the types Doubles, Floats
// and Mask of its instruction set; no function of the standard library may be called here, because a copy of it that was compiled
// for a wide instruction set could be the one that the linker keeps for all.
//
//   Doubles::lanes, load(p), store(p), all(x), + - * /, widen(const float*) -> Doubles, at_least(a, b) -> Mask, greater(a, b) -> Mask
//   select(mask, a, b), and_not(a, b) = a & ~b, bits(mask), min_of, max_of, narrow(Doubles, float*)

template <bool Shared>
inline Doubles field(const Field& f, size_t i) {
  if (Shared) return Doubles::all(*f.at);
  return f.each != 0 ? Doubles::load(f.at + i) : Doubles::all(*f.at);
}

// exp(x) for x <= 0, to about 1e-16 of the result: Cody-Waite reduction by ln 2 and a Taylor polynomial of degree 13 on
// [-ln2/2, ln2/2] (remainder below 1e-17). Below -700 it is 0.
inline Doubles exp_negative(Doubles x) {
  const Doubles limit = Doubles::all(-700);
  const Mask tiny = greater(limit, x);
  x = max_of(x, limit);
  // Adding and taking away 1.5 * 2^52 rounds to the nearest whole number.
  const Doubles magic = Doubles::all(6755399441055744.0);
  const Doubles shifted = x * Doubles::all(1.4426950408889634074) + magic;
  const Doubles n = shifted - magic;
  const Doubles r = (x - n * Doubles::all(6.93145751953125e-1)) - n * Doubles::all(1.42860682030941723212e-6);
  Doubles p = Doubles::all(1.0 / 6227020800.0);
  p = p * r + Doubles::all(1.0 / 479001600.0);
  p = p * r + Doubles::all(1.0 / 39916800.0);
  p = p * r + Doubles::all(1.0 / 3628800.0);
  p = p * r + Doubles::all(1.0 / 362880.0);
  p = p * r + Doubles::all(1.0 / 40320.0);
  p = p * r + Doubles::all(1.0 / 5040.0);
  p = p * r + Doubles::all(1.0 / 720.0);
  p = p * r + Doubles::all(1.0 / 120.0);
  p = p * r + Doubles::all(1.0 / 24.0);
  p = p * r + Doubles::all(1.0 / 6.0);
  p = p * r + Doubles::all(0.5);
  p = p * r + Doubles::all(1.0);
  p = p * r + Doubles::all(1.0);
  return select(tiny, Doubles::all(0), scale_by_power(p, shifted));
}

struct LifCurrents {
  template <bool Shared>
  static inline Doubles advance(const LifKernel& k, size_t i, Doubles v, Doubles e, Doubles in) {
    const Doubles base = field<Shared>(k.base, i);
    const Doubles leaked = base + (v - base) * field<Shared>(k.keep, i);
    return leaked + (e * field<Shared>(k.gain_excitatory, i) + in * field<Shared>(k.gain_inhibitory, i));
  }
};

struct LifConductances {
  template <bool Shared>
  static inline Doubles advance(const LifKernel& k, size_t i, Doubles v, Doubles e, Doubles in) {
    const Doubles total = (Doubles::all(1) + e) + in;
    const Doubles driven = (field<Shared>(k.base, i) + e * field<Shared>(k.reversal_excitatory, i)) +
                           in * field<Shared>(k.reversal_inhibitory, i);
    const Doubles goal = driven / total;
    return goal + (v - goal) * exp_negative(Doubles::all(0) - total * field<Shared>(k.rate, i));
  }
};

template <typename Synapses, bool Shared>
void lif_range(const LifKernel& k, size_t begin, size_t end) {
  const Doubles now = Doubles::all(k.now);
  for (size_t word = begin; word < end; word += kNeuronBlock) {
    uint64_t fired = 0;
    for (size_t lane = 0; lane < kNeuronBlock; lane += Doubles::lanes) {
      const size_t i = word + lane;
      const Doubles v = Doubles::load(k.potential + i);
      const Doubles e = Doubles::load(k.excitatory + i);
      const Doubles in = k.inhibitory != nullptr ? Doubles::load(k.inhibitory + i) : Doubles::all(0);
      const Mask held = greater(Doubles::load(k.held_until + i), now);
      const Doubles next = select(held, v, Synapses::template advance<Shared>(k, i, v, e, in));
      next.store(k.potential + i);
      (e * field<Shared>(k.decay_excitatory, i)).store(k.excitatory + i);
      if (k.inhibitory != nullptr) (in * field<Shared>(k.decay_inhibitory, i)).store(k.inhibitory + i);
      Doubles threshold = field<Shared>(k.threshold, i);
      if (k.raised != nullptr) {
        const Doubles raised = Doubles::load(k.raised + i) * field<Shared>(k.decay_raised, i);
        raised.store(k.raised + i);
        threshold = threshold + raised;
      }
      fired |= static_cast<uint64_t>(bits(and_not(at_least(next, threshold), held))) << lane;
    }
    k.fired[word / kNeuronBlock] = fired;
  }
}

template <bool Shared>
void izhikevich_range(const IzhikevichKernel& k, size_t begin, size_t end) {
  const Doubles now = Doubles::all(k.now);
  const Doubles dt = Doubles::all(k.dt);
  const Doubles half = Doubles::all(k.dt * 0.5);
  for (size_t word = begin; word < end; word += kNeuronBlock) {
    uint64_t fired = 0;
    for (size_t lane = 0; lane < kNeuronBlock; lane += Doubles::lanes) {
      const size_t i = word + lane;
      const Doubles v = Doubles::load(k.potential + i);
      const Doubles u = Doubles::load(k.recovery + i);
      const Doubles e = Doubles::load(k.excitatory + i);
      const Doubles in = k.inhibitory != nullptr ? Doubles::load(k.inhibitory + i) : Doubles::all(0);
      const Mask held = greater(Doubles::load(k.held_until + i), now);
      const Doubles current = (field<Shared>(k.drive, i) + e) + in;
      Doubles next = v;
      for (int step = 0; step < 2; step++) {
        // In the order of the published line, so that whoever writes it down gets the same rounding.
        const Doubles slope = Doubles::all(0.04) * next * next + Doubles::all(5) * next + Doubles::all(140) - u + current;
        next = next + half * slope;
      }
      const Doubles recovered = u + dt * field<Shared>(k.a, i) * (field<Shared>(k.b, i) * next - u);
      next = select(held, v, next);
      next.store(k.potential + i);
      select(held, u, recovered).store(k.recovery + i);
      (e * field<Shared>(k.decay_excitatory, i)).store(k.excitatory + i);
      if (k.inhibitory != nullptr) (in * field<Shared>(k.decay_inhibitory, i)).store(k.inhibitory + i);
      fired |= static_cast<uint64_t>(bits(and_not(at_least(next, field<Shared>(k.peak, i)), held))) << lane;
    }
    k.fired[word / kNeuronBlock] = fired;
  }
}

void lif(const LifKernel& k, size_t begin, size_t end) {
  k.shared ? lif_range<LifCurrents, true>(k, begin, end) : lif_range<LifCurrents, false>(k, begin, end);
}

void lif_conductance(const LifKernel& k, size_t begin, size_t end) {
  k.shared ? lif_range<LifConductances, true>(k, begin, end) : lif_range<LifConductances, false>(k, begin, end);
}

void izhikevich(const IzhikevichKernel& k, size_t begin, size_t end) {
  k.shared ? izhikevich_range<true>(k, begin, end) : izhikevich_range<false>(k, begin, end);
}

void poisson(const PoissonKernel& k, size_t begin, size_t end) {
  const Doubles zero = Doubles::all(0);
  for (size_t word = begin; word < end; word += kNeuronBlock) {
    uint64_t fired = 0;
    for (size_t lane = 0; lane < kNeuronBlock; lane += Doubles::lanes) {
      const size_t i = word + lane;
      const Doubles left = Doubles::load(k.hazard + i) - field<false>(k.per_step, i);
      left.store(k.hazard + i);
      fired |= static_cast<uint64_t>(bits(at_least(zero, left))) << lane;
    }
    k.fired[word / kNeuronBlock] = fired;
  }
}

void decay_trace(double* value, float* now, double factor, size_t begin, size_t end) {
  const Doubles by = Doubles::all(factor);
  for (size_t i = begin; i < end; i += Doubles::lanes) {
    const Doubles decayed = Doubles::load(value + i) * by;
    decayed.store(value + i);
    narrow(decayed, now + i);
  }
}

inline void add_row(const float* weights, double* target, Doubles scale) {
  for (uint32_t lane = 0; lane < Floats::lanes; lane += Doubles::lanes) {
    (Doubles::load(target + lane) + scale * Doubles::widen(weights + lane)).store(target + lane);
  }
}

void dense(const DenseRow& row) {
  const Doubles scale = Doubles::all(row.scale);
  for (uint32_t i = 0; i < row.count; i += Floats::lanes) add_row(row.weights + i, row.target + i, scale);
}

template <bool Soft>
void dense_plastic(const PlasticRow& row) {
  const Doubles scale = Doubles::all(row.scale);
  const Floats change = Floats::all(row.change);
  const Terms<Floats> terms{Floats::all(row.minimum), Floats::all(row.maximum)};
  for (uint32_t i = 0; i < row.count; i += Floats::lanes) {
    add_row(row.weights + i, row.target + i, scale);
    const Floats weight = Floats::load(row.weights + i);
    depress<Soft>(terms, weight, change * Floats::load(row.post_trace + i)).store(row.weights + i);
  }
}

constexpr Kernels table(const char* name) {
  return {name, lif, lif_conductance, izhikevich, poisson, decay_trace, dense, dense_plastic<false>, dense_plastic<true>};
}
