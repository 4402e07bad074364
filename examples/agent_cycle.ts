// Nine agents in a cycle, on one thread or several: an Observer measures a furnace, a Reasoner finds what is wrong, an Actor
// proposes a power, a Validator checks it against limits, an Executor sets it, a Memory keeps five records of that, an Analyzer
// compares it with what was predicted, a Learner corrects the model and an Improver the threshold, for the next cycle. When the
// Validator refuses, as it does when the sensor is broken, the cycle ends there. The same seed gives the same cycles on any
// number of threads; the latencies are measured.
//
//   node .build/examples/agent_cycle.js [--cycles N] [--seed N] [--threads N]
import { Cycle, type Finished } from './agent_cycle/cycle.js';
import { ROLES } from './agent_cycle/messages.js';
import { integersFrom } from './shared/arguments.js';
import { bold, dim, duration, red, table } from './shared/terminal.js';

function show(title: string, rows: readonly (readonly string[])[], align: string): void {
  const [head, ...lines] = table(rows, align);
  console.log(`${bold(title)}\n\n  ${dim(head!)}`);
  for (const line of lines) console.log(`  ${line}`);
  console.log('');
}

function rowOf({ job }: Finished): string[] {
  const { cycle, observation, finding, action, outcome, rejected, gain, threshold, records = 0 } = job;
  const signed = (value: number) => `${value < 0 ? '' : '+'}${value.toFixed(1)}`;
  const begin = [
    String(cycle),
    observation!.mean.toFixed(1),
    finding!.anomaly ? 'yes' : 'no',
    signed(action!.change),
  ];
  if (rejected !== undefined) return [...begin, red('rejected'), '', '', '', String(records), rejected];
  const learned = [outcome!.temperature.toFixed(1), gain!.toFixed(2), threshold!.toFixed(2)];
  return [...begin, 'approved', ...learned, String(records)];
}

function spread(values: readonly number[]): string[] {
  const sorted = values.toSorted((a, b) => a - b);
  return [sorted[0]!, sorted[sorted.length >> 1]!, sorted.at(-1)!].map(duration);
}

function latencies(finished: readonly Finished[]): string[][] {
  const rows = ROLES.map((role, at) => {
    const times = finished.flatMap(({ job }) =>
      job.hops.filter((hop) => hop.role === role).map((hop) => hop.latencyNs),
    );
    return [`${at === 0 ? 'operator' : ROLES[at - 1]} → ${role}`, ...(times.length > 0 ? spread(times) : [])];
  });
  const whole = finished.filter(({ job }) => job.rejected === undefined).map(({ latencyNs }) => latencyNs);
  return whole.length > 0 ? [...rows, ['the whole cycle', ...spread(whole)]] : rows;
}

const { cycles, seed, threads } = integersFrom({
  cycles: [10, 1],
  seed: [1, 0],
  threads: [1, 1, ROLES.length],
});
const cycle = await Cycle.begin(threads, seed);
const finished: Finished[] = [];
for (let number = 1; number <= cycles; number++) finished.push(await cycle.run(number));
cycle.end();

console.log(`${bold('agent_cycle')}  9 agents, threads: ${threads}, cycles: ${cycles}, seed ${seed}\n`);
const head = ['cycle', '°C', 'anomaly', 'change %', 'verdict', '°C then', 'gain', 'threshold', 'records', ''];
show('What they did', [head, ...finished.map(rowOf)], 'rrlrlrrrrl');
const conversations = finished.map(({ job }) => new Set(job.hops.map(({ correlationId }) => correlationId)));
const whole = finished.filter(({ job }) => job.hops.length === ROLES.length).length;
console.log(
  `  ${whole} cycles went through all ${ROLES.length} agents; correlation ids in a cycle: ` +
    `${Math.max(...conversations.map(({ size }) => size))}, in all: ${new Set(conversations.flatMap((ids) => [...ids])).size}\n`,
);
show(
  'Latency, from sending to handling',
  [['hop', 'least', 'median', 'most'], ...latencies(finished)],
  'lrrr',
);
