// In which order messages get their turn, and what a full ring does to many of them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mailbox } from '../../../../lib/bus/messages/mailbox.js';
import { codeOf, expectReconciled, makeBus, turn } from '../support.js';
import { addAgent, outcome, settle } from './support.js';

describe('priority', () => {
  it('is strict among what waits, and first come first served within', () => {
    const bus = makeBus();
    const [asker, other, third] = [addAgent(bus), addAgent(bus), addAgent(bus)];
    for (const [i, priority] of [0, 5, 255, 5, 0, 128, 255].entries()) {
      (i % 2 === 0 ? asker : third).send(other.id, `${priority} ${i}`, { priority });
    }
    bus.tick();
    expect(other.texts).toEqual(['255 2', '255 6', '128 5', '5 1', '5 3', '0 0', '0 4']);
  });

  it('holds for questions and messages alike', async () => {
    const bus = makeBus();
    const turns: number[] = [];
    const other = addAgent(bus, (request) => turns.push(request.priority));
    other.onMessage = (message) => void turns.push(message.priority);
    const asker = addAgent(bus);
    asker.send(other.id, 'x', { priority: 1 });
    outcome(asker.handle.request(other.id, 'x', { priority: 3 }));
    asker.send(other.id, 'x', { priority: 2 });
    await settle(bus);
    expect(turns).toEqual([3, 2, 1]);
  });

  it('1,000 messages of one instant stay in the order of their sender', () => {
    const bus = makeBus({ axonCapacity: 1024 });
    const [asker, other] = [addAgent(bus), addAgent(bus)];
    const sent = Array.from({ length: 1000 }, (_, i) => ({ i, priority: (i * 7) % 3 }));
    for (const { i, priority } of sent) asker.send(other.id, i, { priority });
    bus.tick();
    expect(new Set(other.messages.map(({ timestamp }) => timestamp)).size).toBe(1);
    expect(other.messages.map(({ value }) => value)).toEqual(
      [2, 1, 0].flatMap((priority) => sent.filter((one) => one.priority === priority).map(({ i }) => i)),
    );
  });

  it('ageing: waiting makes up for priority, at the rate of the option', async () => {
    const order = async (ageingMs: number) => {
      const bus = makeBus({ ageingMs });
      const other = addAgent(bus, undefined, {}, 1);
      const asker = addAgent(bus);
      let release = () => {};
      other.onMessage = async (message) => {
        other.messages.push(message);
        if (message.text() === 'busy')
          await new Promise<void>((resolve) => {
            release = resolve;
          });
      };
      asker.send(other.id, 'busy');
      bus.tick();
      asker.send(other.id, 'old', { priority: 10 });
      bus.tick();
      bus.clock.advance(100);
      asker.send(other.id, 'young', { priority: 20 });
      asker.send(other.id, 'urgent', { priority: 200 });
      bus.tick();
      expect(bus.stats().waiting).toBe(3);
      release();
      await turn();
      return other.texts.slice(1);
    };
    expect(await order(9)).toEqual(['urgent', 'old', 'young']); // 100 ms make up for eleven steps
    expect(await order(11)).toEqual(['urgent', 'young', 'old']); // for nine
    expect(await order(Number.POSITIVE_INFINITY)).toEqual(['urgent', 'young', 'old']);
    expect(await order(0.1)).toEqual(['old', 'urgent', 'young']);
  });

  it('ageing: under a flood of urgent messages the least one gets its turn', async () => {
    const bus = makeBus({ ageingMs: 1 });
    const other = addAgent(bus, undefined, {}, 1);
    other.onMessage = (message) => {
      other.messages.push(message);
      return Promise.resolve();
    };
    const asker = addAgent(bus);
    asker.send(other.id, 'least');
    let rounds = 0;
    for (; !other.texts.includes('least'); rounds++) {
      expect(rounds).toBeLessThan(5000); // 255 ms with four new ones each, about one handled
      for (let i = 0; i < 4; i++) asker.send(other.id, 'urgent', { priority: 255 });
      bus.clock.advance(1);
      bus.tick();
      await Promise.resolve();
    }
    expect(rounds).toBeGreaterThan(0);
  });

  it('the mailbox agrees with a sorted list', () => {
    const entry = fc.record({
      priority: fc.integer({ min: 0, max: 255 }),
      later: fc.integer({ min: 0, max: 50 }),
    });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(entry, fc.constant('take' as const)), { maxLength: 200 }),
        fc.constantFrom(1, 7, 1000, Number.POSITIVE_INFINITY),
        (steps, ageing) => {
          const mailbox = new Mailbox<{ priority: number; n: number }>(ageing);
          const model: { urgency: number; n: number }[] = [];
          let now = 1e15;
          for (const [n, step] of steps.entries()) {
            if (step === 'take') {
              model.sort((a, b) => b.urgency - a.urgency || a.n - b.n);
              expect(mailbox.take()?.n).toBe(model.shift()?.n);
            } else {
              now += step.later;
              const waited = ageing === Number.POSITIVE_INFINITY ? 0 : now / ageing;
              mailbox.add({ priority: step.priority, n }, now);
              model.push({ urgency: Math.round((step.priority - waited) * 1000), n });
            }
            expect(mailbox.size).toBe(model.length);
          }
        },
      ),
    );
  });

  it('agrees with it whether messages come in order or not, and however many come before one leaves', () => {
    const step = fc.oneof(
      { weight: 1, arbitrary: fc.record({ add: fc.integer({ min: 1, max: 40 }), urgent: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 40 }) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 0, max: 2000 }), (steps, first) => {
        const mailbox = new Mailbox<{ priority: number; n: number }>(Number.POSITIVE_INFINITY);
        const model: { priority: number; n: number }[] = [];
        let n = 0;
        const add = (priority: number) => {
          const item = { priority, n: n++ };
          mailbox.add(item, n);
          model.push(item);
        };
        for (let i = 0; i < first; i++) add(0); // a long line to begin with
        for (const step of steps) {
          if ('add' in step) {
            for (let i = 0; i < step.add; i++) add(step.urgent && i === step.add - 1 ? 1 : 0);
          } else {
            for (let i = 0; i < step.take; i++) {
              const urgent = model.findIndex(({ priority }) => priority === 1);
              const [next] = model.splice(Math.max(0, urgent), 1);
              expect(mailbox.take()).toBe(next);
            }
          }
          expect(mailbox.size).toBe(model.length);
        }
        const byN = (a: { n: number }, b: { n: number }) => a.n - b.n;
        expect(mailbox.clear().sort(byN)).toEqual(model);
        expect([mailbox.size, mailbox.take()]).toEqual([0, undefined]);
      }),
      { seed: 20, numRuns: 200 },
    );
  });

  it('agrees with it when some are withdrawn, one by one or all that fit', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ add: fc.array(fc.nat(3), { maxLength: 20 }) }) },
      { weight: 2, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 10 }) }) },
      { weight: 2, arbitrary: fc.record({ withdraw: fc.array(fc.nat(), { maxLength: 20 }) }) },
      { weight: 1, arbitrary: fc.record({ modulo: fc.integer({ min: 2, max: 9 }) }) },
    );
    interface Item {
      readonly priority: number;
      readonly n: number;
      readonly key: number | undefined;
    }
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const mailbox = new Mailbox<Item>(Number.POSITIVE_INFINITY);
        let model: Item[] = [];
        let n = 0;
        for (const step of steps) {
          if ('add' in step) {
            for (const priority of step.add) {
              const item = { priority, n, key: n % 5 === 0 ? undefined : n };
              n++;
              mailbox.add(item, n);
              model.push(item);
            }
          } else if ('take' in step) {
            for (let i = 0; i < step.take; i++) {
              model.sort((a, b) => b.priority - a.priority || a.n - b.n);
              expect(mailbox.take()).toBe(model.shift());
            }
          } else if ('withdraw' in step) {
            for (const which of step.withdraw) {
              const key = n === 0 ? 0 : which % n;
              const due = model.find((item) => item.key === key);
              expect(mailbox.withdraw(key)).toBe(due);
              if (due !== undefined) model = model.filter((item) => item !== due);
            }
          } else {
            const fits = (item: Item) => item.n % step.modulo === 0;
            const byN = (a: Item, b: Item) => a.n - b.n;
            expect(mailbox.withdrawAll(fits).sort(byN)).toEqual(model.filter(fits).sort(byN));
            model = model.filter((item) => !fits(item));
          }
          expect(mailbox.size).toBe(model.length);
        }
      }),
      { seed: 21, numRuns: 300 },
    );
  });
});

