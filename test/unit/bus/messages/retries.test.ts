// Questions that may be asked more than once.
import { describe, expect, it } from 'vitest';
import { codeOfPromise, makeBus, turn } from '../support.js';
import { addAgent, outcome, settle } from './support.js';

const fail = () => {
  throw new Error('not now');
};

describe('an idempotent question', () => {
  it('is asked again until it is answered, in one conversation', async () => {
    const bus = makeBus();
    let times = 0;
    const other = addAgent(bus, () => (++times < 3 ? fail() : times));
    const asked = outcome(addAgent(bus).handle.request(other.id, 'x', { idempotent: true }));
    for (let i = 0; i < 10; i++) {
      await settle(bus);
      bus.clock.advance(10);
    }
    expect(asked.value?.value).toBe(3);
    expect(new Set(other.requests.map(({ correlationId }) => correlationId)).size).toBe(1);
    expect(bus.stats().pending).toBe(0);
  });

  it('pauses twice as long each time, half of it random, by the clock of the bus', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const bus = makeBus({ seed });
      const other = addAgent(bus, fail);
      const options = { idempotent: true, retries: 4, backoffMs: 8 };
      const asked = outcome(addAgent(bus).handle.request(other.id, 'x', options));
      await settle(bus);
      const pauses: number[] = [];
      for (let ms = 0, last = 0; asked.is === 'pending'; ms += 0.25) {
        expect(bus.stats().pending).toBe(1); // between attempts, too
        bus.clock.advance(0.25);
        await turn();
        if (bus.stats().queued === 0) continue;
        pauses.push(ms - last);
        last = ms;
        await settle(bus);
      }
      expect(asked.is).toBe('ERR_NB_REMOTE');
      expect(other.requests.length).toBe(5);
      for (const [i, pause] of pauses.entries()) {
        expect(pause).toBeGreaterThanOrEqual(4 * 2 ** i - 0.5);
        expect(pause).toBeLessThanOrEqual(8 * 2 ** i + 0.5);
      }
      expect(pauses.length).toBe(4);
    }
  });

  it('asks whoever fits when the one it asked died', async () => {
    const bus = makeBus();
    const [first, second] = [1, 2].map(() => addAgent(bus, () => undefined, { capabilities: ['work'] }));
    const asker = addAgent(bus);
    const asked = outcome(
      asker.handle.request({ capability: 'work' }, 'x', { idempotent: true, backoffMs: 1 }),
    );
    await settle(bus);
    const [dead, alive] = first.requests.length === 1 ? [first, second] : [second, first];
    alive.answer = () => 'mine';
    bus.unregister(dead.id);
    await settle(bus);
    bus.clock.advance(1);
    await settle(bus);
    expect(asked.value?.from).toBe(alive.id);
  });

  it('is asked again when the ring was full, or no answer came', async () => {
    const bus = makeBus({ axonCapacity: 2 });
    let mute = true;
    const other = addAgent(bus, () => (mute ? undefined : 'answer'));
    const asker = addAgent(bus);
    asker.send(other.id, 'noise');
    asker.send(other.id, 'noise');
    const asked = outcome(
      asker.handle.request(other.id, 'x', { idempotent: true, timeoutMs: 5, backoffMs: 1 }),
    );
    await settle(bus);
    bus.clock.advance(1);
    await settle(bus);
    expect([other.requests.length, asked.is]).toEqual([1, 'pending']);
    bus.clock.advance(6); // no answer
    await settle(bus);
    mute = false;
    bus.clock.advance(2);
    await settle(bus);
    expect([asked.value?.value, bus.stats().pending]).toEqual(['answer', 0]);
  });

  it.each<[string, object, string, number]>([
    ['no such neuron', { to: 9 }, 'ERR_NB_NO_ROUTE', 0],
    ['no further attempt', { retries: 0 }, 'ERR_NB_REMOTE', 1],
    ['not idempotent', { idempotent: false }, 'ERR_NB_REMOTE', 1],
  ])('%s: is not asked again', async (_, { to, ...rest }: { to?: number }, code, times) => {
    const bus = makeBus();
    const other = addAgent(bus, fail);
    const options = { idempotent: true, backoffMs: 0, ...rest };
    const asked = outcome(addAgent(bus).handle.request(to ?? other.id, 'x', options));
    await settle(bus);
    expect([asked.is, other.requests.length]).toEqual([code, times]);
  });

  it('that comes of another: no attempt outlasts that one, and none begins after it', async () => {
    const bus = makeBus();
    const inner = addAgent(bus, () => undefined);
    const nested: ReturnType<typeof outcome>[] = [];
    const outer = addAgent(bus, (request) => {
      const options = { idempotent: true, backoffMs: 30, retries: 5 };
      nested.push(outcome(request.request(inner.id, 'x', options)));
    });
    outcome(addAgent(bus).handle.request(outer.id, 'x', { timeoutMs: 150 }));
    await settle(bus);
    const { deadline } = outer.requests[0]!;
    for (let i = 0; i < 30; i++) {
      bus.clock.advance(10);
      await settle(bus);
      for (const request of inner.requests) if (!request.answered) request.reject(new Error('again'));
      await settle(bus);
    }
    expect(inner.requests.length).toBeGreaterThan(2);
    for (const request of inner.requests) {
      expect(request.deadline).toBe(deadline);
      expect(request.timestamp).toBeLessThan(deadline);
    }
    expect([nested[0]?.is, bus.stats().pending]).toEqual(['ERR_NB_REMOTE', 0]); // what the last attempt ended with
  });

  it('that comes of another, with a time of its own: each attempt has it', async () => {
    const bus = makeBus();
    const inner = addAgent(bus, fail);
    const outer = addAgent(bus, (request) => {
      outcome(request.request(inner.id, 'x', { idempotent: true, backoffMs: 0, retries: 2, timeoutMs: 500 }));
    });
    outcome(addAgent(bus).handle.request(outer.id, 'x', { timeoutMs: 100 }));
    for (let i = 0; i < 5; i++) {
      await settle(bus);
      bus.clock.advance(1);
    }
    expect(inner.requests.map(({ deadline, timestamp }) => deadline - timestamp >= 5e8)).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('is aborted in a pause, at once', async () => {
    const bus = makeBus();
    const other = addAgent(bus, fail);
    const controller = new AbortController();
    const options = { idempotent: true, backoffMs: 1000, signal: controller.signal };
    const asked = outcome(addAgent(bus).handle.request(other.id, 'x', options));
    await settle(bus);
    expect([asked.is, bus.stats().pending]).toEqual(['pending', 1]);
    controller.abort('enough');
    await turn();
    expect([asked.is, asked.error?.cause, bus.stats().pending]).toEqual(['ERR_NB_ABORTED', 'enough', 0]);
    bus.clock.advance(1e5);
    await settle(bus);
    expect(other.requests.length).toBe(1);
  });

  it('options are checked', async () => {
    const bus = makeBus();
    const asker = addAgent(bus);
    const bad = [
      { retries: -1 },
      { retries: 0.5 },
      { backoffMs: -1 },
      { backoffMs: Number.POSITIVE_INFINITY },
      { timeoutMs: 0 },
      { timeoutMs: 1e12 },
      { timeoutMs: Number.NaN },
      { signal: 3 },
      { tries: 3 },
    ];
    for (const options of bad) {
      expect(await codeOfPromise(asker.handle.request(asker.id, 'x', options as never))).toBe(
        'ERR_NB_INVALID_ARGUMENT',
      );
    }
  });
});
