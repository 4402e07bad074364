// A hundred agents that learn whom to ask. Each asks eight others; those of one region always answer, those
// of another never. Answered synapses grow, unanswered ones shrink, at any rate of spikes, and whichever thread
// the other side lives on.
//
//   node .build/examples/swarm.js [--seed N] [--rounds N] [--threads N]
//
// On as many threads as there are processors, at most 6. With --threads 1 time is virtual, and the same seed gives
// the same weights on every machine; the last number alone is measured on the real clock.
import { availableParallelism } from 'node:os';
import { clock, type NeuronBusOptions } from 'neuronbus';
import { integersFrom } from './shared/arguments.js';
import { bold, dim, green, integer, red, table } from './shared/terminal.js';
import { REGIONS } from './swarm/colony.js';
import { expectedWeight, PROBABILITIES, RATES, weightsAt } from './swarm/rates.js';
import { onThisThread, onThreads, type Swarm } from './swarm/swarm.js';

function show(title: string, rows: readonly (readonly string[])[], align: string): void {
  const [head, ...lines] = table(rows, align);
  console.log(`${bold(title)}\n\n  ${dim(head!)}`);
  for (const line of lines) console.log(`  ${line}`);
  console.log('');
}

function swarmOn(threads: number, options: NeuronBusOptions): Promise<Swarm> | Swarm {
  return threads === 1 ? onThisThread(options) : onThreads(threads, { ...options, clock: 'real' });
}

async function learning(seed: number, rounds: number, threads: number): Promise<void> {
  const { bus, colony, ask, settle } = await swarmOn(threads, { clock: 'virtual', seed });
  const before = colony.weights();
  for (let round = 0; round < rounds; round++) await ask(1);
  await settle();
  const after = colony.weights();
  const rows = after.map(({ region, answers, mean, strongest, weakest, synapses }, at) => {
    const was = before[at]!;
    const change = mean - was.mean;
    const arrow = change > 0 ? green(`+${change.toFixed(3)}`) : red(change.toFixed(3));
    const numbers = [was.mean, mean, was.strongest, strongest, was.weakest, weakest].map((value) =>
      value.toFixed(3),
    );
    return [
      region,
      `${answers * 100} %`,
      String(synapses),
      ...numbers.slice(0, 2),
      arrow,
      ...numbers.slice(2),
    ];
  });
  const { published, delivered, dropped, queued, synapses, ganglia } = bus.stats();
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  bus.close();
  const where = ganglia > 1 ? `, ${ganglia} threads` : '';
  const size = `${colony.ids.length} neurons, ${Object.keys(REGIONS).length} regions, ${synapses} synapses${where}`;
  console.log(`${bold('swarm')}  ${size}, ${rounds} rounds, seed ${seed}\n`);
  const head = ['region', 'answers', 'paths', 'mean', '→', 'change', 'strongest', '→', 'weakest', '→'];
  show('Weight of the paths into each region, before → after', [head, ...rows], 'lrrrrrrrrr');
  const sums = [published, delivered, lost, queued].map(integer);
  console.log(`  ${sums[0]} published = ${sums[1]} delivered + ${sums[2]} dropped + ${sums[3]} queued\n`);
}

function rates(seed: number): void {
  const head = ['spikes/s', ...PROBABILITIES.map((probability) => `${probability * 100} %`)];
  const rows = RATES.map((rate) => [
    integer(rate),
    ...weightsAt(rate, seed).map((weight) => weight.toFixed(3)),
  ]);
  const expected = [
    'expected',
    ...PROBABILITIES.map((probability) => expectedWeight(probability).toFixed(3)),
  ];
  show(
    'Weight learned from 3,000 spikes, by rate and by how often they are answered',
    [head, ...rows, expected],
    'rrrrrr',
  );
}

async function speed(rounds: number, threads: number): Promise<void> {
  const { bus, ask } = await swarmOn(threads, { seed: 1, checks: 'production' });
  // Several rounds at once, so that no thread waits for another one between two of them.
  const together = 8;
  const run = async (count: number): Promise<void> => {
    for (let round = 0; round < count; round += together) await ask(together);
  };
  await run(rounds / 4);
  const { delivered } = bus.stats();
  const started = clock.now();
  await run(rounds);
  const seconds = (clock.now() - started) / 1e9;
  const spikes = bus.stats().delivered - delivered;
  bus.close();
  console.log(
    `${bold('Speed')}  ${integer(spikes / seconds)} spikes/s on the real clock, learning and answers included`,
  );
}

const { seed, rounds, threads } = integersFrom({
  seed: [1, 0],
  rounds: [400, 1],
  threads: [Math.min(availableParallelism(), 6), 1, 16],
});
await learning(seed, rounds, threads);
rates(seed);
await speed(rounds, threads);
