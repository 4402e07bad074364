// SPDX-License-Identifier: MIT
//
// Puts the parts of a bus together; neuron_bus.ts is their front. Called once for each bus, on its thread.

import type { Memory } from '../memory/memory.js';
import type { RegisteredCard } from './agent_card.js';
import { BusClock } from './bus_clock.js';
import { Dispatcher } from './dispatcher.js';
import { Drive, type DriveHost } from './drive.js';
import { Emitter } from './emitter.js';
import { Firing } from './firing.js';
import { type BusHandle, Membership } from './membership.js';
import { Conversations } from './messages/conversations.js';
import type { ResolvedOptions } from './options.js';
import { Persistence } from './persistence.js';
import { Registry } from './registry.js';
import { Scheduler } from './scheduler.js';
import { type WorkerEnd, WorkerPools } from './spawn.js';
import { SynapseTable } from './synapse_table.js';
import { Taps } from './taps.js';
import { Recorder } from './trace/recorder.js';
import { Workspace } from './workspace.js';

/** What the parts need of the bus in front of them. */
export interface Front extends Omit<DriveHost, 'rested'> {
  /** @throws NeuronBusError ERR_NB_CLOSED. */
  open(): Workspace;
  random(): number;
  handle(): BusHandle;
  failed(error: unknown, id: number, card: RegisteredCard | undefined): void;
  pruned(pre: number, post: number, weight: number): void;
  workerEnded(end: WorkerEnd, error: unknown): void;
  /** The memory is gone. */
  lost(error: unknown): void;
}

export type Parts = ReturnType<typeof assemble>;

export function assemble(memory: Memory, options: ResolvedOptions, front: Front) {
  const workspace = new Workspace(memory, options);
  const registry = new Registry(workspace, options.maxNeurons, {
    joined: (card) => persistence.joined(card),
    left: (id) => persistence.unregistered(id),
  });
  const emitter: Emitter = new Emitter(workspace, options, {
    queued: () => scheduler.wake(),
    settle: () => dispatcher.settle(),
    makeRoom: () => drive.deliver(options.axonCapacity, false),
  });
  const conversations: Conversations = new Conversations(workspace, registry, emitter, options, {
    now: () => emitter.now(),
    random: () => front.random(),
    weightOf: (pre, post) => synapses.find(pre, post)?.weight,
    handlerFailed: (error, id) => dispatcher.failed(error, id),
    turn: (call) => drive.within(call),
  });
  const dispatcher = new Dispatcher(workspace, options, {
    message: (at, id) => {
      workspace.recorder?.handOver();
      if (workspace.playback === undefined) return conversations.arrived(at, id);
      workspace.playback.handOver();
      return false;
    },
    drain: () => {
      workspace.recorder?.drain();
      if (workspace.playback === undefined) conversations.drain();
      else workspace.playback.drain();
    },
    handlerFailed: (error, id) => front.failed(error, id, registry.cortex.card(id)),
    pruned: (pre, post, weight) => front.pruned(pre, post, weight),
  });
  if (options.trace !== 'off') {
    try {
      const failed = (error: unknown) => front.failed(error, -1, undefined);
      workspace.recorder = new Recorder(workspace, options, { head: () => emitter.head, failed });
    } catch (error) {
      workspace.native.close();
      throw error;
    }
  }
  const drive = new Drive(workspace, registry, emitter, dispatcher, {
    ...front,
    rested: () => {
      conversations.rested();
      persistence.look();
    },
  });
  // A thread that was handed the bus has another one in its process that came by the name and looks twice as often.
  const roundsMs = memory.named ? options.deathMs / 2 : options.deathMs;
  const membership = new Membership(workspace, registry, emitter, roundsMs, (error) => front.lost(error));
  const scheduler = new Scheduler(
    {
      drain: (budget) => {
        const limit = emitter.head;
        const delivered = drive.deliver(budget, false);
        return !front.closed() && (delivered > 0 || dispatcher.more || emitter.head !== limit);
      },
      park: () => membership.park(),
      unpark: () => membership.unpark(),
      giveWay: () => workspace.native.giveWay(),
      awaited: () => {
        const { awaited } = workspace;
        workspace.awaited = false;
        return awaited;
      },
      shared: () => membership.shared,
      beat: () => drive.tick(),
      wantsBeats: () => registry.ticking.size > 0,
    },
    {
      strategy: options.waitStrategy,
      tickIntervalMs: options.tickIntervalMs,
      housekeepingMs: options.plasticity.sweepIntervalMs,
      pollMs: options.pollMs,
      budget: options.budget,
      steady: options.clock === 'virtual',
    },
  );
  const clock = new BusClock(
    options.clock === 'virtual',
    () => front.open(),
    () => conversations.advanced(),
  );
  const synapses = new SynapseTable(workspace, {
    settle: () => {
      front.open();
      dispatcher.settle();
    },
    weightSet: (pre, post) => persistence.settled(pre, post),
  });
  const persistence = new Persistence(workspace.native, registry, synapses, options, {
    now: () => clock.now(),
    failed: (error) => front.failed(error, -1, undefined),
  });
  return {
    stage: { workspace, emitter, drive },
    workspace,
    registry,
    firing: new Firing(workspace, emitter, registry, () => front.open()),
    dispatcher,
    scheduler,
    conversations,
    membership,
    pools: new WorkerPools({
      memory,
      handle: () => front.handle(),
      ended: (end, error) => {
        conversations.lookForGone();
        front.workerEnded(end, error);
      },
    }),
    synapses,
    persistence,
    taps: new Taps(memory, registry, (error) => front.failed(error, -1, undefined)),
    clock,
  };
}
