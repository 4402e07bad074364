// Latency statistics: how long spikes waited, in bounded memory, exact to a sixteenth.
import { describe, expect, it } from 'vitest';
import { add, makeBus, randomFrom } from './support.js';

/** Fires one spike for each wait (ms), delivered after exactly that time. */
function waited(waits: readonly number[], options = {}) {
  const bus = makeBus({ axonCapacity: 2, ...options });
  const probe = add(bus);
  for (const wait of waits) {
    bus.fire(probe.id, { target: probe.id });
    bus.clock.advance(wait);
    bus.tick();
  }
  return bus.stats().latencyNs;
}

describe('before the first delivery', () => {
  it('everything is 0', () => {
    expect(makeBus().stats().latencyNs).toEqual({ count: 0, p50: 0, p99: 0, p999: 0, max: 0 });
  });
});

describe('with one wait', () => {
  it.each([0, 1e-6, 15e-6, 16e-6, 17e-6, 0.001, 0.5, 1, 1000, 86_400_000])('of %s ms all say so', (wait) => {
    const { count, p50, p999, max } = waited(Array(10).fill(wait));
    const exact = Math.round(wait * 1e6);
    expect([count, max]).toEqual([10, exact]);
    for (const quantile of [p50, p999]) {
      expect(quantile).toBeGreaterThanOrEqual(exact);
      expect(quantile).toBeLessThanOrEqual(exact * (1 + 1 / 16));
    }
  });
});

describe('with many', () => {
  it('quantiles are those of the exact order, at most a sixteenth too large', () => {
    const random = randomFrom(3);
    const waits = Array.from({ length: 5000 }, () => Math.round(10 ** (random() * 6)) / 1e6);
    const { p50, p99, p999, max, count } = waited(waits);
    const sorted = waits.map((wait) => Math.round(wait * 1e6)).sort((a, b) => a - b);
    expect([count, max]).toEqual([5000, sorted.at(-1)]);
    for (const [share, quantile] of [
      [0.5, p50],
      [0.99, p99],
      [0.999, p999],
    ] as const) {
      const exact = sorted[Math.ceil(share * sorted.length) - 1]!;
      expect(quantile).toBeGreaterThanOrEqual(exact);
      expect(quantile).toBeLessThanOrEqual(exact * (1 + 1 / 16));
    }
  });

  it('one slow spike in a thousand shows in the maximum and at p999, not in the median', () => {
    const { p50, p99, p999, max } = waited([...Array(1996).fill(0.001), ...Array(4).fill(50)]);
    expect(max).toBe(50e6);
    expect(p999).toBeGreaterThanOrEqual(50e6 / 1.0625);
    expect(p99).toBeLessThanOrEqual(1063);
    expect(p50).toBeLessThanOrEqual(1063);
  });
});

