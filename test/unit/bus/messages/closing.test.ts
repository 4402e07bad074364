// What is under way when the bus is closed ends.
import { NeuronBus } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { codeOf, makeBus, turn } from '../support.js';
import { addAgent, outcome, settle } from './support.js';

const never = () => undefined;

describe('close()', () => {
  it('rejects all that is pending at once, streams and pauses between attempts too', async () => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus, never)];
    const failing = addAgent(bus, () => {
      throw new Error('again');
    });
    const asked = outcome(asker.handle.request(other.id, 'x'));
    const streamed = outcome(asker.handle.stream(other.id, 'x').next());
    const paused = outcome(asker.handle.request(failing.id, 'x', { idempotent: true, backoffMs: 1e6 }));
    await settle(bus);
    expect(bus.stats().pending).toBe(3);
    const { signal } = other.requests[0];
    bus.close();
    bus.close();
    await turn();
    expect([asked.is, streamed.is, paused.is]).toEqual(Array(3).fill('ERR_NB_CLOSED'));
    expect(signal.aborted).toBe(true);
    await expect(asker.handle.request(other.id, 'x')).rejects.toMatchObject({ code: 'ERR_NB_CLOSED' });
    expect(other.requests[0].reply('x')).toBe(false);
  });

  it.each(['in onMessage', 'in onRequest', 'in a message that waited for its turn'])('%s', async (where) => {
    const bus = makeBus();
    const asker = addAgent(bus);
    const other = addAgent(bus, async () => 'x', {}, 1);
    const close = () => bus.close();
    if (where === 'in onRequest') other.answer = close;
    else if (where === 'in onMessage') other.onMessage = close;
    else other.onMessage = (message) => (message.text() === 'first' ? turn() : close());
    const asked = outcome(asker.handle.request(other.id, 'x'));
    for (const text of ['first', 'second', 'third']) asker.send(other.id, text);
    bus.tick();
    for (let i = 0; i < 5; i++) await turn();
    expect(bus.closed).toBe(true);
    expect(['ERR_NB_CLOSED', 'resolved']).toContain(asked.is);
  });

  it.each(['virtual', 'real'] as const)('leaves a handler nothing to do (%s clock)', async (clock) => {
    const bus = makeBus({ clock });
    const [asker, other] = [addAgent(bus), addAgent(bus, never)];
    asker.send(other.id, 'x');
    outcome(asker.handle.request(other.id, 'x'));
    await settle(bus);
    const [request, message] = [other.requests[0]!, other.messages[0]!];
    bus.close();
    expect([request.remainingMs, request.signal.aborted, request.reply('x')]).toEqual([0, true, false]);
    for (const one of [request, message]) {
      await expect(one.request(other.id, 'y')).rejects.toMatchObject({ code: 'ERR_NB_CLOSED' });
      expect(codeOf(() => one.send(other.id, 'y'))).toBe('ERR_NB_CLOSED');
      expect(codeOf(() => one.stream(other.id, 'y'))).toBe('ERR_NB_CLOSED');
    }
  });

  it('with the real clock, while timers run', async () => {
    const bus = NeuronBus.create({ maxNeurons: 4, maxSynapses: 4 });
    bus.start();
    const [asker, other] = [addAgent(bus), addAgent(bus, never)];
    const asked = Array.from({ length: 100 }, (_, i) =>
      outcome(asker.handle.request(other.id, i, { timeoutMs: i % 2 === 0 ? 1 + i : 1e6 })),
    );
    await new Promise((resolve) => setTimeout(resolve, 30));
    bus.close();
    await turn();
    const ends = new Set(asked.map(({ is }) => is));
    expect([...ends].sort()).toEqual(['ERR_NB_CLOSED', 'ERR_NB_TIMEOUT']);
  });
});
