// SPDX-License-Identifier: MIT
//
// Entry point `neuronbus/population`: spiking networks with plasticity. It only exports.

export { type ErrorCode, type ErrorName, NeuronBusError } from '../memory/errors.js';
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
