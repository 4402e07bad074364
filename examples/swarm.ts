// A hundred agents that learn whom to ask. Each asks eight others; those of one region always answer, those
// of another never. Answered synapses grow, unanswered ones shrink, at any rate of spikes. On the virtual
// clock, so the same seed gives the same weights on every machine; the last number alone is measured on the
// real clock.
//
//   node .build/examples/swarm.js [--seed N] [--rounds N]
import { clock, NeuronBus } from 'neuronbus';
import { integersFrom } from './shared/arguments.js';
import { bold, dim, green, integer, red, table } from './shared/terminal.js';
import { Colony, REGIONS } from './swarm/colony.js';
import { expectedWeight, PROBABILITIES, RATES, weightsAt } from './swarm/rates.js';

function show(title: string, rows: readonly (readonly string[])[], align: string): void {
  const [head, ...lines] = table(rows, align);
  console.log(`${bold(title)}\n\n  ${dim(head!)}`);
  for (const line of lines) console.log(`  ${line}`);
  console.log('');
}

function learning(seed: number, rounds: number): void {
  const bus = NeuronBus.create({ name: 'swarm', clock: 'virtual', seed, maxNeurons: 128 });
  const colony = new Colony(bus);
  const before = colony.weights();
  for (let round = 0; round < rounds; round++) {
    bus.tick();
    bus.clock.advance(1);
  }
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
  const { published, delivered, dropped, queued, neurons, synapses } = bus.stats();
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  bus.close();
  const size = `${neurons} neurons, ${Object.keys(REGIONS).length} regions, ${synapses} synapses`;
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

function speed(rounds: number): void {
  const bus = NeuronBus.create({ seed: 1, maxNeurons: 128, checks: 'production' });
  new Colony(bus);
  for (let round = 0; round < rounds / 4; round++) bus.tick();
  const { delivered } = bus.stats();
  const started = clock.now();
  for (let round = 0; round < rounds; round++) bus.tick();
  const seconds = (clock.now() - started) / 1e9;
  const spikes = bus.stats().delivered - delivered;
  bus.close();
  console.log(
    `${bold('Speed')}  ${integer(spikes / seconds)} spikes/s on the real clock, learning and answers included`,
  );
}

const { seed, rounds } = integersFrom({ seed: [1, 0], rounds: [400, 1] });
learning(seed, rounds);
rates(seed);
speed(rounds);