describe('what counts', () => {
  it('each receiver of a broadcast, and nothing that was dropped', () => {
    const bus = makeBus();
    const [a, b, c] = [add(bus), add(bus), add(bus)];
    for (const post of [b, c]) bus.connect(a.id, post.id).build();
    bus.fire(a.id, {});
    bus.fire(a.id, { target: a.id });
    bus.fire(b.id, {});
    bus.clock.advance(1);
    bus.tick();
    expect(bus.stats().latencyNs).toMatchObject({ count: 3, max: 1e6 });
    expect(bus.stats().delivered).toBe(3);
  });

  it('a spike that a handler fired, from the moment it fired', () => {
    const bus = makeBus();
    const probe = add(bus, (spike, handle) => {
      if (spike.length === 0) handle.fireTo(probe.id, 'second');
    });
    bus.fire(probe.id, { target: probe.id });
    bus.clock.advance(2);
    bus.tick();
    bus.clock.advance(7);
    bus.tick();
    expect(bus.stats().latencyNs).toMatchObject({ count: 2, max: 7e6 });
  });

  it('time inside handlers: who comes later in a batch waited longer', () => {
    const bus = makeBus({ stamps: 'each' });
    const probe = add(bus, () => bus.clock.advance(10));
    for (let i = 0; i < 5; i++) bus.fire(probe.id, { target: probe.id });
    bus.tick();
    expect(bus.stats().latencyNs.max).toBe(40e6);
  });

  it('on the real clock the order of things holds', () => {
    const bus = makeBus({ clock: 'real' });
    const probe = add(bus);
    const before = bus.clock.now();
    for (let i = 0; i < 1000; i++) {
      bus.fire(probe.id, { target: probe.id });
      bus.tick();
    }
    const { count, p50, p99, p999, max } = bus.stats().latencyNs;
    const all = bus.clock.now() - before;
    expect(count).toBe(1000);
    expect([p50 <= p99, p99 <= p999, p999 <= max, max <= all]).toEqual([true, true, true, true]);
    for (const spike of probe.spikes) expect(spike.timestamp).toBeGreaterThanOrEqual(before);
    for (let i = 1; i < 1000; i++) {
      expect(probe.spikes[i]!.timestamp).toBeGreaterThanOrEqual(probe.spikes[i - 1]!.timestamp);
    }
  });

  it('uptime and clock are those of the bus', () => {
    const bus = makeBus();
    bus.clock.advance(123);
    expect(bus.stats()).toMatchObject({ clock: 'virtual', uptimeNs: 123e6 });
    const real = makeBus({ clock: 'real' });
    expect(['tsc', 'cntvct', 'monotonic']).toContain(real.stats().clock);
    expect(real.stats().uptimeNs).toBeGreaterThan(0);
  });
});

describe('stamps', () => {
  const spin = (ms: number) => {
    const until = performance.now() + ms;
    while (performance.now() < until);
  };

  /** Fires, lets 2 ms pass, fires again; returns how far the two stamps are apart, ms. */
  async function apart(stamps: 'burst' | 'each', pass: () => void | Promise<void>): Promise<number> {
    const bus = makeBus({ clock: 'real', stamps });
    const probe = add(bus);
    bus.fire(probe.id, { target: probe.id });
    await pass();
    bus.fire(probe.id, { target: probe.id });
    bus.tick();
    return (probe.spikes[1]!.timestamp - probe.spikes[0]!.timestamp) / 1e6;
  }

  it("'each' tells two spikes of one job apart", async () => {
    const bus = makeBus({ clock: 'real', stamps: 'each' });
    const probe = add(bus);
    bus.fire(probe.id, { target: probe.id });
    spin(2);
    bus.fire(probe.id, { target: probe.id });
    bus.tick();
    expect(probe.spikes[1]!.timestamp - probe.spikes[0]!.timestamp).toBeGreaterThanOrEqual(2e6);
  });

  it.each(['burst', 'each'] as const)(
    "'%s' reads the clock anew after an await and after a tick",
    async (stamps) => {
      expect(await apart(stamps, () => new Promise((resolve) => setTimeout(resolve, 3)))).toBeGreaterThan(1);
      const bus = makeBus({ clock: 'real', stamps });
      const probe = add(bus);
      for (let i = 0; i < 2; i++) {
        bus.fire(probe.id, { target: probe.id });
        bus.tick();
        spin(2);
      }
      expect(probe.spikes[1]!.timestamp - probe.spikes[0]!.timestamp).toBeGreaterThanOrEqual(2e6);
    },
  );

  it("'burst' gives the spikes of a quick burst few readings, and never goes back", () => {
    const bus = makeBus({ clock: 'real', axonCapacity: 4096 });
    const probe = add(bus);
    for (let i = 0; i < 640; i++) bus.fire(probe.id, { target: probe.id });
    bus.tick();
    const stamps = probe.spikes.map((spike) => spike.timestamp);
    expect(new Set(stamps).size).toBeLessThanOrEqual(10);
    expect(stamps).toEqual([...stamps].sort((a, b) => a - b));
  });
});
