// The other thread of the axon stress tests. It runs the built library, as a user's worker would.

import { parentPort, workerData } from 'node:worker_threads';
import { Axon } from '../../dist/memory/axon.js';
import { fill, isWhole } from './axon.pattern.mjs';

/** Publishes `count` spikes in bursts of 1 to `burst`; offers again what a full ring refused, unless `once`. */
function produce({ handle, count, burst, once }) {
  const axon = Axon.attach(handle);
  let sent = 0;
  for (let size = 1; sent < count; size = (size % burst) + 1) {
    const base = sent;
    const wanted = Math.min(size, count - sent);
    const accepted = axon.publishWith(wanted, (slot, i) => fill(slot, base + i));
    sent += once ? wanted : accepted;
  }
  const stats = axon.stats();
  axon.close();
  return stats;
}

/** Observes until it saw, or lost, everything. */
function observe({ handle, count }) {
  const axon = Axon.attach(handle);
  const observer = axon.observer();
  parentPort.postMessage('observing');
  const result = { received: 0, torn: 0, disordered: 0, last: -1, lost: 0 };
  const look = (spike) => {
    result.received++;
    if (!isWhole(spike)) result.torn++;
    if (spike.sequence <= result.last) result.disordered++;
    result.last = spike.sequence;
  };
  while (result.received + observer.lost < count) {
    const spike = observer.next();
    if (spike !== undefined) look(spike);
    observer.drain(look, 100);
  }
  result.lost = observer.lost;
  axon.close();
  return result;
}

/** Sends back what comes, until a spike of type Modulatory does. */
function echo({ handle, back }) {
  const [from, to] = [Axon.attach(handle), Axon.attach(back)];
  const reader = from.reader();
  for (let open = true; open; ) {
    reader.drain((spike) => {
      while (!to.publish(spike));
      if (spike.type === 2) open = false;
    });
  }
  from.close();
  to.close();
}

parentPort.postMessage({ done: { produce, observe, echo }[workerData.role](workerData) });
