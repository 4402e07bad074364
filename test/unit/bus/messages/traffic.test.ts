// bus.traffic(): counts, rates and latencies by kind of message and by agent.

import { Neuron, type NeuronBus, type Request } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { bucketOf, bucketTop, quantileBucket } from '../../../../lib/bus/histogram.js';
import { collectGarbage } from '../../../support.js';
import { codeOfPromise, makeBus, randomFrom } from '../support.js';

class Server extends Neuron {
  override onMessage(): void {}

  override onRequest(request: Request): unknown {
    if (request.value === 'fail') throw new Error('on purpose');
    return request.value === 'wait' ? undefined : 'ok';
  }
}

function agents(bus: NeuronBus, n: number): number[] {
  return Array.from({ length: n }, (_, i) => bus.register(new Server(), { name: `agent ${i}` }));
}

/** One exchange that takes so long on the virtual clock. */
async function exchange(bus: NeuronBus, from: number, to: number, ms: number, value = 'ok'): Promise<string> {
  const code = codeOfPromise(bus.request(from, to, value, { timeoutMs: 1000 }));
  bus.clock.advance(ms);
  bus.run(2);
  return code;
}

describe('a histogram', () => {
  it('has each value in a bucket whose top is it or at most one part in 2^subBits more', () => {
    const random = randomFrom(3);
    for (const subBits of [2, 3, 4]) {
      const exact = Array.from({ length: 300 }, (_, i) => i);
      const wide = Array.from({ length: 3000 }, () => Math.floor(2 ** (random() * 50)));
      const edges = Array.from({ length: 50 }, (_, i) => [2 ** i - 1, 2 ** i, 2 ** i + 1]).flat();
      const values = [...exact, ...wide, ...edges].sort((a, b) => a - b);
      let before = 0;
      for (const value of values) {
        const bucket = bucketOf(value, subBits);
        const top = bucketTop(bucket, subBits);
        expect(bucket).toBeGreaterThanOrEqual(before);
        expect(top).toBeGreaterThanOrEqual(value);
        expect(top - value).toBeLessThanOrEqual(value / 2 ** subBits);
        before = bucket;
      }
    }
  });

  it('finds the bucket below which a share of all values lies', () => {
    const counts = [0, 5, 0, 3, 2];
    const at = (bucket: number) => counts[bucket]!;
    const found = [0.1, 0.5, 0.51, 0.8, 0.81, 1].map((share) => quantileBucket(share, 10, 5, at));
    expect(found).toEqual([1, 1, 3, 3, 4, 4]);
  });
});

