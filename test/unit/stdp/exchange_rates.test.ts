// What the exchange rule promises: a path whose target answers in time gets stronger, an unanswered one weaker, at any
// rate from one spike a second to ten million, however the answers come.
import { type NeuronBus, type NeuronHandle, type Spike, SpikeType, type Synapse } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, makeBus, randomFrom, turn } from '../bus/support.js';

const RATES = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
const SPIKES = 2000;
const MODULATORY = { type: SpikeType.Modulatory };

interface Path {
  asker: number;
  synapse: Synapse;
}

interface Traffic {
  bus: NeuronBus;
  answered: Path;
  silent: Path;
  /** ns between two questions on one path. */
  interval: number;
}

/** One asker of two targets, of which one answers as `react` says and the other never. */
function traffic(rate: number, react: (spike: Spike, handle: NeuronHandle) => void | Promise<void>): Traffic {
  const bus = makeBus({ axonCapacity: 1024, checks: 'production' });
  const asker = add(bus).id;
  const path = (reaction: typeof react) => {
    const probe = add(bus);
    probe.onSpike = reaction;
    return { asker, synapse: bus.connect(asker, probe.id).weight(0.5).build() };
  };
  return { bus, answered: path(react), silent: path(() => {}), interval: 1e9 / rate };
}

function askBoth({ bus, answered, silent }: Traffic, count = 1): void {
  for (let i = 0; i < count; i++) {
    for (const { asker, synapse } of [answered, silent]) bus.fire(asker, { target: synapse.post });
  }
}

function verdict({ bus, answered, silent }: Traffic): void {
  bus.tick();
  bus.stats();
  expect(answered.synapse.weight).toBeGreaterThan(0.6);
  expect(silent.synapse.weight).toBeLessThan(0.4);
}

