// What the bus keeps for each address that somebody asked for, and lets go of.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { RegisteredCard, To } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { AddressBook, Growth } from '../../../../lib/bus/messages/address_book.js';
import { makeBus } from '../support.js';
import { addAgent, outcome, settle } from './support.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

const serves = ({ capabilities }: RegisteredCard) => capabilities.includes('service');

function makeScene() {
  const bus = makeBus({ historyCapacity: 16 });
  const asker = addAgent(bus);
  /** Answers after so much virtual time, and counts. */
  const add = (takesMs: number) => {
    const worker = { asked: 0, id: -1 };
    const agent = addAgent(
      bus,
      () => {
        worker.asked++;
        bus.clock.advance(takesMs);
        return takesMs;
      },
      { capabilities: ['service'] },
    );
    worker.id = agent.id;
    return worker;
  };
  const ask = async (to: To) => {
    const asked = outcome(asker.handle.request(to, 'x', { timeoutMs: 1e6 }));
    await settle(bus);
    return asked;
  };
  return { bus, asker, add, ask };
}

describe('the memory of a bus does not grow', () => {
  const each = { rounds: 1500, mostBytes: 3e6 };

  it('with names that nobody has', async () => {
    const { ask } = makeScene();
    await ask('nobody');
    const before = heapBytes();
    for (let i = 0; i < each.rounds; i++) expect((await ask(`nobody ${i}`)).is).toBe('ERR_NB_NO_ROUTE');
    expect(heapBytes() - before).toBeLessThan(each.mostBytes);
  });

  it.each(['request', 'send'] as const)('with a predicate written where it is used, to %s', async (how) => {
    const { asker, add, ask, bus } = makeScene();
    add(0);
    await ask(serves);
    const before = heapBytes();
    for (let i = 0; i < each.rounds; i++) {
      if (how === 'send') {
        expect(asker.handle.send((card) => serves(card), i)).toBe(true);
        bus.run(2);
      } else expect((await ask((card) => serves(card))).is).toBe('resolved');
    }
    expect(heapBytes() - before).toBeLessThan(each.mostBytes);
  });

  it.each(['name', 'capability', 'region'] as const)(
    'with agents that come and go, each with a %s of its own',
    async (kind) => {
      const { bus, ask } = makeScene();
      const before = heapBytes();
      for (let i = 0; i < each.rounds; i++) {
        const own = `session-${i}`;
        const card = { name: { name: own }, capability: { capabilities: [own] }, region: { regions: [own] } };
        const to = { name: own, capability: { capability: own }, region: { region: own } };
        const { id } = addAgent(bus, () => i, card[kind]);
        expect((await ask(to[kind])).value).toMatchObject({ value: i });
        if (kind === 'capability') expect((await ask(id)).is).toBe('resolved');
        bus.unregister(id);
      }
      expect(heapBytes() - before).toBeLessThan(each.mostBytes);
    },
  );
});

describe('a predicate', () => {
  it('that is the same function each time learns who answers sooner', async () => {
    const { add, ask } = makeScene();
    const [slow, quick] = [add(20), add(1)];
    for (let i = 0; i < 200; i++) await ask(serves);
    expect(quick.asked / (slow.asked + quick.asked)).toBeGreaterThan(0.9);
  });

  it('that is another function each time does so, too: what is learned is of the agents', async () => {
    const { add, ask } = makeScene();
    const [slow, quick] = [add(20), add(1)];
    for (let i = 0; i < 200; i++) await ask((card) => serves(card));
    expect(quick.asked / (slow.asked + quick.asked)).toBeGreaterThan(0.9);
  });

  it('does not mix what it learns with others that are used again and again', async () => {
    const { bus, asker } = makeScene();
    const counts = { a: [0, 0], b: [0, 0] };
    // The one is quick in a and slow in b, the other the other way round.
    [0, 1].forEach((i) => {
      addAgent(bus, ({ value }) => {
        const kind = value as 'a' | 'b';
        counts[kind][i]++;
        bus.clock.advance((kind === 'a') === (i === 0) ? 1 : 20);
        return 'done';
      });
    });
    const [inA, inB] = [(card: RegisteredCard) => card.id >= 0, (card: RegisteredCard) => card.id >= 0];
    for (let i = 0; i < 200; i++) {
      for (const [kind, fits] of [
        ['a', inA],
        ['b', inB],
      ] as const) {
        void asker.handle.request(fits, kind, { timeoutMs: 1e6 }).catch(() => {});
        await settle(bus);
      }
    }
    expect(counts.a[0] / 200).toBeGreaterThan(0.85);
    expect(counts.b[1] / 200).toBeGreaterThan(0.85);
  });

  it.each([40, 300])('of %i that are used in turns is answered', async (count) => {
    const { add, ask } = makeScene();
    const { id } = add(1);
    const all = Array.from({ length: count }, () => (card: RegisteredCard) => serves(card));
    for (let round = 0; round < 3; round++)
      for (const fits of all) expect((await ask(fits)).value).toMatchObject({ from: id });
  });
});

describe('a name', () => {
  it('that looks like a capability is none', async () => {
    const { bus, ask } = makeScene();
    addAgent(bus, () => 'by name', { name: 'capability\nx' });
    addAgent(bus, () => 'by capability', { name: 'other', capabilities: ['x'] });
    expect((await ask({ capability: 'x' })).value).toMatchObject({ value: 'by capability' });
    expect((await ask('capability\nx')).value).toMatchObject({ value: 'by name' });
    expect((await ask({ capability: 'x' })).value).toMatchObject({ value: 'by capability' });
  });
});

describe('an address book', () => {
  it('keeps names, capabilities and regions apart', () => {
    const book = new AddressBook<number>();
    const places = ['x', { capability: 'x' }, { region: 'x' }];
    for (const [i, to] of places.entries()) book.set(to, i);
    expect(places.map((to) => book.get(to))).toEqual([0, 1, 2]);
    book.delete({ capability: 'x' });
    expect(places.map((to) => book.get(to))).toEqual([0, undefined, 2]);
    expect(book.size).toBe(2);
  });

  it('is swept when it may have doubled', () => {
    const growth = new Growth();
    const until = () => {
      for (let count = 1; ; count++) if (growth.added()) return count;
    };
    expect(until()).toBe(65);
    growth.swept(200);
    expect(until()).toBe(201);
    growth.swept(3);
    expect(until()).toBe(65);
  });
});