describe('traffic', () => {
  it('counts by kind and by agent, as who sent and as who got', async () => {
    const bus = makeBus();
    const [a, b, c] = agents(bus, 3) as [number, number, number];
    for (let i = 0; i < 5; i++) bus.send(a, b, 'x');
    for (let i = 0; i < 3; i++) await exchange(bus, b, c, 1);
    const { byType, byAgent } = bus.traffic();
    expect([byType.send.count, byType.request.count, byType.stream.count]).toEqual([5, 3, 0]);
    const counts = [...byAgent].map(([id, { sent, received }]) => [id, sent.count, received.count]);
    expect(counts.sort()).toEqual([
      [a, 5, 0],
      [b, 3, 5],
      [c, 0, 3],
    ]);
  });

  it('has quantiles of what was answered, at most 1/8 too large, and the exact maximum', async () => {
    const bus = makeBus();
    const [a, b] = agents(bus, 2) as [number, number];
    for (let ms = 1; ms <= 100; ms++) await exchange(bus, a, b, ms);
    await exchange(bus, a, b, 999, 'fail');
    const { byType, byAgent } = bus.traffic();
    const { latencyNs } = byType.request;
    expect([latencyNs.count, latencyNs.max]).toEqual([100, 100e6]);
    for (const [found, exact] of [
      [latencyNs.p50, 50e6],
      [latencyNs.p95, 95e6],
      [latencyNs.p99, 99e6],
    ] as const) {
      expect(found).toBeGreaterThanOrEqual(exact);
      expect(found).toBeLessThanOrEqual(exact * 1.125);
    }
    expect(byAgent.get(b)!.received.latencyNs).toEqual(latencyNs);
    expect(byAgent.get(b)!.sent.latencyNs).toEqual({ count: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  });

  it('counts as errors what failed, was late or was dropped, and not what was given up', async () => {
    const bus = makeBus({ axonCapacity: 4 });
    const [a, b] = agents(bus, 2) as [number, number];
    expect(await exchange(bus, a, b, 1, 'fail')).toBe('ERR_NB_REMOTE');
    expect(await exchange(bus, a, b, 1001, 'wait')).toBe('ERR_NB_TIMEOUT');
    expect(await exchange(bus, a, b, 1)).toBe('no error');
    const abort = new AbortController();
    const aborted = codeOfPromise(bus.request(a, b, 'wait', { signal: abort.signal }));
    abort.abort();
    await aborted;
    bus.run(3);
    expect([bus.traffic().byType.request.count, bus.traffic().byType.request.errors]).toEqual([4, 2]);
    while (bus.send(a, b, 'x'));
    expect(bus.traffic().byType.send.errors).toBe(1);
    expect(bus.traffic().byAgent.get(a)!.sent.errors).toBe(3);
  });

  it('has the rate of the last ten seconds, and that since the beginning', () => {
    const bus = makeBus({ axonCapacity: 1024 });
    const [a, b] = agents(bus, 2) as [number, number];
    const second = (n: number) => {
      for (let i = 0; i < n; i++) {
        bus.send(a, b, 'x');
        bus.clock.advance(1000 / n);
      }
      if (n === 0) bus.clock.advance(1000);
      bus.tick();
    };
    second(100); // from the beginning
    expect(bus.traffic().byType.send.rate / 100).toBeCloseTo(1, 1);
    for (let s = 0; s < 59; s++) second(100);
    let { rate, meanRate } = bus.traffic().byType.send;
    expect(Math.abs(rate / 100 - 1)).toBeLessThan(0.02);
    expect(meanRate).toBeCloseTo(100, 6);
    for (let s = 0; s < 10; s++) second(0); // one time constant
    ({ rate, meanRate } = bus.traffic().byType.send);
    expect(Math.abs(rate / (100 / Math.E) - 1)).toBeLessThan(0.02);
    expect(meanRate).toBeCloseTo(6000 / 70, 6);
  });

  it('forgets agents that left, and does not take a newcomer for them', async () => {
    const bus = makeBus();
    const [a, b] = agents(bus, 2) as [number, number];
    await exchange(bus, a, b, 1);
    bus.unregister(b);
    expect([...bus.traffic().byAgent.keys()]).toEqual([a]);
    for (let i = 0; i < 70_000; i++) {
      const id = bus.register(new Server(), { name: 'passer-by' });
      bus.send(a, id, 'x');
      bus.tick();
      bus.unregister(id);
    }
    const { byAgent } = bus.traffic();
    expect([...byAgent.keys()]).toEqual([a]);
    expect(byAgent.get(a)!.sent.count).toBe(70_001);
    const again = bus.register(new Server(), { name: 'newcomer' });
    bus.send(a, again, 'x');
    expect(bus.traffic().byAgent.get(again)!.received.count).toBe(1);
  });

  it('and history take no more memory after a million messages than after a few', async () => {
    const bus = makeBus({ axonCapacity: 1024, historyCapacity: 512 });
    const [a, b] = agents(bus, 2) as [number, number];
    const used = () => {
      collectGarbage();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return { heapUsed, arrayBuffers };
    };
    const say = (n: number) => {
      for (let i = 0; i < n; i++) {
        bus.send(a, b, 'x');
        if (i % 512 === 511) bus.tick();
      }
      bus.tick();
    };
    say(1000);
    for (let i = 0; i < 10; i++) await exchange(bus, a, b, 1);
    say(20_000);
    const before = used();
    say(1e6);
    const after = used();
    expect(after.arrayBuffers).toBeLessThanOrEqual(before.arrayBuffers);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(1 << 20); // one byte a message
    expect(bus.traffic().byType.send.count).toBe(1_021_000);
  });
});