describe('concurrency', () => {
  it.each([1, 3])('%i at a time, whatever fails', async (limit) => {
    const bus = makeBus();
    let [running, most, done] = [0, 0, 0];
    const work = async () => {
      most = Math.max(most, ++running);
      await turn();
      running--;
      if (++done % 3 === 0) throw new Error('on purpose');
      return done;
    };
    const other = addAgent(bus, work, {}, limit);
    other.onMessage = async () => void (await work());
    bus.on('error', () => {});
    const asker = addAgent(bus);
    const asked = Array.from({ length: 10 }, () => outcome(asker.handle.request(other.id, 'x')));
    for (let i = 0; i < 10; i++) asker.send(other.id, 'y');
    for (let i = 0; i < 30; i++) {
      bus.tick();
      await turn();
    }
    expect({ most, done, running }).toEqual({ most: limit, done: 20, running: 0 });
    expect(asked.filter(({ is }) => is === 'pending')).toEqual([]);
    expect(bus.stats()).toMatchObject({ waiting: 0, pending: 0 });
  });

  it('no number below 1 is accepted', () => {
    const bus = makeBus();
    for (const concurrency of [0, -1, Number.NaN, '2']) {
      expect(codeOf(() => addAgent(bus, undefined, {}, concurrency as number))).toBe(
        'ERR_NB_INVALID_ARGUMENT',
      );
    }
  });

  it('a neuron that leaves and its successor do not share places', async () => {
    const bus = makeBus();
    const asker = addAgent(bus);
    const first = addAgent(bus, () => new Promise(() => {}), { id: 5 }, 1);
    const asked = [1, 2].map((n) => outcome(asker.handle.request(5, n)));
    bus.tick();
    bus.unregister(first.id);
    await settle(bus);
    expect(asked.map(({ is }) => is)).toEqual(['ERR_NB_DEAD_TARGET', 'ERR_NB_DEAD_TARGET']);
    addAgent(bus, undefined, { id: 5 }, 1);
    const again = outcome(asker.handle.request(5, 'x'));
    await settle(bus);
    expect(again.is).toBe('resolved');
  });
});

