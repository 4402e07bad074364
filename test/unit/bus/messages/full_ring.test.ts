// Questions and answers that meet a full ring: each ends, as what it was, and is booked once.
import { describe, expect, it } from 'vitest';
import { expectReconciled, makeBus } from '../support.js';
import { addAgent, collect, outcome, settle } from './support.js';

describe('one answer to who wants parts', () => {
  it.each(['drop-newest', 'fail', 'block'] as const)(
    'that finds the ring full ends the question with an error: %s',
    async (backpressure) => {
      const bus = makeBus({ axonCapacity: 4, backpressure, blockMs: 5 });
      const asker = addAgent(bus);
      const other = addAgent(bus, () => {
        for (let i = 0; i < 4; i++) {
          try {
            other.send(asker.id, 'noise');
          } catch {}
        }
        return 'answer';
      });
      const parts = collect(asker.handle.stream(other.id, 'x', { timeoutMs: 1e6 }));
      await settle(bus);
      expect([bus.stats().pending, bus.health(other.id).load]).toEqual([0, 0]);
      expect(await parts).toEqual(['ERR_NB_REMOTE']);
      expect(bus.history({ type: 'stream' })).toMatchObject([{ outcome: 'failed' }]);
      expectReconciled(bus);
    },
  );

  it('that finds the ring full says so to who gives it, once', async () => {
    const bus = makeBus({ axonCapacity: 4 });
    const [asker, other] = [addAgent(bus), addAgent(bus, () => undefined)];
    const stream = asker.handle.stream(other.id, 'x', { timeoutMs: 1e6 });
    const ended = outcome(stream.next());
    await settle(bus);
    for (let i = 0; i < 4; i++) asker.send(other.id, 'noise');
    const [request] = other.requests;
    expect([request.reply('answer'), request.answered, request.reply('again')]).toEqual([false, true, false]);
    await settle(bus);
    expect([ended.is, ended.error?.cause]).toEqual([
      'ERR_NB_REMOTE',
      expect.objectContaining({ code: 'ERR_NB_FULL' }),
    ]);
    expect([bus.health(other.id).load, bus.stats().late]).toEqual([0, 0]);
    expectReconciled(bus);
  });
});

describe('a question that ends while room is made for it', () => {
  /** A bus whose ring is full, and of which something happens when room is made. */
  function scene(happens: (bus: ReturnType<typeof makeBus>) => void) {
    const bus = makeBus({ axonCapacity: 4, backpressure: 'block', blockMs: 1e9 });
    bus.clock.advance(60_000);
    const [asker, other, crowd] = [addAgent(bus), addAgent(bus), addAgent(bus)];
    crowd.onMessage = (message) => void (message.text() === 'now' && happens(bus));
    for (const text of ['now', '', '', '']) crowd.send(crowd.id, text);
    return { bus, asker, other };
  }

  it('because its target left is booked once, at the time when it was asked', async () => {
    const { bus, asker, other } = scene(() => bus.unregister(other.id));
    const now = bus.clock.now();
    const asked = outcome(asker.handle.request(other.id, 'x'));
    await settle(bus);
    expect(asked.is).toBe('ERR_NB_DEAD_TARGET');
    expect(bus.history({ type: 'request' })).toMatchObject([{ outcome: 'dead', time: now, latencyNs: 0 }]);
    expect(bus.traffic().byType.request.count).toBe(1);
    expectReconciled(bus);
  });

  it('because its asker left is booked once, at the time when it was asked', async () => {
    const { bus, asker, other } = scene(() => bus.unregister(asker.id));
    const now = bus.clock.now();
    const asked = outcome(asker.handle.request(other.id, 'x'));
    await settle(bus);
    expect([asked.is, other.requests.length]).toEqual(['ERR_NB_UNKNOWN_NEURON', 0]);
    expect(bus.history({ type: 'request' })).toMatchObject([{ outcome: 'closed', time: now, latencyNs: 0 }]);
    expect(bus.traffic().byType.request.count).toBe(1);
    expectReconciled(bus);
  });

  it('because its signal was aborted ends at once', async () => {
    const controller = new AbortController();
    const { bus, asker, other } = scene(() => controller.abort());
    const asked = outcome(asker.handle.request(other.id, 'x', { signal: controller.signal }));
    await settle(bus);
    expect([asked.is, other.requests.length, bus.stats().pending]).toEqual(['ERR_NB_ABORTED', 0, 0]);
    expect(bus.history({ type: 'request' })).toMatchObject([{ outcome: 'aborted' }]);
    expectReconciled(bus);
  });
});
