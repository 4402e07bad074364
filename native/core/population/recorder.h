// SPDX-License-Identifier: MIT
//
// A recording of the spikes or of one state variable of a population, with bounded memory.
//
// begin() and end() are called between batches of steps while the team rests; sample() by the thread of each shard.
#pragma once

#include "memory.h"
#include "population.h"

namespace neuronbus::population {

class Recorder {
 public:
  // NB_ERR_INVALID_ARGUMENT: nothing or two things to record, no such variable, neurons out of range or given twice.
  static nb_status create(Population& population, const RecordOptions& options, std::unique_ptr<Recorder>* out);

  // Room for the samples of steps [from, to).
  void begin(Step from, Step to);
  // The state of a shard at the beginning of step `now`.
  void sample(const Shard& shard, Step now);
  // The spikes of steps [from, to).
  void end(Step from, Step to);

  RecordView view() const;
  void clear();
  uint64_t bytes() const { return neurons_.bytes() + wanted_.bytes() + who_.bytes() + steps_.bytes() + values_.bytes(); }
  const Population& population() const { return *population_; }

 private:
  uint32_t width() const { return neurons_.empty() ? population_->size : static_cast<uint32_t>(neurons_.size()); }

  Population* population_ = nullptr;
  bool spikes_ = false;
  Variable variable_ = Variable::kPotential;
  uint32_t every_ = 1;
  uint64_t capacity_ = 0;
  uint64_t lost_ = 0;
  Column<uint32_t> neurons_;  // of state: in the order asked for; empty: all
  Column<uint64_t> wanted_;   // of spikes: bits; empty: all

  Column<uint32_t> who_;
  Column<Step> steps_;
  Column<float> values_;
  Step batch_step_ = 0;      // first sample of this batch
  uint64_t batch_slot_ = 0;  // its number
};

}  // namespace neuronbus::population
