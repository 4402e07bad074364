// The nine-agent cycle: what it prints, and what really went over the bus.
import { describe, expect, it, onTestFinished } from 'vitest';
import { Cycle } from '../../examples/agent_cycle/cycle.js';
import { type Job, ROLES } from '../../examples/agent_cycle/messages.js';
import { SETPOINT, TRUE_GAIN } from '../../examples/agent_cycle/plant.js';
import { runExample } from './run.js';

async function begin(seed = 1): Promise<Cycle> {
  const cycle = await Cycle.begin(1, seed);
  onTestFinished(() => cycle.end());
  return cycle;
}

async function runAll(cycle: Cycle, cycles: number): Promise<Job[]> {
  const jobs: Job[] = [];
  for (let number = 1; number <= cycles; number++) jobs.push((await cycle.run(number)).job);
  return jobs;
}

describe('a cycle', () => {
  it('goes through all nine agents in one conversation and leaves five records', async () => {
    const cycle = await begin();
    const { job, latencyNs } = await cycle.run(1);
    expect(job.hops.map(({ role }) => role)).toEqual(ROLES);
    const [{ correlationId }] = job.hops as [Job['hops'][0]];
    expect(correlationId).toBeGreaterThan(0);
    for (const hop of job.hops) {
      expect(hop.correlationId).toBe(correlationId);
      expect(hop.latencyNs).toBeGreaterThan(0);
      expect(hop.latencyNs).toBeLessThan(latencyNs);
    }
    expect((await cycle.board.keys('memory/')).toSorted()).toEqual(
      ['action', 'finding', 'observation', 'outcome', 'verdict'].map((name) => `memory/1/${name}`),
    );
    const { job: second } = await cycle.run(2);
    expect(second.hops[0]!.correlationId).not.toBe(correlationId);
  });

  it('ends at the Validator when that refuses: nothing is done, remembered or learned', async () => {
    const cycle = await begin();
    await runAll(cycle, 3);
    const state = async () => {
      const keys = (await cycle.board.keys()).map(String).toSorted();
      return Promise.all(keys.map(async (key) => [key, await cycle.board.get(key)]));
    };
    const before = await state();
    const { job } = await cycle.run(4); // its sensor is broken
    expect(job.rejected).toBe('a change above 40 %');
    expect(job.hops.map(({ role }) => role)).toEqual(['observer', 'reasoner', 'actor', 'validator']);
    expect(await state()).toEqual(before);
    expect((await cycle.run(5)).job.hops).toHaveLength(ROLES.length);
  });

  it('uses in the next one what was learned: the model comes closer, and so does the furnace', async () => {
    for (const seed of [1, 2, 3]) {
      const cycle = await begin(seed);
      const jobs = (await runAll(cycle, 5)).filter(({ rejected }) => rejected === undefined);
      const [first, second] = jobs as [Job, Job];
      const used = (job: Job) => (job.action!.predicted - job.observation!.mean) / job.action!.change;
      expect(used(first)).toBeCloseTo(1.2);
      expect(used(second)).toBeCloseTo(first.gain!);
      const last = jobs.at(-1)!;
      expect(Math.abs(last.gain! - TRUE_GAIN)).toBeLessThan(Math.abs(1.2 - TRUE_GAIN) / 2);
      expect(Math.abs(last.outcome!.temperature - SETPOINT)).toBeLessThan(5);
      expect(last.threshold).toBeLessThan(4);
    }
  });

  it('forgets the records of cycles long ago', async () => {
    const cycle = await begin();
    await runAll(cycle, 20);
    const cycles = new Set(
      (await cycle.board.keys('memory/')).map((key) => Number(String(key).split('/')[1])),
    );
    expect(Math.min(...cycles)).toBe(5); // 4 was rejected and has none
    expect(cycles).toContain(19);
  });
});

describe('agent_cycle', () => {
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runExample('agent_cycle', args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [did, latency] = stdout.split(/^Latency.*$/m);
    return { did: did!.split('\n').slice(1), latency: latency! };
  };

  it('does the same on any number of threads, and ends', async () => {
    const alone = await run();
    expect(alone.did.filter((line) => line.endsWith(' 5'))).toHaveLength(8);
    expect(alone.did.filter((line) => /rejected +0 {2}a change above 40 %$/.test(line))).toHaveLength(2);
    expect(alone.did).toContain(
      '  8 cycles went through all 9 agents; correlation ids in a cycle: 1, in all: 10',
    );
    for (const threads of ['2', '9']) expect((await run('--threads', threads)).did).toEqual(alone.did);
    expect((await run('--seed', '2')).did).not.toEqual(alone.did);
  });

  it('prints how long each hop and the whole cycle took', async () => {
    const { latency } = await run('--cycles', '4', '--threads', '2');
    const rows = latency.match(/^ {2}.+? {2,}[\d.]+ (ns|µs|ms|s) .*$/gm)!;
    const hops = ROLES.map((role, at) => `${at === 0 ? 'operator' : ROLES[at - 1]} → ${role}`);
    expect(rows.map((row) => row.trim().split(/ {2,}/)[0])).toEqual([...hops, 'the whole cycle']);
    for (const row of rows) expect(row.trim().split(/ {2,}/)).toHaveLength(4);
  });

  it.each([['0'], ['10'], ['x']])('refuses --threads %s', async (threads) => {
    const { code, stdout, stderr } = await runExample('agent_cycle', ['--threads', threads]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(`--threads must be an integer, 1 to 9, not '${threads}'\n`);
  });
});
