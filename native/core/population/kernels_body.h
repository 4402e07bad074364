// SPDX-License-Identifier: MIT
//
// The kernels over a vector type. Included by each kernels_<set>.cc inside an anonymous namespace, after the types Doubles, Floats
// and Mask of its instruction set; no function of the standard library may be called here, because a copy of it that was compiled
// for a wide instruction set could be the one that the linker keeps for all.
//
//   Doubles::lanes, load(p), store(p), all(x), + - * /, widen(const float*) -> Doubles, at_least(a, b) -> Mask, greater(a, b) -> Mask
//   select(mask, a, b), and_not(a, b) = a & ~b, bits(mask), min_of, max_of, narrow(Doubles, float*)

// A Field in registers. `Shared`: it has no value for each neuron.
template <bool Shared>
class Coefficient {
 public:
  explicit Coefficient(const Field& field) : all_(Doubles::all(*field.at)), each_(!Shared && field.each != 0 ? field.at : nullptr) {}
  Doubles at(size_t i) const { return Shared || each_ == nullptr ? all_ : Doubles::load(each_ + i); }

 private:
  Doubles all_;
  const double* each_;
};

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

template <bool Shared>
struct LifCurrents {
  const Coefficient<Shared> keep, base, gain_excitatory, gain_inhibitory;

  explicit LifCurrents(const LifKernel& k)
      : keep(k.keep), base(k.base), gain_excitatory(k.gain_excitatory), gain_inhibitory(k.gain_inhibitory) {}

  Doubles advance(size_t i, Doubles v, Doubles e, Doubles in) const {
    const Doubles leaked = base.at(i) + (v - base.at(i)) * keep.at(i);
    return leaked + (e * gain_excitatory.at(i) + in * gain_inhibitory.at(i));
  }
};

template <bool Shared>
struct LifConductances {
  const Coefficient<Shared> base, reversal_excitatory, reversal_inhibitory, rate;

  explicit LifConductances(const LifKernel& k)
      : base(k.base), reversal_excitatory(k.reversal_excitatory), reversal_inhibitory(k.reversal_inhibitory), rate(k.rate) {}

  Doubles advance(size_t i, Doubles v, Doubles e, Doubles in) const {
    const Doubles total = (Doubles::all(1) + e) + in;
    const Doubles driven = (base.at(i) + e * reversal_excitatory.at(i)) + in * reversal_inhibitory.at(i);
    const Doubles goal = driven / total;
    return goal + (v - goal) * exp_negative(Doubles::all(0) - total * rate.at(i));
  }
};

// What is in registers stays there: the columns do not overlap, and nothing is asked twice.
template <typename Synapses, bool Shared, bool Fades, bool Inhibited>
void lif_range(const LifKernel& k, size_t begin, size_t end) {
  const Synapses synapses(k);
  const Coefficient<Shared> decay_excitatory(k.decay_excitatory), decay_inhibitory(k.decay_inhibitory);
  const Coefficient<Shared> fixed(k.threshold), decay_raised(k.decay_raised);
  const Doubles now = Doubles::all(k.now);
  const Doubles unit_excitatory = Doubles::all(k.unit_excitatory);
  const Doubles unit_inhibitory = Doubles::all(k.unit_inhibitory);
  double* const potential = k.potential;
  double* const excitatory = k.excitatory;
  double* const inhibitory = k.inhibitory;
  double* const raised = k.raised;
  const double* const held_until = k.held_until;
  for (size_t word = begin; word < end; word += kNeuronBlock) {
    uint64_t fired = 0;
    for (size_t lane = 0; lane < kNeuronBlock; lane += Doubles::lanes) {
      const size_t i = word + lane;
      const Doubles v = Doubles::load(potential + i);
      const Doubles e = Doubles::load(excitatory + i) * unit_excitatory;
      const Doubles in = Inhibited ? Doubles::load(inhibitory + i) * unit_inhibitory : Doubles::all(0);
      const Mask held = greater(Doubles::load(held_until + i), now);
      const Doubles next = select(held, v, synapses.advance(i, v, e, in));
      next.store(potential + i);
      if (!Fades) {
        (e * decay_excitatory.at(i)).store(excitatory + i);
        if (Inhibited) (in * decay_inhibitory.at(i)).store(inhibitory + i);
      }
      Doubles threshold = fixed.at(i);
      if (raised != nullptr) {
        const Doubles higher = Doubles::load(raised + i) * decay_raised.at(i);
        higher.store(raised + i);
        threshold = threshold + higher;
      }
      fired |= static_cast<uint64_t>(bits(and_not(at_least(next, threshold), held))) << lane;
    }
    k.fired[(word - begin) / kNeuronBlock] = fired;
  }
}

template <typename Synapses, bool Shared, bool Fades>
void lif_with(const LifKernel& k, size_t begin, size_t end) {
  k.inhibitory == nullptr ? lif_range<Synapses, Shared, Fades, false>(k, begin, end)
                          : lif_range<Synapses, Shared, Fades, true>(k, begin, end);
}

template <template <bool> class Synapses>
void lif_of(const LifKernel& k, size_t begin, size_t end) {
  if (k.shared) {
    k.fades ? lif_with<Synapses<true>, true, true>(k, begin, end) : lif_with<Synapses<true>, true, false>(k, begin, end);
  } else {
    k.fades ? lif_with<Synapses<false>, false, true>(k, begin, end) : lif_with<Synapses<false>, false, false>(k, begin, end);
  }
}

