// Questions that nobody waits for any more while they wait for their turn: they leave the mailbox at once.
import type { Request } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { expectReconciled, makeBus } from '../support.js';
import { addAgent, outcome, settle } from './support.js';

/** An agent with time for one question, which takes it until it is told to go on, or its signal. */
function addBusy(bus: ReturnType<typeof makeBus>) {
  const goOn: (() => void)[] = [];
  const work = ({ signal }: Request) =>
    new Promise<string>((resolve, reject) => {
      goOn.push(() => resolve('done'));
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
  return { goOn, busy: addAgent(bus, work, {}, 1) };
}

describe('a question in a mailbox leaves it', () => {
  it('when its asker leaves: it is not handed over', async () => {
    const bus = makeBus();
    const { goOn, busy } = addBusy(bus);
    const [asker, other] = [addAgent(bus), addAgent(bus)];
    const first = outcome(other.handle.request(busy.id, 'first'));
    const second = outcome(asker.handle.request(busy.id, 'second'));
    await settle(bus);
    expect([bus.stats().waiting, bus.health(busy.id).load]).toEqual([1, 2]);
    bus.unregister(asker.id);
    expect([bus.stats().waiting, bus.health(busy.id).load]).toEqual([0, 1]);
    const third = outcome(other.handle.request(busy.id, 'third'));
    goOn[0]?.();
    await settle(bus);
    goOn[1]?.();
    await settle(bus);
    expect([first.is, second.is, third.is]).toEqual(['resolved', 'ERR_NB_UNKNOWN_NEURON', 'resolved']);
    expect(busy.requests.map((request) => request.text())).toEqual(['first', 'third']);
    expectReconciled(bus);
  });

  it('or does not come in: the asker left while it was in the ring', async () => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus)];
    outcome(asker.handle.request(other.id, 'x'));
    bus.unregister(asker.id);
    await settle(bus);
    expect([other.requests.length, bus.stats().waiting, bus.health(other.id).load]).toEqual([0, 0, 0]);
    expectReconciled(bus);
  });

  it('when it is aborted, or its time is over: what waits and the load fall at once', async () => {
    const bus = makeBus({ axonCapacity: 4096 });
    const { busy } = addBusy(bus);
    const asker = addAgent(bus);
    outcome(asker.handle.request(busy.id, 'first', { timeoutMs: Number.POSITIVE_INFINITY }));
    await settle(bus);
    const ends: string[] = [];
    for (let round = 0; round < 5; round++) {
      const controller = new AbortController();
      const asked = Array.from({ length: 1000 }, (_, i) =>
        outcome(
          i % 2 === 0
            ? asker.handle.request(busy.id, i, { timeoutMs: 5, priority: i % 7 })
            : asker.handle.request(busy.id, i, { signal: controller.signal }),
        ),
      );
      await settle(bus);
      expect([bus.stats().waiting, bus.health(busy.id).load]).toEqual([1000, 1001]);
      controller.abort();
      await settle(bus);
      expect([bus.stats().waiting, bus.health(busy.id).load]).toEqual([500, 501]);
      bus.clock.advance(6);
      await settle(bus);
      expect([bus.stats().waiting, bus.health(busy.id).load]).toEqual([0, 1]);
      for (const { is } of asked) ends.push(is);
    }
    expect([...new Set(ends)].sort()).toEqual(['ERR_NB_ABORTED', 'ERR_NB_TIMEOUT']);
    expect(busy.requests.length).toBe(1);
    expectReconciled(bus);
  });

  it('one by one out of many; the others keep their order', async () => {
    const bus = makeBus({ axonCapacity: 4096 });
    const { busy, goOn } = addBusy(bus);
    const asker = addAgent(bus);
    outcome(asker.handle.request(busy.id, 'first'));
    await settle(bus);
    const count = 2000;
    const controllers = Array.from({ length: count }, () => new AbortController());
    for (const [i, { signal }] of controllers.entries())
      outcome(asker.handle.request(busy.id, i, { signal }));
    await settle(bus);
    const left = new Set(Array.from({ length: count }, (_, i) => i));
    for (let i = 0; i < count; i += i % 3 === 0 ? 1 : 2) {
      controllers[i]?.abort();
      left.delete(i);
    }
    await settle(bus);
    expect(bus.stats().waiting).toBe(left.size);
    for (let i = 0; goOn.length > i; i++) {
      goOn[i]?.();
      await settle(bus);
    }
    expect(busy.requests.slice(1).map(({ value }) => value)).toEqual([...left]);
    expectReconciled(bus);
  });
});