describe('to all', () => {
  it('but the sender and those excluded, with the priority', () => {
    const bus = makeBus();
    const all = Array.from({ length: 5 }, () => addAgent(bus, undefined, { regions: ['app'] }));
    const [first, second] = all;
    const options = { priority: 9, exclude: [second.id, 999] };
    expect(first.handle.sendAll({ region: 'app' }, { n: 1 }, options)).toBe(3);
    expect(bus.sendAll(first.id, (card) => card.id !== 4, 'x')).toBe(3);
    bus.tick();
    expect(all.map(({ messages }) => messages.map(({ priority }) => priority))).toEqual([
      [],
      [0],
      [9, 0],
      [9, 0],
      [9],
    ]);
    expect(codeOf(() => first.handle.sendAll('agent', 'x', { exclude: [0.5] }))).toBe(
      'ERR_NB_INVALID_ARGUMENT',
    );
    expect(codeOf(() => first.handle.sendAll('agent', 1n))).toBe('ERR_NB_INVALID_ARGUMENT');
  });

  it.each(['drop-newest', 'fail', 'block', 'sample'] as const)(
    '%s: a full ring is not waited for',
    (backpressure) => {
      const bus = makeBus({ axonCapacity: 4, backpressure, blockMs: 1e9, sampleEvery: 1 });
      const all = Array.from({ length: 10 }, () => addAgent(bus));
      const went = all[0].handle.sendAll('agent', 'x'); // waiting would deliver, and so make room
      expect(went).toBe(4);
      const stats = expectReconciled(bus);
      expect([stats.delivered, stats.queued]).toEqual([0, 4]);
      bus.tick();
      expectReconciled(bus);
      expect(all.flatMap(({ texts }) => texts).length).toBe(4);
    },
  );
});

describe('where a full ring is waited for', () => {
  it('what runs meanwhile does not get into the message that waits', async () => {
    const bus = makeBus({ axonCapacity: 4, backpressure: 'block', blockMs: 1e9 });
    const asker = addAgent(bus);
    const other = addAgent(bus, (request) => `answer to ${request.text()}`);
    const asked = Array.from({ length: 20 }, (_, i) =>
      outcome(asker.handle.request(other.id, `question ${i} ${i % 2 === 0 ? 'x'.repeat(50) : ''}`)),
    );
    await settle(bus);
    expect(other.requests.map((request) => request.text().trim().split(' ')[1])).toEqual(
      asked.map((_, i) => `${i}`),
    );
    for (const [i, one] of asked.entries()) {
      if (one.is === 'resolved') expect(one.value?.text()).toContain(`answer to question ${i} `);
    }
    expect(asked.some(({ is }) => is === 'resolved')).toBe(true);
    expectReconciled(bus);
  });

  it('a question whose target leaves while it waits ends once', async () => {
    const bus = makeBus({ axonCapacity: 2, backpressure: 'block', blockMs: 1e9 });
    const asker = addAgent(bus);
    const other = addAgent(bus);
    other.onMessage = () => bus.unregister(other.id);
    asker.send(other.id, 'leave');
    asker.send(asker.id, 'me');
    const asked = outcome(asker.handle.request(other.id, 'x', { timeoutMs: 5 }));
    await settle(bus);
    expect(asked.is).toBe('ERR_NB_DEAD_TARGET');
    bus.clock.advance(10);
    await settle(bus);
    expect(bus.stats().pending).toBe(0);
    expectReconciled(bus);
  });
});