template <bool Shared>
void izhikevich_range(const IzhikevichKernel& k, size_t begin, size_t end) {
  const Coefficient<Shared> a(k.a), b(k.b), peak(k.peak), drive(k.drive);
  const Coefficient<Shared> decay_excitatory(k.decay_excitatory), decay_inhibitory(k.decay_inhibitory);
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
      const Doubles current = (drive.at(i) + e) + in;
      Doubles next = v;
      for (int step = 0; step < 2; step++) {
        // In the order of the published line, so that whoever writes it down gets the same rounding.
        const Doubles slope = Doubles::all(0.04) * next * next + Doubles::all(5) * next + Doubles::all(140) - u + current;
        next = next + half * slope;
      }
      const Doubles recovered = u + dt * a.at(i) * (b.at(i) * next - u);
      next = select(held, v, next);
      next.store(k.potential + i);
      select(held, u, recovered).store(k.recovery + i);
      (e * decay_excitatory.at(i)).store(k.excitatory + i);
      if (k.inhibitory != nullptr) (in * decay_inhibitory.at(i)).store(k.inhibitory + i);
      fired |= static_cast<uint64_t>(bits(and_not(at_least(next, peak.at(i)), held))) << lane;
    }
    k.fired[(word - begin) / kNeuronBlock] = fired;
  }
}

void lif(const LifKernel& k, size_t begin, size_t end) {
  lif_of<LifCurrents>(k, begin, end);
}

void lif_conductance(const LifKernel& k, size_t begin, size_t end) {
  lif_of<LifConductances>(k, begin, end);
}

void izhikevich(const IzhikevichKernel& k, size_t begin, size_t end) {
  k.shared ? izhikevich_range<true>(k, begin, end) : izhikevich_range<false>(k, begin, end);
}

void poisson(const PoissonKernel& k, size_t begin, size_t end) {
  const Coefficient<false> per_step(k.per_step);
  const Doubles zero = Doubles::all(0);
  for (size_t word = begin; word < end; word += kNeuronBlock) {
    uint64_t fired = 0;
    for (size_t lane = 0; lane < kNeuronBlock; lane += Doubles::lanes) {
      const size_t i = word + lane;
      const Doubles left = Doubles::load(k.hazard + i) - per_step.at(i);
      left.store(k.hazard + i);
      fired |= static_cast<uint64_t>(bits(at_least(zero, left))) << lane;
    }
    k.fired[(word - begin) / kNeuronBlock] = fired;
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

// What rows add to the posts of one vector of floats. Several rows at once, because posts are read and written once for all of them.
class Sums {
 public:
  explicit Sums(const double* target) {
    for (uint32_t part = 0; part < kParts; part++) of_[part] = Doubles::load(target + part * Doubles::lanes);
  }
  void add(const float* weights, Doubles scale) {
    for (uint32_t part = 0; part < kParts; part++) of_[part] = of_[part] + scale * Doubles::widen(weights + part * Doubles::lanes);
  }
  void store(double* target) const {
    for (uint32_t part = 0; part < kParts; part++) of_[part].store(target + part * Doubles::lanes);
  }

 private:
  static constexpr uint32_t kParts = Floats::lanes / Doubles::lanes;
  Doubles of_[kParts];
};

template <uint32_t Rows>
void dense_rows(const DenseRows& k) {
  const Doubles scale = Doubles::all(k.scale);
  double* const target = k.target;
  const float* weights[Rows];
  for (uint32_t row = 0; row < Rows; row++) weights[row] = k.weights[row];
  for (uint32_t i = 0; i < k.count; i += Floats::lanes) {
    Sums sums(target + i);
    for (uint32_t row = 0; row < Rows; row++) sums.add(weights[row] + i, scale);
    sums.store(target + i);
  }
}

template <bool Soft, uint32_t Rows>
void plastic_rows(const PlasticRows& k) {
  const Doubles scale = Doubles::all(k.scale);
  const Terms<Floats> terms{Floats::all(k.minimum), Floats::all(k.maximum)};
  double* const target = k.target;
  const float* const post_trace = k.post_trace;
  float* weights[Rows];
  Floats change[Rows];
  for (uint32_t row = 0; row < Rows; row++) {
    weights[row] = k.weights[row];
    change[row] = Floats::all(k.change[row]);
  }
  for (uint32_t i = 0; i < k.count; i += Floats::lanes) {
    Sums sums(target + i);
    const Floats trace = Floats::load(post_trace + i);
    for (uint32_t row = 0; row < Rows; row++) {
      sums.add(weights[row] + i, scale);
      depress<Soft>(terms, Floats::load(weights[row] + i), change[row] * trace).store(weights[row] + i);
    }
    sums.store(target + i);
  }
}

void dense(const DenseRows& k) {
  static_assert(kRowsAtOnce == 4, "one function for each number of rows");
  switch (k.rows) {
    case 1: return dense_rows<1>(k);
    case 2: return dense_rows<2>(k);
    case 3: return dense_rows<3>(k);
    default: return dense_rows<4>(k);
  }
}

template <bool Soft>
void dense_plastic(const PlasticRows& k) {
  switch (k.rows) {
    case 1: return plastic_rows<Soft, 1>(k);
    case 2: return plastic_rows<Soft, 2>(k);
    case 3: return plastic_rows<Soft, 3>(k);
    default: return plastic_rows<Soft, 4>(k);
  }
}

constexpr Kernels table(const char* name) {
  return {name, lif, lif_conductance, izhikevich, poisson, decay_trace, dense, dense_plastic<false>, dense_plastic<true>};
}
