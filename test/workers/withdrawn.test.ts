// Questions whose askers are gone, or do not wait any more, in another thread.
import { type Message, Neuron, type Request, type RequestOptions } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, colony, quiet, until } from './support.js';

/** Has time for one thing, and takes it until it is told to go on. */
class Busy extends Neuron {
  override readonly concurrency = 1;
  readonly values: unknown[] = [];
  readonly ends: (() => void)[] = [];
  override onMessage(message: Message): Promise<void> {
    return this.#work(message);
  }
  override onRequest(request: Request): Promise<void> {
    return this.#work(request);
  }
  #work({ value }: Message): Promise<void> {
    this.values.push(value);
    return new Promise((resolve) => this.ends.push(resolve));
  }
}

it('a question in a mailbox leaves it when the worker that asked is terminated', async () => {
  const there = await colony(1);
  const { bus } = there;
  const busy = new Busy();
  const id = bus.register(busy, { name: 'busy' });
  const { id: other } = add(bus);
  bus.send(other, id, 'first');
  await until(() => busy.values.length === 1, 'the first message');
  await there.on(
    0,
    ({ bus, Neuron }, id) => {
      const asker = bus.register(new (class extends Neuron {})(), { name: 'asker' });
      for (const value of ['second', 'third'])
        bus.request(asker, id, value, { timeoutMs: 1e6 }).catch(() => {});
    },
    id,
  );
  await until(() => bus.stats().waiting === 2, 'two questions in the mailbox');
  expect(bus.health(id).load).toBe(2);
  await there.pool.terminate();
  await until(() => bus.stats().waiting === 0, 'their end');
  expect(bus.health(id).load).toBe(0);
  bus.send(other, id, 'fourth');
  busy.ends[0]?.();
  await until(() => busy.values.length === 2, 'the next message');
  expect(busy.values).toEqual(['first', 'fourth']);
  busy.ends[1]?.();
  await quiet(bus);
});

describe('answers that come too late are counted where they are given', () => {
  async function scene() {
    const there = await colony(1);
    await there.on(0, ({ bus, Neuron, state }) => {
      state.requests = [];
      class Slow extends Neuron {
        override onRequest(request: Request): void {
          state.requests.push(request);
        }
      }
      return bus.register(new Slow(), { name: 'slow' });
    });
    const { id } = add(there.bus);
    const ask = async (options: RequestOptions) => {
      const asked = Array.from({ length: 3 }, () => there.bus.request(id, 'slow', 'x', options));
      const ends = await Promise.allSettled(asked);
      return ends.map((end) => (end.status === 'rejected' ? end.reason.code : end.status));
    };
    const arrived = () => there.on(0, ({ state }) => state.requests.length as number);
    return { there, bus: there.bus, ask, arrived };
  }

  /** Answers all that came, and returns how many those are. */
  async function answerLate({ there, bus }: Awaited<ReturnType<typeof scene>>): Promise<number> {
    await until(
      () => there.on(0, ({ state }) => state.requests.every((request: Request) => request.signal.aborted)),
      'the end of their signals',
    );
    const [answers, late] = await there.on(0, ({ bus, state }) => {
      for (const request of state.requests) request.reply('late');
      return [state.requests.length, bus.stats().late];
    });
    expect([late, bus.stats().late]).toEqual([answers, 0]);
    await quiet(bus);
    return answers!;
  }

  it('after an abort', async () => {
    const made = await scene();
    const abort = new AbortController();
    const asked = made.ask({ timeoutMs: Number.POSITIVE_INFINITY, signal: abort.signal });
    await until(async () => (await made.arrived()) === 3, 'three questions');
    abort.abort();
    expect(await asked).toEqual(Array(3).fill('ERR_NB_ABORTED'));
    expect(await answerLate(made)).toBe(3);
  });

  it('after the deadline', async () => {
    const made = await scene();
    // It may pass before a question arrives: then a later one does it.
    for (let timeoutMs = 50; (await made.arrived()) < 3; timeoutMs *= 2)
      expect(await made.ask({ timeoutMs })).toEqual(Array(3).fill('ERR_NB_TIMEOUT'));
    expect(await answerLate(made)).toBeGreaterThanOrEqual(3);
  });
});
