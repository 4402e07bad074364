// SPDX-License-Identifier: MIT
//
// The loops that the time goes into, compiled for several instruction sets. All give the same bits: each lane does what scalar code
// does, in the same order, without fused multiplication, and no sum runs across lanes.
//
// Any thread; a kernel touches nothing but what it is given. Ranges of neurons begin and end at multiples of kNeuronBlock, and all
// columns of neurons are padded to it; rows of dense weights are padded to kRowBlock. Padding never fires.
#pragma once

#include <cstddef>
#include <cstdint>

namespace neuronbus::population {

constexpr uint32_t kNeuronBlock = 64;  // one word of fired bits
constexpr uint32_t kRowBlock = 16;

// A coefficient of each neuron, or one for all.
struct Field {
  const double* at = nullptr;
  uint32_t each = 0;  // 1: at[neuron]; 0: *at
};

// Who is held until when, as a number of steps; infinite for the dead and for padding.
struct LifKernel {
  double* potential;
  double* excitatory;  // in units of unit_excitatory
  double* inhibitory;  // likewise; null: all zero
  double* raised;  // threshold above the fixed one; null: none
  const double* held_until;
  uint64_t* fired;
  double now;
  double unit_excitatory, unit_inhibitory;
  bool shared;  // no field has a value for each neuron
  bool fades;   // the units decay, not the columns
  Field keep;   // of current synapses: v' = base + (v - base) keep + gain_e e + gain_i i
  Field base;   // rest + drive
  Field gain_excitatory, gain_inhibitory;
  Field decay_excitatory, decay_inhibitory;
  Field threshold, decay_raised;
  Field rate;  // of conductances: dt / tau
  Field reversal_excitatory, reversal_inhibitory;
};

struct IzhikevichKernel {
  double* potential;
  double* recovery;
  double* excitatory;
  double* inhibitory;  // null: all zero
  const double* held_until;
  uint64_t* fired;
  double now;
  double dt;
  bool shared;
  Field a, b, peak, drive;
  Field decay_excitatory, decay_inhibitory;
};

struct PoissonKernel {
  double* hazard;
  uint64_t* fired;
  Field per_step;
};

// Some rows onto the same posts, in the order in which they arrive.
constexpr uint32_t kRowsAtOnce = 4;

struct DenseRows {
  const float* weights[kRowsAtOnce];
  uint32_t rows;
  double* target;
  double scale;
  uint32_t count;  // a multiple of kRowBlock
};

// Delivers, then depresses by change * post_trace. All rows are different ones.
struct PlasticRows {
  float* weights[kRowsAtOnce];
  float change[kRowsAtOnce];
  uint32_t rows;
  const float* post_trace;
  double* target;
  double scale;
  float minimum, maximum;
  uint32_t count;  // a multiple of kRowBlock
};

struct Kernels {
  const char* name;
  void (*lif)(const LifKernel&, size_t begin, size_t end);
  void (*lif_conductance)(const LifKernel&, size_t begin, size_t end);
  void (*izhikevich)(const IzhikevichKernel&, size_t begin, size_t end);
  void (*poisson)(const PoissonKernel&, size_t begin, size_t end);
  // value *= factor; now = value.
  void (*decay_trace)(double* value, float* now, double factor, size_t begin, size_t end);
  void (*dense)(const DenseRows&);
  void (*dense_additive)(const PlasticRows&);
  void (*dense_multiplicative)(const PlasticRows&);
};

// Chosen once for the process: NEURONBUS_KERNELS, or the widest that the processor has, also when it does not have what that names.
const Kernels& kernels();

// What is wrong with NEURONBUS_KERNELS, because it names no set at all; or null.
const char* kernels_fault();

// A set by name, or null when it is not in this build or the processor does not have it.
const Kernels* kernels_named(const char* name);

}  // namespace neuronbus::population
