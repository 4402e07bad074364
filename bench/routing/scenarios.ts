// SPDX-License-Identifier: MIT
//
// The scenarios: what the agents are like, how much is asked of them, and what happens on the way. Pure functions of a seed.
//
// Service times are exponential. A load of 70 % means: requests arrive at 0.7 of the rate at which all agents that live and
// work together can answer.

import { seededRandom } from '../../lib/memory/random.js';
import type { Rules } from './simulator.js';
import { type Arrivals, type Run, World, type WorldEvent } from './world.js';

const ms = 1e6;
const second = 1e9;

export interface RoutingScenario {
  readonly name: string;
  readonly title: string;
  readonly text: string;
  readonly requests: number;
  readonly rules: Omit<Rules, 'requesters'>;
  /** Requests from here on count into mean and p99. */
  readonly warmUp: number;
  /** The request at which the world changes, in scenarios that ask how long it takes to get over it. */
  readonly changeAt?: number;
  /** An agent or a class of agents whose share of the traffic matters, and from which request on. */
  readonly watched?: { readonly agents: readonly number[]; readonly from: number };
  build(seed: number, requests: number, requesters: number): Run;
}

const rules = { timeoutNs: second, detectionNs: 50 * ms };
const equalNs = 10 * ms;

function seeded(seed: number) {
  const uniform = seededRandom(seed);
  const exponential = () => -Math.log(1 - uniform());
  const normal = () => Math.sqrt(2 * exponential()) * Math.cos(2 * Math.PI * uniform());
  return { uniform, exponential, normal };
}

/** `burst()` requests arrive together, from one requester; mean 1 is the Poisson process. */
function poisson(
  seed: number,
  requests: number,
  requesters: number,
  perSecond: number,
  burst: (uniform: () => number) => number = () => 1,
  meanBurst = 1,
): Arrivals {
  const { uniform, exponential, normal } = seeded(seed);
  const atNs = new Float64Array(requests);
  const requester = new Uint8Array(requests);
  let now = 0;
  for (let i = 0; i < requests; ) {
    now += (exponential() * second * meanBurst) / perSecond;
    const who = Math.floor(uniform() * requesters);
    for (let left = burst(uniform); left > 0 && i < requests; left--) {
      requester[i] = who;
      atNs[i++] = now;
    }
  }
  return {
    atNs,
    requester,
    work: Float64Array.from({ length: requests }, exponential),
    noise: Float64Array.from({ length: requests }, normal),
  };
}

function equalAgents(load: number): RoutingScenario['build'] {
  return (seed, requests, requesters) => {
    const world = new World(new Array<number>(10).fill(equalNs));
    return { world, events: [], arrivals: poisson(seed, requests, requesters, load * world.capacity()) };
  };
}

/** Agent i is i + 1 times as fast as agent 0, which takes 100 ms. */
const speeds = Array.from({ length: 10 }, (_, agent) => (100 * ms) / (agent + 1));

function swapped(world: World): void {
  world.meanNs.reverse();
}

/** From a third of the run on: 3 and 7 die for good, 5 is dead for a second and back for a second, in turns. */
function deaths(arrivals: Arrivals): WorldEvent[] {
  const beginNs = arrivals.atNs[Math.floor(arrivals.atNs.length / 3)];
  const endNs = arrivals.atNs[arrivals.atNs.length - 1];
  const set = (agents: number[], alive: number) => (world: World) => {
    for (const agent of agents) world.alive[agent] = alive;
  };
  const events: WorldEvent[] = [{ atNs: beginNs, apply: set([3, 5, 7], 0) }];
  for (let atNs = beginNs + second, alive = 1; atNs < endNs; atNs += second, alive = 1 - alive)
    events.push({ atNs, apply: set([5], alive) });
  return events;
}

/** One agent at a time works at a fifth of its speed; spells and gaps last a second on average. */
function antagonist(seed: number, endNs: number, agents: number): WorldEvent[] {
  const { uniform, exponential } = seeded(seed + 7919);
  const events: WorldEvent[] = [];
  for (let now = exponential() * second; now < endNs; now += exponential() * second) {
    const agent = Math.floor(uniform() * agents);
    const slow = (factor: number) => (world: World) => {
      world.meanNs[agent] = equalNs * factor;
    };
    events.push({ atNs: now, apply: slow(5) });
    now += exponential() * second;
    events.push({ atNs: now, apply: slow(1) });
  }
  return events;
}

/** Other distributions of service times, all with mean 1, from a uniform and a normal number. */
export const otherServiceTimes: Readonly<Record<string, (uniform: number, normal: number) => number>> = {
  constant: () => 1,
  'log-normal': (_, normal) => Math.exp(Math.sqrt(Math.log(5)) * normal - Math.log(5) / 2),
  'one in ten long': (uniform) => (uniform < 0.1 ? 5.5 : 0.5),
};

