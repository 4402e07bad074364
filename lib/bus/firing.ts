// SPDX-License-Identifier: MIT
//
// bus.fire(): what users may hand it, checked, and given to the emitter. Called on the thread of the bus.
//
// fire() itself is small, for the compiler; emitter.ts says why. What is unusual goes through calls.

import { invalidArgument } from '../memory/errors.js';
import * as L from '../memory/layout.js';
import { BROADCAST, Spike, type SpikeInit } from '../memory/spike.js';
import { SpikeBuilder } from '../memory/spike_builder.js';
import { checkPriority, checkSequence, checkType } from '../memory/spike_writer.js';
import { jsonInstead } from './emission_checks.js';
import { type Emitter, OWN_SEQUENCE } from './emitter.js';
import type { Registry } from './registry.js';
import type { Workspace } from './workspace.js';

// As in emitter.ts: own constants are part of the instructions.
const EXCITATORY = L.TYPE_EXCITATORY;
const EVERYBODY: number = BROADCAST;
const OWN = OWN_SEQUENCE;

const KEYS: ReadonlySet<string> = new Set(['target', 'type', 'priority', 'sequence', 'payload', 'json']);

// A misspelt target would be a broadcast.
function checkWithoutTarget(spike: SpikeInit): void {
  for (const key in spike)
    if (!KEYS.has(key)) throw invalidArgument('spike', key, `made of ${[...KEYS].join(', ')}`);
  if ('target' in spike) {
    throw invalidArgument('target', undefined, 'a neuron id; leave it out for a broadcast');
  }
}

export class Firing {
  readonly #workspace: Workspace;
  readonly #emitter: Emitter;
  readonly #registry: Registry;
  readonly #open: () => void;

  /** `open` throws ERR_NB_CLOSED once the bus is closed. */
  constructor(workspace: Workspace, emitter: Emitter, registry: Registry, open: () => void) {
    this.#workspace = workspace;
    this.#emitter = emitter;
    this.#registry = registry;
    this.#open = open;
  }

  /** As `NeuronBus.fire`. */
  fire(id: number, spike: SpikeInit | Spike | SpikeBuilder): boolean {
    if (typeof spike !== 'object' || spike === null) {
      throw invalidArgument('spike', spike, 'a SpikeInit, a Spike or a SpikeBuilder');
    }
    const {
      target = EVERYBODY,
      type = EXCITATORY,
      priority = 0,
      payload,
      json,
      sequence,
    } = spike as SpikeInit;
    const { residents } = this.#workspace;
    const unusual =
      json !== undefined ||
      sequence !== undefined || // a Spike or a SpikeBuilder has it, too
      typeof id !== 'number' ||
      typeof target !== 'number' ||
      residents[id] === undefined;
    if (unusual) return this.#unusual(id, spike);
    if (type !== EXCITATORY) checkType(type);
    if (priority !== 0) checkPriority(priority);
    if (residents[target] !== undefined) return this.#emitter.emit(id, target, type, priority, payload, OWN);
    const ganglion = this.#workspace.abroad(target);
    if (ganglion < 0) return this.#unusual(id, spike);
    return this.#emitter.emitTo(ganglion, id, target, type, priority, payload, OWN);
  }

  /** Everything that fire() does not do in place: the rest of its forms, and its errors. */
  #unusual(id: number, spike: SpikeInit | Spike | SpikeBuilder): boolean {
    if (spike instanceof Spike || spike instanceof SpikeBuilder) return this.#built(id, spike);
    const { target = EVERYBODY, type = EXCITATORY, priority = 0, payload, json, sequence } = spike;
    this.#refuse(id, target);
    if (spike.target === undefined) checkWithoutTarget(spike);
    checkType(type);
    checkPriority(priority);
    return this.#emitter.post(
      id,
      target,
      type,
      priority,
      json === undefined ? payload : jsonInstead(json, payload),
      sequence === undefined ? OWN : checkSequence(sequence),
    );
  }

  #built(id: number, built: Spike | SpikeBuilder): boolean {
    const spike = built instanceof SpikeBuilder ? built.build() : built;
    this.#refuse(id, spike.target);
    return this.#emitter.emitCopy(id, spike);
  }

  /** Throws what is wrong with the ends of a spike, if anything is. */
  #refuse(source: number, target: number): void {
    this.#open();
    this.#registry.resident('source', source);
    if (target !== BROADCAST && this.#workspace.ganglionOf(target) < 0) {
      this.#registry.resident('target', target);
    }
  }
}
