// SPDX-License-Identifier: MIT
//
// Scenario: an agent asks one in another thread and awaits the answer, one question at a time. Both sides look for more for a
// while before they sleep; the peers always sleep in the event loop.

import { Neuron } from 'neuronbus';
import { expectEqual, RoundTrips } from './harness/measure.js';
import { startPair } from './harness/pair.js';
import type { Effort, Sample, Scenario } from './harness/types.js';
import { startFarEnd } from './peers/link.js';
import { natsUnavailable, startNats } from './peers/nats.js';
import { startNatsResponder } from './peers/nats_responder.js';

class Asker extends Neuron {}

const QUESTION = 'what';

/** A way through so many functions takes a while to be compiled. */
const leastWarmupMs = ({ quick }: Effort): number => (quick ? 150 : 300);

async function measured(effort: Effort, ask: (text: string) => Promise<unknown>): Promise<Sample> {
  const trips = new RoundTrips({ ...effort, warmupMs: Math.max(leastWarmupMs(effort), effort.warmupMs) });
  for (;;) {
    const begin = performance.now();
    const answer = await ask(QUESTION);
    const end = performance.now();
    if (answer !== QUESTION) throw new Error(`the answer was ${String(answer)}`);
    if (!trips.add(begin, end)) return { ...trips.sample };
  }
}

async function overBus(effort: Effort): Promise<Sample> {
  const { bus, from, echo, stop } = await startPair('thread', new Asker());
  bus.start();
  const sample = await measured(effort, async (text) => (await bus.request(from, echo, text)).value);
  expectEqual('questions without an answer', bus.stats().pending, 0);
  await stop();
  return sample;
}

async function overChannel(effort: Effort): Promise<Sample> {
  const { link, stop } = await startFarEnd('thread', { kind: 'node' }, 'echo');
  const pending = new Map<number, (text: string) => void>();
  let number = 0;
  link.receive((_, answered) => {
    pending.get(answered)?.(QUESTION);
    pending.delete(answered);
  });
  const sample = await measured(
    effort,
    (text) =>
      new Promise((resolve) => {
        pending.set(number, () => resolve(text));
        void link.send(number++, 1);
      }),
  );
  expectEqual('messages', (await stop()).count, number);
  return sample;
}

async function overNats(effort: Effort): Promise<Sample> {
  const server = await startNats();
  const { ask, stop } = await startNatsResponder(server.port);
  const sample = await measured(effort, ask);
  await stop();
  await server.stop();
  return sample;
}

const ours = 'request, two threads, active';

export const scenario: Scenario = {
  name: 'request_round_trip',
  title: 'A question and its answer between two threads',
  note: 'From request() to the value of the answer, one question at a time.',
  metrics: [
    { name: 'p50', unit: 'µs', better: 'lower' },
    { name: 'p99', unit: 'µs', better: 'lower' },
  ],
  variants: [
    { name: ours, role: 'neuronbus', run: overBus },
    { name: 'MessageChannel with promises', role: 'peer', against: ours, run: overChannel },
    { name: 'NATS request/reply', role: 'peer', against: ours, run: overNats, unavailable: natsUnavailable },
  ],
};
