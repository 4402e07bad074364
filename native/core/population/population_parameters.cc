// SPDX-License-Identifier: MIT
//
// What parameters may be, and what follows from them for a step.
#include <algorithm>

#include "population.h"
#include "values.h"

namespace neuronbus::population {
namespace {

bool any_is_zero(const Parameter& parameter, uint32_t size) {
  for (uint32_t i = 0; i < (parameter.each ? size : 1); i++) {
    if (parameter.values[i] == 0) return true;
  }
  return false;
}

bool all_switches(Values values) {
  for (size_t i = 0; i < values.count; i++) {
    if (values.values[i] != 0 && values.values[i] != 1) return false;
  }
  return true;
}

bool valid_lif(Model model, const Values* p) {
  const bool conductances = model == Model::kLifConductance;
  return all_above(p[kLifTau], 0, false) && all_above(p[kLifRefractory], 0, true) &&
         all_above(p[kLifTauExcitatory], 0, !conductances) && all_above(p[kLifTauInhibitory], 0, !conductances) &&
         all_above(p[kLifThresholdTau], 0, false) && all_switches(p[kLifResetExcitatory]);
}

bool valid(Model model, const Values* p) {
  switch (model) {
    case Model::kLif:
    case Model::kLifConductance:
      return valid_lif(model, p);
    case Model::kIzhikevich:
      return all_above(p[kIzhikevichTauExcitatory], 0, true) && all_above(p[kIzhikevichTauInhibitory], 0, true);
    case Model::kPoisson:
      return all_above(p[kPoissonRate], 0, true);
    default:
      return true;
  }
}

// What a current of 1 at the beginning of a step adds to the potential at its end: the exact solution of dv/dt = (i - v) / tau,
// di/dt = -i / synapse_tau, in a form that stays exact where the two time constants meet.
double exact_gain(double dt, double tau, double synapse_tau) {
  if (synapse_tau == 0) return 0;
  const double difference = dt / tau - dt / synapse_tau;
  const double ratio = difference == 0 ? 1 : std::expm1(difference) / difference;
  return dt / tau * std::exp(-dt / tau) * ratio;
}

double decay_of(double dt, double tau) { return tau > 0 ? std::exp(-dt / tau) : 0; }

// Whole steps, with the tolerance that a sum of decimal fractions needs.
double refractory_steps(double refractory_ms, double dt) { return std::floor(refractory_ms / dt + 1e-3); }

}  // namespace

bool Population::valid_parameters(Model model, const Values* parameters) { return valid(model, parameters); }

uint32_t Population::parameter_count(Model model) {
  switch (model) {
    case Model::kLif:
    case Model::kLifConductance:
      return kLifParameters;
    case Model::kIzhikevich:
      return kIzhikevichParameters;
    case Model::kPoisson:
      return kPoissonParameters;
    default:
      return 0;
  }
}

// `mask` names the parameters that value(neuron) depends on.
template <typename F>
nb_status Population::derive_one(Parameter* out, uint32_t mask, F value) {
  bool each = false;
  for (uint32_t p = 0; p < parameters.size(); p++) each = each || ((mask >> p & 1) != 0 && parameters[p].each);
  out->each = each;
  if (each) shared_ = false;
  if (!out->values.resize(each ? padded_ : 1)) return NB_ERR_NO_MEMORY;
  for (uint32_t i = 0; i < out->values.size(); i++) out->values[i] = value(std::min(i, size - 1));
  return NB_OK;
}

nb_status Population::derive() {
  shared_ = true;
  if (is_lif()) return derive_lif();
  if (model == Model::kIzhikevich) return derive_izhikevich();
  return model == Model::kPoisson ? derive_poisson() : NB_OK;
}

nb_status Population::derive_lif() {
  const auto& p = parameters;
  const auto with = [](uint32_t a) { return uint32_t{1} << a; };
  const auto decays = [&](uint32_t parameter) {
    return [this, parameter](uint32_t i) { return decay_of(dt_ms, parameters[parameter].at(i)); };
  };
  const auto gain = [&](uint32_t parameter) {
    return [this, parameter](uint32_t i) { return exact_gain(dt_ms, parameters[kLifTau].at(i), parameters[parameter].at(i)); };
  };
  const auto is_jump = [&](uint32_t parameter) {
    return [this, parameter](uint32_t i) { return parameters[parameter].at(i) == 0 ? 1.0 : 0.0; };
  };
  nb_status status[] = {
      derive_one(&keep_, with(kLifTau), decays(kLifTau)),
      derive_one(&rate_, with(kLifTau), [&](uint32_t i) { return dt_ms / p[kLifTau].at(i); }),
      derive_one(&base_, with(kLifRest) | with(kLifDrive), [&](uint32_t i) { return p[kLifRest].at(i) + p[kLifDrive].at(i); }),
      derive_one(&gain_e_, with(kLifTau) | with(kLifTauExcitatory), gain(kLifTauExcitatory)),
      derive_one(&gain_i_, with(kLifTau) | with(kLifTauInhibitory), gain(kLifTauInhibitory)),
      derive_one(&decay_e_, with(kLifTauExcitatory), decays(kLifTauExcitatory)),
      derive_one(&decay_i_, with(kLifTauInhibitory), decays(kLifTauInhibitory)),
      derive_one(&decay_raised_, with(kLifThresholdTau), decays(kLifThresholdTau)),
      derive_one(&refractory_, with(kLifRefractory), [&](uint32_t i) { return refractory_steps(p[kLifRefractory].at(i), dt_ms); }),
      derive_one(&jump_e_, with(kLifTauExcitatory), is_jump(kLifTauExcitatory)),
      derive_one(&jump_i_, with(kLifTauInhibitory), is_jump(kLifTauInhibitory)),
  };
  jumps_ = any_is_zero(p[kLifTauExcitatory], size) || any_is_zero(p[kLifTauInhibitory], size);
  for (uint32_t parameter : {kLifThreshold, kLifReversalExcitatory, kLifReversalInhibitory}) {
    if (p[parameter].each) shared_ = false;
  }
  for (nb_status one : status) {
    if (one != NB_OK) return one;
  }
  // Rarely small enough to be turned into 1 again, which costs as much as a step.
  constexpr double kSlow = 0.5;
  fades_ = !decay_e_.each && !decay_i_.each && decay_e_.at(0) >= kSlow && decay_i_.at(0) >= kSlow;
  return NB_OK;
}

nb_status Population::derive_izhikevich() {
  const auto decays = [&](uint32_t parameter) {
    return [this, parameter](uint32_t i) { return decay_of(dt_ms, parameters[parameter].at(i)); };
  };
  const auto is_jump = [&](uint32_t parameter) {
    return [this, parameter](uint32_t i) { return parameters[parameter].at(i) == 0 ? 1.0 : 0.0; };
  };
  const uint32_t e = 1u << kIzhikevichTauExcitatory;
  const uint32_t in = 1u << kIzhikevichTauInhibitory;
  nb_status status[] = {
      derive_one(&decay_e_, e, decays(kIzhikevichTauExcitatory)), derive_one(&decay_i_, in, decays(kIzhikevichTauInhibitory)),
      derive_one(&jump_e_, e, is_jump(kIzhikevichTauExcitatory)), derive_one(&jump_i_, in, is_jump(kIzhikevichTauInhibitory))};
  jumps_ = any_is_zero(parameters[kIzhikevichTauExcitatory], size) || any_is_zero(parameters[kIzhikevichTauInhibitory], size);
  for (const Parameter& parameter : parameters) {
    if (parameter.each) shared_ = false;
  }
  for (nb_status one : status) {
    if (one != NB_OK) return one;
  }
  return NB_OK;
}

// A neuron fires in a step with probability rate dt, so that its mean rate is the one that was asked for; faster than one spike
// a step it cannot.
nb_status Population::derive_poisson() {
  return derive_one(&per_step_, 1u << kPoissonRate, [&](uint32_t i) {
    const double mean = parameters[kPoissonRate].at(i) * dt_ms * 1e-3;
    return mean < 1 ? -std::log1p(-mean) : INFINITY;
  });
}

}  // namespace neuronbus::population
