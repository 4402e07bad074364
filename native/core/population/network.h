// SPDX-License-Identifier: MIT
//
// A spiking network: populations of model neurons, sources of spikes, plastic or static projections between them, on a clock of
// fixed steps. No Node.js, no bus.
//
// One thread at a time may call a Network. advance() uses a team of threads of its own; it returns when they rest. Nothing here
// throws: what can fail returns a status, and then has changed nothing.
//
// A step t, in this order (the schedule of Brian2, so that results can be compared spike by spike):
//   1. every population integrates from t dt to (t + 1) dt, and who is at or above threshold and not refractory fires at t dt;
//   2. spikes arrive: of each projection those that were fired at step t - delay, in order of projection, then of pre. An arrival
//      delivers the weight as it was before this arrival depresses it, then the pre-spike acts on the synapse;
//   3. the post-spikes of step t act on the synapses, which therefore take an arrival of the same step as earlier;
//   4. who fired is reset.
//
// Results depend on the seed, the calls and their order, and not on the number of threads: random numbers are a function of
// (seed, who, how many before), and what a neuron receives is summed in the order above.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "neuronbus/errors.h"

namespace neuronbus::population {

using Step = uint64_t;
constexpr Step kNoStep = ~Step{0};

// Any thread may make it true: what looks at it then ends early. Null: nobody will.
using Stop = std::atomic<bool>;
inline bool stopped(const Stop* stop) { return stop != nullptr && stop->load(std::memory_order_relaxed); }

enum class Model : uint32_t {
  kLif,             // exponential current synapses, exact integration
  kLifConductance,  // exponential conductance synapses, exponential Euler
  kIzhikevich,
  kSpikeSource,  // given times
  kPoisson,
};

// One number for all neurons (count 1) or one for each (count = size of the population); copied.
struct Values {
  const double* values = nullptr;
  size_t count = 0;
};

// The parameters of each model, in the order in which add() takes them. Times in ms, potentials in mV, rates in Hz.
// LIF of both kinds; an increment of 0 leaves the threshold fixed. With synapses of current, a weight is in mV of steady drive;
// with conductances, in units of the leak conductance.
enum LifParameter : uint32_t {
  kLifTau,
  kLifRest,
  kLifThreshold,
  kLifReset,
  kLifRefractory,
  kLifTauExcitatory,
  kLifTauInhibitory,
  kLifDrive,
  kLifReversalExcitatory,
  kLifReversalInhibitory,
  kLifThresholdIncrement,
  kLifThresholdTau,
  kLifResetExcitatory,  // 1: a spike also sets the excitatory current or conductance to 0; else 0
  kLifParameters,
};
// Izhikevich 2003, IEEE Trans. Neural Netw. 14:1569. v in mV, time in ms, I as published; weights are pulses of v in mV when the
// synaptic time constant is 0, else exponential currents I.
enum IzhikevichParameter : uint32_t {
  kIzhikevichA,
  kIzhikevichB,
  kIzhikevichC,
  kIzhikevichD,
  kIzhikevichPeak,
  kIzhikevichDrive,
  kIzhikevichTauExcitatory,
  kIzhikevichTauInhibitory,
  kIzhikevichParameters,
};
enum PoissonParameter : uint32_t { kPoissonRate, kPoissonParameters };

// What a neuron has; read and written by state(). A model has some of these.
enum class Variable : uint32_t {
  kPotential,   // mV
  kExcitatory,  // current or conductance, units of the weights
  kInhibitory,
  kThreshold,  // mV above the fixed threshold
  kRecovery,   // u of Izhikevich
  kRate,       // Hz, Poisson
};

enum class Pattern : uint32_t {
  kAllToAll,
  kOneToOne,
  kFixedProbability,  // each pair with probability p
  kFixedInDegree,     // of each post, k pres without repetition
  kFixedOutDegree,    // of each pre, k posts without repetition
  kList,              // pre[i] -> post[i]; a pair may occur more than once
  kConvolution,       // 2-D, shared kernel of weights; see Convolution
};

// pre and post are planes of height x width x channels (channel fastest). out[y][x][f] receives in[y * stride + dy - padding]
// [x * stride + dx - padding][c] with kernel[f][dy][dx][c].
struct Convolution {
  uint32_t in_height, in_width, in_channels;
  uint32_t out_channels, kernel_height, kernel_width, stride, padding;
};

enum class WeightKind : uint32_t { kConstant, kUniform, kNormal, kGiven };

enum class Receptor : uint32_t { kBySign, kExcitatory, kInhibitory };

enum class Rule : uint32_t { kStatic, kPair, kTriplet, kReward };
// Reduced: potentiation and depression take turns. A post-spike pairs with the last arrival, if it is the first one since; an arrival
// with the last post-spike before it, if there was one since the last arrival. Not with triplets.
enum class Pairing : uint32_t { kAll, kNearest, kReducedNearest };
enum class Bounds : uint32_t { kAdditive, kMultiplicative };

// Parameters of a plastic rule; plasticity.h has the formulas and their sources.
struct Plasticity {
  Rule rule = Rule::kStatic;
  Pairing pairing = Pairing::kAll;
  Bounds bounds = Bounds::kAdditive;
  double weight_min = 0, weight_max = 1;
  double a_plus = 0, a_minus = 0;          // pair and reward; triplet: A2+, A2-
  double tau_plus_ms = 20, tau_minus_ms = 20;
  double a3_plus = 0, a3_minus = 0;        // triplet
  double tau_x_ms = 0, tau_y_ms = 0;       // triplet: slow traces of pre and of post
  double tau_eligibility_ms = 0;           // reward
  double tau_dopamine_ms = 0;              // reward; 0: each reward acts at once
};

struct Connection {
  uint32_t pre = 0, post = 0;  // populations
  Pattern pattern = Pattern::kAllToAll;
  double probability = 0;
  uint32_t degree = 0;
  bool self = true;  // pre == post: may a neuron connect to itself
  const uint32_t* list_pre = nullptr;
  const uint32_t* list_post = nullptr;
  uint64_t list_count = 0;
  Convolution convolution{};

