// SPDX-License-Identifier: MIT
//
// The public surface of the package; it only exports.

export { AgentCard, AgentCardBuilder, type AgentCardInit, type RegisteredCard } from './bus/agent_card.js';
export { Blackboard } from './bus/blackboard/blackboard.js';
export type { Board, BoardChange, BoardEntry, BoardOptions, CompareAndSet } from './bus/blackboard/board.js';
export type { BlackboardLimits } from './bus/blackboard/store.js';
export type { BoardKey } from './bus/blackboard/wire.js';
export type { BusArena } from './bus/bus_arena.js';
export type { NeuronBusBuilder } from './bus/bus_builder.js';
export type { BusClock } from './bus/bus_clock.js';
export type { CheckpointOptions, Checkpoints } from './bus/checkpoints.js';
export type { BusEvents } from './bus/events.js';
export type { BusHandle } from './bus/membership.js';
export type { Membrane } from './bus/membrane.js';
export {
  type AnyValidator,
  Channel,
  type ChannelOptions,
  ChannelValue,
  type CheckedBy,
  defineChannel,
  type SchemaResult,
  type StandardSchema,
  type TakenBy,
  type Validator,
} from './bus/messages/channel.js';
export type { AgentHealth } from './bus/messages/health.js';
export type { HistoryEntry, HistoryQuery, MessageKind, MessageOutcome } from './bus/messages/history.js';
export type { Message, Request } from './bus/messages/incoming.js';
export type { Inference, Network } from './bus/messages/network.js';
export type { NetworkOptions } from './bus/messages/network_options.js';
export type {
  BroadcastOptions,
  MessageOptions,
  Outgoing,
  RequestOptions,
  To,
} from './bus/messages/options.js';
export type { Reply } from './bus/messages/reply.js';
export type { TokenStream } from './bus/messages/token_stream.js';
export type { BusTraffic, TrafficStats } from './bus/messages/traffic.js';
export { Neuron, type NeuronDynamics, type NeuronHandle, type SendOptions } from './bus/neuron.js';
export { NeuronBus } from './bus/neuron_bus.js';
export type { AttachOptions, NeuronBusOptions, ResolvedOptions, WaitStrategy } from './bus/options.js';
export type { LoadResult } from './bus/snapshot.js';
export type { WorkerEnd, WorkerPool } from './bus/spawn.js';
export type { SpawnContext, SpawnOptions } from './bus/spawn_options.js';
export type { BusStats, DropReason, LatencyStats } from './bus/stats.js';
export type { PlasticityRule, StdpOptions, Synapse, SynapseBuilder, SynapseFilter } from './bus/synapse.js';
export type { Tap, TapFilter, TapOptions } from './bus/tap.js';
export type { TapStream } from './bus/tap_stream.js';
export type { TraceRecord } from './bus/trace/format.js';
export { readTrace } from './bus/trace/reader.js';
export { type ReplayResult, replayTrace } from './bus/trace/replay.js';
export type { ArenaRef } from './memory/arena.js';
export {
  Axon,
  type AxonHandle,
  type AxonOptions,
  type AxonSpikeInit,
  type AxonStats,
} from './memory/axon.js';
export type { AxonReader } from './memory/axon_reader.js';
export type { Backpressure } from './memory/backpressure.js';
export { clock } from './memory/clock.js';
export { type ErrorCode, type ErrorName, NeuronBusError } from './memory/errors.js';
export type { SegmentHandle } from './memory/native.js';
export { BROADCAST, Spike, type SpikeInit, SpikeType } from './memory/spike.js';
export { SpikeBuilder } from './memory/spike_builder.js';
export type { SpikeSlot } from './memory/spike_slot.js';
export type { Plasticity } from './routing/plasticity.js';
export type { RoutingFunction } from './routing/rules.js';
export type { RoutingChoice, StrategyBasics, StrategyInit, StrategyName } from './routing/strategies.js';
export type { Candidates, Knowledge } from './routing/strategy.js';
