// SPDX-License-Identifier: MIT
//
// Scenario: one thread, an agent asks another one and awaits the answer; one question at a time, or 64.
//
// Ours: request → ring → route → mailbox → onRequest → answer over the ring → promise; ticked by hand right after asking, as tests
// and simulations do, or started, as everybody else does, so that the event loop's turn comes in between. The peers: what people
// write by hand, a queue with promises, which runs in microtasks, and a MessageChannel whose answers are matched by number and come
// through the event loop.

import { MessageChannel } from 'node:worker_threads';
import { Neuron, NeuronBus } from 'neuronbus';
import { expectEqual, median, nowNs } from './harness/measure.js';
import type { Effort, Sample, Scenario, Variant } from './harness/types.js';

class Answerer extends Neuron {
  onRequest(request: { value: unknown }): unknown {
    return request.value;
  }
}
class Asker extends Neuron {}

type Drive = 'ticked by hand' | 'started';

/** Asks `count` questions at once; resolves when all answers are there. Returns their sum. */
type AskAll = (count: number) => Promise<number>;

const QUESTION = 'what';
/** A way through so many functions takes a while to be compiled. */
const leastWarmupMs = ({ quick }: Effort): number => (quick ? 150 : 300);

async function timed(effort: Effort, width: number, ask: AskAll): Promise<Sample> {
  const work = async (operations: number): Promise<void> => {
    let answered = 0;
    for (let done = 0; done < operations; done += width) answered += await ask(width);
    expectEqual('answers', answered, operations);
  };
  let operations = width;
  let spent = 0;
  let last = 0;
  const warmupNs = Math.max(leastWarmupMs(effort), effort.warmupMs) * 1e6;
  while (spent < warmupNs || last < (effort.blockMs * 1e6) / 2) {
    const begin = nowNs();
    await work(operations);
    last = nowNs() - begin;
    spent += last;
    operations = Math.ceil((operations * Math.min(8, (effort.blockMs * 1e6) / last)) / width) * width;
  }
  const blocks: number[] = [];
  for (let block = 0; block < effort.blocks; block++) {
    const begin = nowNs();
    await work(operations);
    blocks.push((nowNs() - begin) / operations);
  }
  return { time: median(blocks) };
}

/** The same for all variants, so that what it costs to collect answers is in all of them. */
function askAtOnce<T>(count: number, ask: () => Promise<T>): Promise<T[]> {
  const answers: Promise<T>[] = [];
  for (let i = 0; i < count; i++) answers.push(ask());
  return Promise.all(answers);
}

function countGood(answers: readonly string[]): number {
  let good = 0;
  for (const answer of answers) good += answer === QUESTION ? 1 : 0;
  return good;
}

async function overBus(effort: Effort, width: number, drive: Drive): Promise<Sample> {
  const bus = NeuronBus.create({ axonCapacity: 1 << 12, maxNeurons: 32, maxSynapses: 64 });
  const from = bus.register(new Asker(), { name: 'asker' });
  const to = bus.register(new Answerer(), { name: 'answerer' });
  bus.connect(from, to).weight(0.5).build();
  const byHand = drive === 'ticked by hand';
  if (!byHand) bus.start();
  const sample = await timed(effort, width, async (count) => {
    const answers = askAtOnce(count, () => bus.request(from, to, QUESTION));
    if (byHand) {
      bus.tick();
      bus.tick();
    }
    let good = 0;
    for (const reply of await answers) good += reply.value === QUESTION ? 1 : 0;
    return good;
  });
  expectEqual('questions without an answer', bus.stats().pending, 0);
  if (!((bus.synapse(from, to)?.weight ?? 0) > 0.5)) throw new Error('the synapse did not learn');
  bus.close();
  return sample;
}

/** As asyncio.Queue with futures: the answerer awaits questions, and resolves the promise that came with each. */
async function overQueue(effort: Effort, width: number): Promise<Sample> {
  const queue: { question: string; answer(value: string): void }[] = [];
  let wake: (() => void) | undefined;
  let open = true;
  const answerer = (async () => {
    while (open) {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) item.answer(item.question);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  })();
  const ask = (question: string): Promise<string> =>
    new Promise((resolve) => {
      queue.push({ question, answer: resolve });
      wake?.();
    });
  const sample = await timed(effort, width, async (count) => {
    return countGood(await askAtOnce(count, () => ask(QUESTION)));
  });
  open = false;
  wake?.();
  await answerer;
  return sample;
}

async function overChannel(effort: Effort, width: number): Promise<Sample> {
  const { port1, port2 } = new MessageChannel();
  const pending = new Map<number, (value: string) => void>();
  let number = 0;
  port2.on('message', (data) => port2.postMessage(data));
  port1.on('message', ({ id, text }: { id: number; text: string }) => {
    pending.get(id)?.(text);
    pending.delete(id);
  });
  const ask = (text: string): Promise<string> =>
    new Promise((resolve) => {
      pending.set(++number, resolve);
      port1.postMessage({ id: number, text });
    });
  const sample = await timed(effort, width, async (count) => {
    return countGood(await askAtOnce(count, () => ask(QUESTION)));
  });
  port1.close();
  return sample;
}

type Means = (effort: Effort, width: number) => Promise<Sample>;

const atATime = (width: number): string => `${width === 1 ? 'one' : width} at a time`;
const nameOf = (drive: Drive, width: number): string => `request, ${drive}, ${atATime(width)}`;

const ours = (drive: Drive, width: number): Variant => ({
  name: nameOf(drive, width),
  role: 'neuronbus',
  run: (effort) => overBus(effort, width, drive),
});

const peer = (name: string, against: Drive, means: Means, width: number): Variant => ({
  name: `${name} with promises, ${atATime(width)}`,
  role: 'peer',
  against: nameOf(against, width),
  run: (effort) => means(effort, width),
});

export const scenario: Scenario = {
  name: 'request_one_thread',
  title: 'A question and its answer in one thread',
  note:
    'From request() to the value of the answer, four characters each way, with a deadline, over a learning synapse. The peers have ' +
    'neither deadlines nor errors, and the queue nothing but a promise for each question. Ticked by hand and over the queue, an ' +
    'answer is there without a turn of the event loop; started and over the channel, with one or two.',
  metrics: [{ name: 'time', unit: 'ns', better: 'lower' }],
  variants: [64, 1].flatMap((width) => [
    ours('ticked by hand', width),
    peer('queue', 'ticked by hand', overQueue, width),
    ours('started', width),
    peer('MessageChannel', 'started', overChannel, width),
  ]),
};
