// SPDX-License-Identifier: MIT
//
// Entry point `neuronbus/population`: spiking networks with plasticity. It only exports.

export { type ErrorCode, type ErrorName, NeuronBusError } from '../memory/errors.js';
export type { Ablation, Healing, HealOptions } from './ablation.js';
export { assignClasses } from './classes.js';
export type {
  AllToAll,
  ConnectOptions,
  Convolution,
  FixedDegree,
  FixedProbability,
  List,
  OneToOne,
  PatternName,
  Weights,
} from './connections.js';
export type { Consensus, ConsensusOptions, Decision, DecisionOptions } from './decision.js';
export { findConsensus, findDecision } from './decision.js';
export {
  ClassDecoder,
  type ClassDecoderOptions,
  type ClassOutput,
  CountDecoder,
  type Decoder,
  FirstSpikeDecoder,
  PopulationVectorDecoder,
  type PopulationVectorOptions,
  RateDecoder,
  type Winner,
} from './decoders.js';
export {
  DirectEncoder,
  type DirectInput,
  type Encoder,
  type Intensities,
  LatencyEncoder,
  type LatencyEncoderOptions,
  RateEncoder,
  type RateEncoderOptions,
  type SpikeTrain,
} from './encoders.js';
export {
  type AdaptiveLifOptions,
  adaptiveLif,
  type ConductanceOptions,
  type IzhikevichOptions,
  type IzhikevichType,
  izhikevich,
  type LifOptions,
  lif,
  type ModelName,
  NeuronModel,
  type StateVariable,
} from './models.js';
export {
  type InitialState,
  type PoissonOptions,
  type PopulationOptions,
  SpikingNetwork,
  type SpikingNetworkOptions,
} from './network.js';
export {
  PoissonSource,
  Population,
  type PopulationKind,
  type RateFunction,
  type Rates,
  SpikeSource,
  type SpikeTime,
  type SpikeTimes,
} from './neurons.js';
export {
  type Bounds,
  type Pairing,
  type PairStdpOptions,
  PlasticityRule,
  pairStdp,
  type RewardStdpOptions,
  rewardStdp,
  type TripletSet,
  type TripletStdpOptions,
  tripletStdp,
} from './plasticity.js';
export { PopulationEncoder, type PopulationEncoderOptions } from './population_code.js';
export { PopulationNeuron } from './population_neuron.js';
export type { PopulationNeuronEvents, PopulationNeuronOptions } from './population_neuron_options.js';
export type { PopulationNeuronStats } from './presenter.js';
export { type Endpoints, Projection } from './projection.js';
export {
  Recording,
  type RecordOptions,
  type Samples,
  type Spikes,
  WeightRecording,
  type WeightRecordOptions,
  type WeightSamples,
} from './recording.js';
export { Retina, type RetinaOptions } from './retina.js';
export type { RunOptions, RunProgress, RunResult } from './running.js';
export {
  Homeostasis,
  type HomeostasisOptions,
  homeostasis,
  type RewireOptions,
  Rewiring,
  type RewiringOptions,
  rewiring,
} from './upkeep.js';
export type { Distribution, Values } from './validation.js';
export type { AwaitOptions } from './verdicts.js';
