// What the bus keeps for each address that somebody asked for, and lets go of.
import type { RegisteredCard, To } from 'neuronbus';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { AddressBook, Growth } from '../../../../lib/bus/messages/address_book.js';
import { collectGarbage } from '../../../support.js';
import { makeBus, turn } from '../support.js';
import { addAgent, outcome, settle } from './support.js';

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

describe('a bus forgets', () => {
  const rounds = 1500;

  /** The books that are written in from now on, of scales, paces and routes; `kept`: how many addresses they hold. */
  function watchBooks() {
    const books = new Set<AddressBook<unknown>>();
    const { set } = AddressBook.prototype;
    const spy = vi.spyOn(AddressBook.prototype, 'set').mockImplementation(function (
      this: unknown,
      to,
      value,
    ) {
      books.add(this as AddressBook<unknown>);
      set.call(this, to, value);
    });
    onTestFinished(() => spy.mockRestore());
    const kept = () => [...books].reduce((sum, { size }) => sum + size, 0);
    return { kept, books };
  }

  it('names that nobody has', async () => {
    const { kept } = watchBooks();
    const { ask } = makeScene();
    for (let i = 0; i < rounds; i++) expect((await ask(`nobody ${i}`)).is).toBe('ERR_NB_NO_ROUTE');
    expect(kept()).toBe(0);
  });

  it.each(['request', 'send'] as const)('a predicate written where it is used, to %s', async (how) => {
    const { asker, add, ask, bus } = makeScene();
    add(0);
    const predicates: WeakRef<(card: RegisteredCard) => boolean>[] = [];
    for (let i = 0; i < rounds; i++) {
      const fits = (card: RegisteredCard) => serves(card) && i >= 0;
      predicates.push(new WeakRef(fits));
      if (how === 'send') {
        expect(asker.handle.send(fits, i)).toBe(true);
        bus.run(2);
      } else expect((await ask(fits)).is).toBe('resolved');
    }
    await turn();
    collectGarbage();
    expect(predicates.filter((held) => held.deref() !== undefined).length).toBeLessThan(rounds / 10);
  });

  it.each(['name', 'capability', 'region'] as const)(
    'agents that come and go, each with a %s of its own',
    async (kind) => {
      const { kept, books } = watchBooks();
      const { bus, ask } = makeScene();
      const agents: WeakRef<object>[] = [];
      let most = 0;
      for (let i = 0; i < rounds; i++) {
        const own = `session-${i}`;
        const card = { name: { name: own }, capability: { capabilities: [own] }, region: { regions: [own] } };
        const to = { name: own, capability: { capability: own }, region: { region: own } };
        const agent = addAgent(bus, () => i, card[kind]);
        agents.push(new WeakRef(agent));
        expect((await ask(to[kind])).value).toMatchObject({ value: i });
        if (kind === 'capability') expect((await ask(agent.id)).is).toBe('resolved');
        bus.unregister(agent.id);
        most = Math.max(most, kept());
      }
      expect(books.size).toBe(3);
      expect(most).toBeLessThan(3 * 70); // each is swept once it has 64 that are of no use
      await turn();
      collectGarbage();
      expect(agents.filter((held) => held.deref() !== undefined).length).toBeLessThan(rounds / 10);
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
