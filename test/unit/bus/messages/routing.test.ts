// Questions to a capability: who gets them, and what the bus learns of those who could.
import type { NeuronBusError } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { makeBus, turn } from '../support.js';
import { addAgent } from './support.js';

const WORK = { capability: 'work' };

/** Agents that answer `takesMs` of virtual time after they were asked, one at a time. */
function makeWorkers(options: Parameters<typeof makeBus>[0], takesMs: readonly number[]) {
  const bus = makeBus(options);
  const asker = addAgent(bus, () => undefined);
  const asked = takesMs.map(() => 0);
  const due: { at: number; reply: () => void }[] = [];
  const workers = takesMs.map((ms, i) =>
    addAgent(
      bus,
      (request) => {
        asked[i]++;
        if (ms === Number.POSITIVE_INFINITY) throw new Error('out of order');
        due.push({ at: bus.clock.now() + ms * 1e6, reply: () => request.reply(i) });
      },
      { capabilities: ['work'] },
    ),
  );
  const settle = async () => {
    for (let i = 0; i < 4; i++) {
      bus.tick();
      await turn();
    }
  };
  /** Asks once a millisecond. */
  const ask = async (count: number, options = {}) => {
    for (let i = 0; i < count; i++) {
      asker.handle.request(WORK, i, { timeoutMs: 200, ...options }).catch(() => {});
      await settle();
      bus.clock.advance(1);
      for (const one of due.filter(({ at }) => at <= bus.clock.now())) {
        due.splice(due.indexOf(one), 1);
        one.reply();
      }
      await settle();
    }
  };
  return { bus, asker, workers, asked, ask, settle };
}

const total = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);

describe('a question to a capability', () => {
  it('goes to who answers soonest, once that is known', async () => {
    const { asked, ask } = makeWorkers({}, [20, 1, 20]);
    await ask(200);
    expect(asked[1] / total(asked)).toBeGreaterThan(0.85);
  });

  it('does not all go to one when many come at once', async () => {
    const { asker, asked, settle } = makeWorkers({}, [5, 5, 5, 5]);
    for (let i = 0; i < 40; i++) void asker.handle.request(WORK, i, { timeoutMs: 1000 }).catch(() => {});
    await settle();
    expect(asked).toEqual([10, 10, 10, 10]);
  });

  it('sees what others asked: the load of a neuron is in its shared record', async () => {
    const { bus, asker, workers, settle } = makeWorkers({}, [100, 100]);
    const [busy] = workers;
    for (let i = 0; i < 3; i++) void asker.handle.request(busy.id, i).catch(() => {});
    await settle();
    expect(bus.health(busy.id).load).toBe(3);
    const other = addAgent(bus, () => undefined);
    void other.handle.request(WORK, 'x').catch(() => {});
    await settle();
    expect(bus.health(workers[1].id).load).toBe(1);
  });

  it('leaves one that fails fast, though it is the quickest', async () => {
    const { asked, ask, bus, workers } = makeWorkers({}, [4, Number.POSITIVE_INFINITY, 4]);
    await ask(200);
    const before = asked[1];
    await ask(200);
    expect(asked[1] - before).toBeLessThan(8);
    expect(bus.health(workers[1].id)).toMatchObject({ alive: true, out: true });
    expect(bus.health(workers[0].id)).toMatchObject({ alive: true, out: false, score: expect.closeTo(1, 6) });
  });

  it.each(['shortest-path', 'load-balanced', 'energy-efficient', 'round-robin'] as const)(
    'is answered with strategy %s',
    async (routing) => {
      const { asked, ask } = makeWorkers({ routing }, [2, 2, 2]);
      await ask(60);
      expect(total(asked)).toBe(60);
      if (routing === 'round-robin') expect(asked).toEqual([20, 20, 20]);
    },
  );

  it('goes where a function says', async () => {
    const { asked, ask } = makeWorkers({ routing: ({ ids }) => ids.length - 1 }, [2, 2, 2]);
    await ask(12);
    expect(asked).toEqual([0, 0, 12]);
  });

  it('finds no way when the function says that nobody will do', async () => {
    const { asker } = makeWorkers({ routing: () => -1 }, [2, 2]);
    await expect(asker.handle.request(WORK, 1)).rejects.toMatchObject({ code: 'ERR_NB_NO_ROUTE' });
  });

  it.each([
    ['fastest', /strategy/],
    [7, /strategy/],
  ])('refuses a strategy of %s', (routing, message) => {
    expect(() => makeBus({ routing: routing as 'learned' })).toThrow(message);
  });

  it('does not go to who left, and goes to who came', async () => {
    const { bus, asked, ask, workers } = makeWorkers({}, [2, 2]);
    await ask(10);
    bus.unregister(workers[0].id);
    const before = asked[0];
    await ask(20);
    expect(asked[0]).toBe(before);
    const late = addAgent(bus, (request) => request.reply('late'), { capabilities: ['work'] });
    let came = 0;
    for (let i = 0; i < 30; i++) {
      const [reply] = await Promise.all([late.handle, ask(1)]);
      came += reply === late.handle ? 1 : 0;
    }
    expect(came).toBe(30);
    expect(bus.health(late.id).exchanges).toBeGreaterThan(5);
  });

  it('goes where rewards say that answers are good, all being as fast', async () => {
    const { bus, asker, settle } = makeWorkers({ seed: 3 }, []);
    const asked = [0, 0];
    for (const i of [0, 1])
      addAgent(
        bus,
        () => {
          asked[i]++;
          return i;
        },
        { capabilities: ['work'] },
      );
    for (let i = 0; i < 300; i++) {
      const answer = asker.handle.request(WORK, i);
      await settle();
      const reply = await answer;
      reply.reward(reply.value === 1 ? 1 : -1);
      await settle();
      bus.clock.advance(1);
    }
    expect(asked[1] / 300).toBeGreaterThan(0.85);
  });
});

describe('the health of an agent', () => {
  it('of a neuron that is not there', () => {
    const { bus } = makeWorkers({}, []);
    expect(bus.health(99)).toMatchObject({ alive: false, load: 0 });
  });

  it('comes back with an answer on trial', async () => {
    const bus = makeBus({});
    const asker = addAgent(bus, () => undefined);
    let broken = true;
    const worker = addAgent(
      bus,
      () => {
        if (broken) throw new Error('broken');
        return 'repaired';
      },
      { capabilities: ['work'] },
    );
    const other = addAgent(bus, () => 'other', { capabilities: ['work'] });
    const ask = async () => {
      const answer = asker.handle.request(WORK, 1).then(
        ({ from }) => from,
        (error: NeuronBusError) => error.code,
      );
      for (let i = 0; i < 3; i++) {
        bus.tick();
        await turn();
      }
      bus.clock.advance(5);
      return await answer;
    };
    for (let i = 0; i < 12; i++) {
      void asker.handle.request(worker.id, i).catch(() => {});
      bus.tick();
      bus.tick();
      await turn();
    }
    expect(bus.health(worker.id).out).toBe(true);
    for (let i = 0; i < 50; i++) expect(await ask()).toBe(other.id);
    broken = false;
    for (let i = 0; bus.health(worker.id).out && i < 5000; i++) await ask();
    expect(bus.health(worker.id)).toMatchObject({ out: false, score: 1 });
  });
});