  WeightKind weight_kind = WeightKind::kConstant;
  double weight_a = 0, weight_b = 0;  // constant: a; uniform: [a, b); normal: mean a, standard deviation b, cut at 0 and at bounds
  // Given: by synapse in row order (by pre, then by post); list: in the order of the list; convolution: the kernel [f][dy][dx][c].
  const float* weights = nullptr;
  uint64_t weight_count = 0;

  // In steps: delay_low for all; or uniform in [delay_low, delay_high]; or of each entry of a list.
  uint32_t delay_low = 1, delay_high = 1;
  const uint32_t* delays = nullptr;
  Receptor receptor = Receptor::kBySign;
  Plasticity plasticity;
};

struct NetworkOptions {
  double dt_ms = 0.1;
  uint64_t seed = 1;
  uint32_t threads = 1;
};

struct ProjectionInfo {
  uint32_t pre, post;
  uint64_t synapses;
  uint64_t bytes;  // everything that belongs to it
  Rule rule;
};

// What record() keeps. Memory is bounded by `capacity` entries; later ones are counted as lost.
struct RecordOptions {
  bool spikes = false;
  bool state = false;
  Variable variable = Variable::kPotential;
  const uint32_t* neurons = nullptr;  // of these only; null: of all
  uint32_t neuron_count = 0;
  uint32_t every_steps = 1;  // of state
  uint64_t capacity = 0;     // spikes, or samples (one sample = all the neurons asked for at one step)
};

struct RecordView {
  uint64_t count;  // spikes or samples
  uint64_t lost;
  const uint32_t* neurons;  // spikes: [count]
  const Step* steps;        // [count]
  const float* values;      // state: [count][neurons]
};

class Network {
 public:
  struct Impl;  // network_impl.h

  static nb_status create(const NetworkOptions& options, std::unique_ptr<Network>* out);
  ~Network();

