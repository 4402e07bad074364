// SPDX-License-Identifier: MIT
//
// The server side of Prequal: requests in flight, and the median latency of recent requests that arrived at about the same
// number in flight (Wydrowski et al., NSDI 2024, section 4). One object for each run.

import type { Probe } from './balancer.js';

/** Latencies kept for each number in flight. The paper speaks of "recent"; the number is ours. */
const kept = 16;
/** Numbers in flight from here on share a place. */
const places = 64;

export class ServerSide {
  readonly #queued: Int32Array;
  readonly #latencies: Float64Array;
  readonly #counts: Int32Array;
  readonly #scratch = new Float64Array(kept);

  constructor(queued: Int32Array) {
    this.#queued = queued;
    this.#latencies = new Float64Array(queued.length * places * kept);
    this.#counts = new Int32Array(queued.length * places);
  }

  finished(agent: number, inFlightAtArrival: number, latencyNs: number): void {
    const place = agent * places + Math.min(places - 1, inFlightAtArrival);
    this.#latencies[place * kept + (this.#counts[place] % kept)] = latencyNs;
    this.#counts[place]++;
  }

  probe(agent: number): Probe {
    const inFlight = this.#queued[agent];
    return { inFlight, latencyNs: this.#latencyAt(agent, Math.min(places - 1, inFlight)) };
  }

  /** The median at this number in flight, or at the nearest one that has any; zero before the first answer. */
  #latencyAt(agent: number, inFlight: number): number {
    for (let distance = 0; distance < places; distance++) {
      for (const place of distance === 0 ? [inFlight] : [inFlight - distance, inFlight + distance]) {
        if (place < 0 || place >= places) continue;
        const count = Math.min(kept, this.#counts[agent * places + place]);
        if (count === 0) continue;
        const from = (agent * places + place) * kept;
        const sorted = this.#scratch.subarray(0, count);
        sorted.set(this.#latencies.subarray(from, from + count));
        sorted.sort();
        return sorted[count >> 1];
      }
    }
    return 0;
  }
}
