// A virtual clock and a seed: the same conversations and the same weights, bit for bit.
import { expect, it } from 'vitest';
import { makeBus, turn } from '../support.js';
import { type Agent, addAgent } from './support.js';

async function run(seed: number): Promise<string> {
  const bus = makeBus({ seed, axonCapacity: 256 });
  const log: unknown[] = [];
  const agents: Agent[] = Array.from({ length: 6 }, (_, i) =>
    addAgent(
      bus,
      async (request, handle) => {
        log.push([i, request.value, request.from, request.remainingMs, bus.clock.now()]);
        const choice = handle.random();
        if (choice < 0.2) throw new Error('on purpose');
        if (choice < 0.3) return new Promise(() => {});
        if (choice < 0.5 && request.remainingMs > 1)
          return (await request.request({ capability: 'work' }, 'passed on')).value;
        return `${i}: ${choice}`;
      },
      { capabilities: ['work'] },
      1 + (i % 3),
    ),
  );
  for (const from of agents) {
    for (const to of agents) if (from !== to) bus.connect(from.id, to.id).weight(bus.random()).build();
  }
  const net = bus.network({ stages: ['work', 'work'], timeoutMs: 25, hedgeMs: 4 });
  for (let round = 0; round < 60; round++) {
    void net.infer(round).then(({ status, path, failed }) => log.push([status, path, failed]));
    for (const { handle } of agents) {
      const options = {
        timeoutMs: 1 + 20 * bus.random(),
        priority: round % 7,
        idempotent: round % 2 === 0,
        backoffMs: 2,
      };
      handle.request({ capability: 'work' }, round, options).then(
        (reply) => log.push([reply.value, reply.from, reply.latencyNs, reply.reward(2 * bus.random() - 1)]),
        (error) => log.push([error.code, round]),
      );
    }
    for (let i = 0; i < 3; i++) {
      bus.tick();
      await turn();
    }
    bus.clock.advance(bus.random() * 10);
    await turn();
  }
  const { uptimeNs, pending, waiting, late, published, delivered, dropped } = bus.stats();
  log.push(bus.synapses().map(({ pre, post, weight }) => [pre, post, weight]));
  log.push({ uptimeNs, pending, waiting, late, published, delivered, dropped });
  return JSON.stringify(log);
}

it('the same seed gives the same run', async () => {
  const [first, second, other] = [await run(7), await run(7), await run(8)];
  expect(second).toBe(first);
  expect(other).not.toBe(first);
  for (const code of ['ERR_NB_TIMEOUT', 'ERR_NB_REMOTE', 'passed on', 'partial'])
    expect(first).toContain(code);
});