  // `parameters`: as many as the model has, in order. The number of the new population goes to *id.
  nb_status add_population(Model model, uint32_t size, const Values* parameters, uint32_t* id);
  // A source of given spikes; times need no order, two spikes of one neuron in one step are one.
  nb_status add_spike_source(uint32_t size, const uint32_t* neurons, const Step* steps, size_t count, uint32_t* id);
  // More spikes for a source, at steps >= now().
  nb_status add_spikes(uint32_t source, const uint32_t* neurons, const Step* steps, size_t count);

  nb_status connect(const Connection& connection, uint32_t* id);

  // Runs `steps` steps, or fewer when *stop becomes true. Returns how many.
  Step advance(Step steps, const Stop* stop);
  Step now() const;

  // Numbers go from 0 in the order of creation; a loaded network has the numbers it was saved with.
  uint32_t populations() const;
  uint32_t projections() const;
  uint32_t size(uint32_t population) const;  // 0: no such population
  Model model(uint32_t population) const;    // of one that there is
  uint64_t bytes() const;                    // of everything: neurons, synapses, recordings
  nb_status get_state(uint32_t population, Variable variable, double* out) const;
  nb_status set_state(uint32_t population, Variable variable, Values values);

  // Neurons that never integrate nor fire again; alive() gives one byte each.
  nb_status kill(uint32_t population, const uint32_t* neurons, size_t count);
  void alive(uint32_t population, uint8_t* out) const;

  ProjectionInfo info(uint32_t projection) const;  // all zero: no such projection
  // By pre, then by post. weights() first applies what post-spikes since the last arrival did.
  void weights(uint32_t projection, float* out);
  nb_status set_weights(uint32_t projection, const float* weights, uint64_t count);
  void endpoints(uint32_t projection, uint32_t* pre, uint32_t* post) const;
  void delays(uint32_t projection, uint32_t* steps) const;

  // Dopamine for all reward rules, or for one projection (kEverywhere: all).
  static constexpr uint32_t kEverywhere = ~uint32_t{0};
  nb_status reward(uint32_t projection, double amount);
  // Scales the weights into each post so that they sum to `total`. NB_ERR_ABORTED: *stop became true, and some weights are scaled by
  // now while others are not; for who gives the network up.
  nb_status normalize(uint32_t projection, double total, const Stop* stop = nullptr);
  // Removes synapses below `below`, and those from or to killed neurons if `dead`; grows up to `grow` new ones with weight `weight`
  // between random living pairs that are not connected (kAsRemoved: as many as are removed). Gives how many were removed and grown.
  // NB_ERR_ABORTED: *stop became true.
  static constexpr uint64_t kAsRemoved = ~uint64_t{0};
  nb_status rewire(uint32_t projection, double below, bool dead, uint64_t grow, double weight, uint64_t* removed, uint64_t* grown,
                   const Stop* stop = nullptr);
  nb_status set_learning(uint32_t projection, bool on);

  nb_status record(uint32_t population, const RecordOptions& options, uint32_t* id);
  RecordView recorded(uint32_t record) const;
  nb_status clear_record(uint32_t record);
  // Spikes since creation of each neuron of a population.
  void spike_counts(uint32_t population, uint32_t* out) const;

  // Everything but recordings, with one check sum, written beside the file and renamed over it; NB_ERR_FILE_IO leaves the old file.
  // `extra` is the caller's, and comes back from load().
  nb_status save(const char* path, const uint8_t* extra, size_t extra_bytes) const;
  // NB_ERR_BAD_FILE: truncated, damaged or not such a file; NB_ERR_VERSION: of another version.
  static nb_status load(const char* path, uint32_t threads, std::unique_ptr<Network>* out, std::unique_ptr<uint8_t[]>* extra,
                        size_t* extra_bytes);

  // "scalar", "avx2", "avx512" or "neon": what the kernels of this process use. NEURONBUS_KERNELS chooses among what the processor has;
  // of what it does not have comes the widest one.
  static const char* kernels();
  // Null; or, where NEURONBUS_KERNELS names none of these, what is wrong: create() and load() then give NB_ERR_INVALID_ARGUMENT.
  static const char* kernels_fault();

 private:
  explicit Network(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace neuronbus::population
