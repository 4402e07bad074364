// SPDX-License-Identifier: MIT
//
// How long answers take that an asker is used to, and with it the time constant of what they teach (stdp.h). Called on the thread
// of the bus.
//
// Agents that can stand in for each other are compared on one scale: it belongs to an asker and to whom it addresses, a capability
// for example; who is addressed by id is compared with those of its first capability, or else with all that have none. The scale is
// the mean of the last answer times, as who answers measured them, and goes with each question in a byte of its frame, so that
// whoever answers it, in whatever thread, process or language, learns by the same.

import * as L from '../../memory/layout.js';
import type { Registry } from '../registry.js';
import { AddressBook, Growth, type Place } from './address_book.js';

/** Answers that a scale is the mean of. */
const memory = 20;
/**
 * An answer counts as so many times the scale at most: one straggler among microseconds does not make all others look alike for
 * hundreds of answers. A change by a factor of 1,000 is followed within 25 answers upwards and 140 downwards.
 */
const cut = 8;
const largest = 255;

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** What a byte on the wire means, ns; 0 for 0, which says that nothing is known. */
const scaleNs = Float64Array.from({ length: largest + 1 }, (_, byte) => {
  bits[0] = L.MESSAGE_SCALE_BASE + (byte << L.MESSAGE_SCALE_SHIFT);
  return byte === 0 ? 0 : float[0];
});

/** An answer time in units of a scale as it is on the wire. Where nothing was known it is a scale of its own. */
export function onScale(delayNs: number, byte: number): number {
  return byte === 0 ? 1 : delayNs / scaleNs[byte];
}

export class TimeScale {
  /** On the wire: the mean, rounded up, lest who takes as long as usual be late. */
  byte = 0;
  #meanNs = 0;
  #answers = 0;

  /** An answer came, that was given `delayNs` after its question. */
  answered(delayNs: number): void {
    if (this.#answers < memory) this.#answers++;
    const most = this.#answers === 1 ? Number.POSITIVE_INFINITY : cut * this.#meanNs;
    this.#meanNs += (Math.min(most, Math.max(1, delayNs)) - this.#meanNs) / this.#answers;
    float[0] = this.#meanNs;
    const step = (bits[0] - L.MESSAGE_SCALE_BASE + (1 << L.MESSAGE_SCALE_SHIFT) - 1) >> L.MESSAGE_SCALE_SHIFT;
    this.byte = Math.min(largest, Math.max(1, step));
  }
}

/** An agent that was asked by its id. */
interface Known {
  /** What the roster said of it: another word, another agent. */
  readonly entry: number;
  readonly scale: TimeScale;
}

class ScalesOfAsker {
  readonly byAddress = new AddressBook<TimeScale>();
  /** Of all that have no capability and are asked by their ids. */
  readonly others = new TimeScale();
  readonly byId = new Map<number, Known>();
}

/** All scales of a thread. */
export class TimeScales {
  readonly #registry: Registry;
  readonly #askers = new Map<number, ScalesOfAsker>();
  readonly #growth = new Growth();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Of what `asker` asks those who fit `address`. */
  of(asker: number, address: Place): TimeScale {
    const { byAddress } = this.#scalesOf(asker);
    let scale = byAddress.get(address);
    if (scale === undefined) {
      scale = new TimeScale();
      if (this.#growth.added()) this.#sweep();
      byAddress.set(address, scale);
    }
    return scale;
  }

  /** Of what it asks `agent` by its id, of which the roster says `entry`. */
  ofAgent(asker: number, agent: number, entry: number): TimeScale {
    const { byId, others } = this.#scalesOf(asker);
    const known = byId.get(agent);
    if (known !== undefined && known.entry === entry) return known.scale;
    const capability = this.#registry.cortex.card(agent)?.capabilities[0];
    const scale = capability === undefined ? others : this.of(asker, { capability });
    byId.set(agent, { entry, scale });
    return scale;
  }

  /** A neuron of this thread left. */
  left(id: number): void {
    this.#askers.delete(id);
  }

  #scalesOf(asker: number): ScalesOfAsker {
    let scales = this.#askers.get(asker);
    if (scales === undefined) {
      scales = new ScalesOfAsker();
      this.#askers.set(asker, scales);
    }
    return scales;
  }

  #sweep(): void {
    const { cortex } = this.#registry;
    let left = 0;
    for (const { byAddress } of this.#askers.values()) {
      byAddress.sweep(cortex);
      left += byAddress.size;
    }
    this.#growth.swept(left);
  }
}