/** The same scenario with other service times. */
export function withServiceTimes(scenario: RoutingScenario, name: string): RoutingScenario {
  const workOf = otherServiceTimes[name];
  return {
    ...scenario,
    build(seed, requests, requesters) {
      const run = scenario.build(seed, requests, requesters);
      const { uniform, normal } = seeded(seed + 104_729);
      const work = run.arrivals.work.map(() => workOf(uniform(), normal()));
      return { ...run, arrivals: { ...run.arrivals, work } };
    },
  };
}

const qualities = [0.8, 0.8, 0.8, 0.8, 0.8, 0.2, 0.2, 0.2, -0.4, -0.4];

export const routingScenarios: readonly RoutingScenario[] = [
  {
    name: 'a50',
    title: 'Equal agents, 50 %',
    text: 'Ten agents of 10 ms.',
    requests: 20_000,
    rules,
    warmUp: 2_000,
    build: equalAgents(0.5),
  },
  {
    name: 'a80',
    title: 'Equal agents, 80 %',
    text: 'Ten agents of 10 ms.',
    requests: 20_000,
    rules,
    warmUp: 2_000,
    build: equalAgents(0.8),
  },
  {
    name: 'b',
    title: 'Speeds up to 10 × apart',
    text: 'Ten agents of 100 ms, 50 ms, 33 ms … 10 ms, at 70 %.',
    requests: 20_000,
    rules,
    warmUp: 2_000,
    build(seed, requests, requesters) {
      const world = new World(speeds);
      return { world, events: [], arrivals: poisson(seed, requests, requesters, 0.7 * world.capacity()) };
    },
  },
  {
    name: 'c',
    title: 'Speeds swapped half-way',
    text: 'As b; half-way the fastest becomes the slowest, the second fastest the second slowest, and so on.',
    requests: 20_000,
    rules,
    warmUp: 2_000,
    changeAt: 10_000,
    build(seed, requests, requesters) {
      const world = new World(speeds);
      const arrivals = poisson(seed, requests, requesters, 0.7 * world.capacity());
      return { world, events: [{ atNs: arrivals.atNs[requests >> 1], apply: swapped }], arrivals };
    },
  },
  {
    name: 'd',
    title: 'Two of ten die, one flaps',
    text: 'Ten agents of 10 ms at 55 % of all ten. After a third of the run two die; a third one is dead for a second and back for a second, in turns. The bus notices a death after 50 ms.',
    requests: 20_000,
    rules,
    warmUp: 2_000,
    changeAt: 6_666,
    build(seed, requests, requesters) {
      const world = new World(new Array<number>(10).fill(equalNs));
      const arrivals = poisson(seed, requests, requesters, 0.55 * world.capacity());
      return { world, events: deaths(arrivals), arrivals };
    },
  },
  {
    name: 'e',
    title: 'One fails fast',
    text: 'Nine agents of 10 ms at 60 % of their rate, and one that answers with an error after 1 ms, every time.',
    requests: 20_000,
    rules,
    warmUp: 200,
    watched: { agents: [4], from: 200 },
    build(seed, requests, requesters) {
      const world = new World(new Array<number>(10).fill(equalNs));
      world.failing[4] = 1;
      world.meanNs[4] = ms;
      return { world, events: [], arrivals: poisson(seed, requests, requesters, 0.6 * world.capacity()) };
    },
  },
  {
    name: 'f',
    title: 'Answers of different quality',
    text: 'Ten agents of 10 ms at 15 %: five whose answers are worth 0.8 on average, three 0.2, two -0.4. Every answer is rewarded with its worth plus noise of deviation 0.2, clipped to [-1, 1].',
    requests: 20_000,
    rules: { ...rules, rewardNoise: 0.2 },
    warmUp: 500,
    watched: { agents: [0, 1, 2, 3, 4], from: 500 },
    build(seed, requests, requesters) {
      const world = new World(new Array<number>(10).fill(equalNs));
      world.quality.set(qualities);
      return { world, events: [], arrivals: poisson(seed, requests, requesters, 0.15 * world.capacity()) };
    },
  },
  {
    name: 'g',
    title: 'A hundred agents, bursts',
    text: 'A hundred agents of 10 ms at 60 %. Requests come in bursts of 20 on average (geometric), each from one requester at one instant; bursts are Poisson.',
    requests: 40_000,
    rules,
    warmUp: 4_000,
    build(seed, requests, requesters) {
      const world = new World(new Array<number>(100).fill(equalNs));
      const geometric = (uniform: () => number) => 1 + Math.floor(Math.log(1 - uniform()) / Math.log(0.95));
      const arrivals = poisson(seed, requests, requesters, 0.6 * world.capacity(), geometric, 20);
      return { world, events: [], arrivals };
    },
  },
  {
    name: 'h',
    title: 'A hidden antagonist',
    text: 'Ten agents of 10 ms at 60 %. At random times one of them, drawn at random, works at a fifth of its speed for a second on average; gaps are as long.',
    requests: 20_000,
    rules,
    warmUp: 2_000,
    build(seed, requests, requesters) {
      const world = new World(new Array<number>(10).fill(equalNs));
      const arrivals = poisson(seed, requests, requesters, 0.6 * world.capacity());
      return { world, events: antagonist(seed, arrivals.atNs[requests - 1], 10), arrivals };
    },
  },
];
