// Questions whose askers are gone, or do not wait any more, in another thread.
import { type Message, Neuron, type Request } from 'neuronbus';
import { expect, it } from 'vitest';
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

it('an answer that comes too late is counted where it is given', async () => {
  const there = await colony(1);
  const { bus } = there;
  await there.on(0, ({ bus, Neuron, state }) => {
    state.requests = [];
    class Slow extends Neuron {
      override onRequest(request: Request): void {
        state.requests.push(request);
      }
    }
    return bus.register(new Slow(), { name: 'slow' });
  });
  const { id } = add(bus);
  const asked = Array.from({ length: 3 }, () => bus.request(id, 'slow', 'x', { timeoutMs: 50 }));
  const ends = (await Promise.allSettled(asked)).map((end) => end.status === 'rejected' && end.reason.code);
  expect(ends).toEqual(Array(3).fill('ERR_NB_TIMEOUT'));
  await until(
    () => there.on(0, ({ state }) => state.requests.every((request: Request) => request.signal.aborted)),
    'the end of their signals',
  );
  const late = await there.on(0, ({ bus, state }) => {
    for (const request of state.requests) request.reply('late');
    return [state.requests.length, bus.stats().late];
  });
  expect([late[0], bus.stats().late]).toEqual([late[1], 0]);
  await quiet(bus);
});