describe.each(RATES)('at %d spikes a second', (rate) => {
  it('with answers in the handler', () => {
    const it = traffic(rate, (spike, handle) => void handle.reply(spike, undefined, MODULATORY));
    for (let i = 0; i < SPIKES; i++) {
      askBoth(it);
      it.bus.tick();
      it.bus.clock.advance(it.interval / 1e6);
    }
    verdict(it);
    expect(it.answered.synapse.weight).toBeGreaterThan(0.95);
    expect(it.silent.synapse.weight).toBeLessThan(0.01);
  });

  it('in batches of 64', () => {
    const it = traffic(rate, (spike, handle) => void handle.reply(spike, undefined, MODULATORY));
    for (let i = 0; i < SPIKES / 64; i++) {
      askBoth(it, 64);
      it.bus.clock.advance(Math.min(20, (it.interval * 64) / 1e6));
      it.bus.tick();
    }
    verdict(it);
  });

  it('with one question a tick and the answer of an async handler in a microtask', async () => {
    const it = traffic(rate, async (spike, handle) => {
      const kept = spike.clone();
      await Promise.resolve();
      handle.reply(kept, undefined, MODULATORY);
    });
    for (let i = 0; i < 500; i++) {
      for (const { asker, synapse } of [it.answered, it.silent]) {
        it.bus.fire(asker, { target: synapse.post });
        it.bus.tick();
        await Promise.resolve();
        await Promise.resolve();
        it.bus.tick();
      }
      it.bus.clock.advance(it.interval / 1e6);
    }
    await turn();
    verdict(it);
  });

  it.each([
    ['5 ms', 5e6],
    ['50 ms', 50e6],
    ['ten intervals', undefined],
  ])('with answers that come %s later', (_, delay) => {
    const waiting: { at: number; answer: () => void }[] = [];
    let next = 0;
    const it = traffic(rate, (spike, handle) => {
      const kept = spike.clone();
      waiting.push({ at: bus.clock.now() + later, answer: () => handle.reply(kept, undefined, MODULATORY) });
    });
    const { bus, interval } = it;
    const later = Math.min(delay ?? 10 * interval, 80e6, 50_000 * interval);
    // In batches where a millisecond holds thousands of spikes, and for as long as it takes to see many answers.
    const batch = Math.max(1, Math.min(100, Math.round(later / interval / 100)));
    const rounds = Math.max(SPIKES / batch, (4 * later) / interval / batch);
    for (let i = 0; i < rounds; i++) {
      askBoth(it, batch);
      bus.tick();
      const end = bus.clock.now() + interval * batch;
      for (; next < waiting.length && waiting[next]!.at <= end; next++) {
        const { at, answer } = waiting[next]!;
        bus.clock.advance(Math.max(0, at - bus.clock.now()) / 1e6);
        answer();
      }
      bus.tick();
      bus.clock.advance(Math.max(0, end - bus.clock.now()) / 1e6);
    }
    verdict(it);
  });

  it('with answers after the window, which are none', () => {
    const waiting: { at: number; answer: () => void }[] = [];
    const it = traffic(Math.min(rate, 10_000), (spike, handle) => {
      const kept = spike.clone();
      waiting.push({
        at: it.bus.clock.now() + 150e6,
        answer: () => handle.reply(kept, undefined, MODULATORY),
      });
    });
    for (let i = 0; i < 10; i++) {
      askBoth(it, 20);
      it.bus.tick();
      it.bus.clock.advance(150);
      for (const { answer } of waiting.splice(0)) answer();
      it.bus.tick();
      it.bus.clock.advance(it.interval / 1e6);
    }
    it.bus.stats();
    expect(it.answered.synapse.weight).toBeLessThan(0.1);
    expect(it.answered.synapse.weight).toBeCloseTo(it.silent.synapse.weight, 9);
  });

  it('with five askers of one target that answers all but one of them', () => {
    const bus = makeBus({ axonCapacity: 1024 });
    const askers = Array.from({ length: 5 }, () => add(bus).id);
    const target = add(bus, (spike, handle) => {
      if (spike.source !== askers[2]) handle.reply(spike, undefined, MODULATORY);
    });
    const synapses = askers.map((asker) => bus.connect(asker, target.id).build());
    const random = randomFrom(rate);
    for (let i = 0; i < SPIKES; i++) {
      bus.fire(askers[Math.floor(random() * 5)]!, { target: target.id });
      if (random() < 0.5) bus.tick();
      bus.clock.advance(1e3 / rate / 5);
    }
    bus.tick();
    bus.stats();
    for (const [i, { weight }] of synapses.entries()) {
      if (i === 2) expect(weight).toBeLessThan(0.1);
      else expect(weight).toBeGreaterThan(0.6);
    }
  });

  it.each([0, 0.1, 0.25, 0.5, 0.75, 0.9, 1])(
    'with a share of %d answered settles where it is documented',
    (share) => {
      const random = randomFrom(rate + share * 100);
      const it = traffic(rate, (spike, handle) => {
        if (random() < share) handle.reply(spike, undefined, MODULATORY);
      });
      let sum = 0;
      for (let i = 0; i < 3 * SPIKES; i++) {
        it.bus.fire(it.answered.asker, { target: it.answered.synapse.post });
        it.bus.tick();
        it.bus.clock.advance(it.interval / 1e6);
        if (i >= SPIKES) sum += it.answered.synapse.weight;
      }
      const [up, down] = [share * 0.01, (1 - share) * 0.012];
      expect(sum / (2 * SPIKES)).toBeCloseTo((up * 1 + down * 0.001) / (up + down), 1);
      expect(Math.abs(sum / (2 * SPIKES) - (up + down * 0.001) / (up + down))).toBeLessThan(0.03);
    },
  );
});

describe('the outcome', () => {
  it('does not depend on the rate at all when answers are prompt', () => {
    const weights = RATES.map((rate) => {
      const random = randomFrom(9);
      const it = traffic(rate, (spike, handle) => {
        if (random() < 0.5) handle.reply(spike, undefined, MODULATORY);
      });
      for (let i = 0; i < 500; i++) {
        askBoth(it);
        it.bus.tick();
        it.bus.clock.advance(it.interval / 1e6);
      }
      it.bus.stats();
      return [it.answered.synapse.weight, it.silent.synapse.weight];
    });
    for (const pair of weights) expect(pair).toEqual(weights[0]);
  });

  it('prefers the faster of two that answer', () => {
    const bus = makeBus();
    const asker = add(bus).id;
    const slow: { at: number; answer: () => void }[] = [];
    const [fast, late] = [1, 40].map((ms) => {
      const probe = add(bus, (spike, handle) => {
        const kept = spike.clone();
        slow.push({
          at: bus.clock.now() + ms * 1e6,
          answer: () => handle.reply(kept, undefined, MODULATORY),
        });
      });
      return bus.connect(asker, probe.id).weight(0.3).build();
    });
    for (let i = 0; i < 200; i++) {
      bus.fire(asker, {});
      for (let ms = 0; ms < 50; ms++) {
        bus.tick();
        bus.clock.advance(1);
        for (const { at, answer } of slow.splice(0)) {
          if (at <= bus.clock.now()) answer();
          else slow.push({ at, answer });
        }
      }
    }
    bus.tick();
    bus.stats();
    expect(fast!.weight).toBeGreaterThan(late!.weight + 0.1);
    expect(late!.weight).toBeGreaterThan(0.3);
  });
});
