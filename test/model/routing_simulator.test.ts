// The simulator of bench/routing by hand: few requests, whose ends can be told in advance.
import { describe, expect, it } from 'vitest';
import type { Balancer, Surroundings } from '../../bench/routing/balancer.js';
import { simulate } from '../../bench/routing/simulator.js';
import { World, type WorldEvent } from '../../bench/routing/world.js';

const ms = 1e6;

/** Sends to the agents in `plan`, one after the other, and writes down what it is told. */
function run(options: {
  meanMs: readonly number[];
  atMs: readonly number[];
  plan: readonly number[];
  events?: readonly WorldEvent[];
  timeoutMs?: number;
  failing?: number;
}) {
  const { meanMs, atMs, plan, events = [], timeoutMs = 1000, failing } = options;
  const world = new World(meanMs.map((mean) => mean * ms));
  if (failing !== undefined) world.failing[failing] = 1;
  const told: string[] = [];
  const members: number[][] = [];
  let next = 0;
  const make = (around: Surroundings): Balancer => ({
    choose: () => {
      members.push([...around.members.list]);
      return plan[next++]!;
    },
    sent: (agent) => around.queued[agent]!,
    done: (agent, _sentNs, queued, outcome, nowNs) =>
      told.push(`${agent} ${outcome} at ${nowNs / ms}, ${queued} with it`),
  });
  const arrivals = {
    atNs: Float64Array.from(atMs, (at) => at * ms),
    requester: new Uint8Array(atMs.length),
    work: new Float64Array(atMs.length).fill(1),
    noise: new Float64Array(atMs.length),
  };
  const rules = { requesters: 1, timeoutNs: timeoutMs * ms, detectionNs: 5 * ms };
  const trace = simulate({ world, events, arrivals }, rules, make, 1);
  return { told, members, latenciesMs: [...trace.latencyNs].map((ns) => ns / ms), trace };
}

function set(atMs: number, agent: number, alive: number): WorldEvent {
  return {
    atNs: atMs * ms,
    apply(world) {
      world.alive[agent] = alive;
    },
  };
}

describe('an agent of the simulator', () => {
  it('works off one request at a time, in the order of arrival', () => {
    const { told, latenciesMs } = run({ meanMs: [10, 20], atMs: [0, 1, 2, 3], plan: [0, 0, 1, 0] });
    expect(told).toEqual([
      '0 answered at 10, 1 with it',
      '0 answered at 20, 2 with it',
      '1 answered at 22, 1 with it',
      '0 answered at 30, 3 with it',
    ]);
    expect(latenciesMs).toEqual([10, 19, 20, 27]);
  });

  it('that fails answers with an error, which counts as the timeout', () => {
    const { told, latenciesMs } = run({ meanMs: [1, 10], atMs: [0], plan: [0], failing: 0 });
    expect(told).toEqual(['0 failed at 1, 1 with it']);
    expect(latenciesMs).toEqual([1000]);
  });

  it('that is too slow is silent for its requester, once', () => {
    const { told, latenciesMs } = run({ meanMs: [10], atMs: [0, 1], plan: [0, 0], timeoutMs: 15 });
    expect(told).toEqual(['0 answered at 10, 1 with it', '0 silent at 16, 2 with it']);
    expect(latenciesMs).toEqual([10, 15]);
  });

  it('that dies loses what it had, which its requester is told when the bus notices', () => {
    const { told, members, trace } = run({
      meanMs: [10, 10],
      atMs: [0, 1, 6, 9],
      plan: [0, 0, 0, 1],
      events: [set(3, 0, 0)],
    });
    expect(told).toEqual([
      '0 failed at 8, 1 with it',
      '0 failed at 8, 2 with it',
      '0 failed at 8, 3 with it',
      '1 answered at 19, 1 with it',
    ]);
    expect(members).toEqual([[0, 1], [0, 1], [0, 1], [1]]);
    expect([...trace.failed]).toEqual([1, 1, 1, 0]);
    expect(trace.sentToKnownDead).toBe(0);
  });

  it('that is asked although it is known to be dead is counted', () => {
    const { trace } = run({ meanMs: [10, 10], atMs: [9], plan: [0], events: [set(3, 0, 0)], timeoutMs: 50 });
    expect(trace.sentToKnownDead).toBe(1);
  });

  it('that comes back is a member again and begins anew', () => {
    const { told, members } = run({
      meanMs: [10, 10],
      atMs: [9, 12, 21],
      plan: [1, 0, 0],
      events: [set(3, 0, 0), set(20, 0, 1)],
      timeoutMs: 5,
    });
    expect(members).toEqual([[1], [1], [0, 1]]);
    expect(told.at(-1)).toContain('0 silent at 26');
  });
});
