// How long a spike takes: two neurons on one thread, one spike in each tick. Every time is read from the
// calibrated clock.
//
//   node .build/examples/ping_pong.js [--rounds N]
import { clock, Neuron, NeuronBus, type NeuronHandle, type Spike } from 'neuronbus';
import { integersFrom } from './shared/arguments.js';
import { bold, dim, duration, integer, table } from './shared/terminal.js';

const WARM_UP = 20_000;

class Pong extends Neuron {
  arrivedNs = 0;
  onSpike(spike: Spike, handle: NeuronHandle): void {
    this.arrivedNs = clock.now();
    handle.reply(spike);
  }
}

class Ping extends Neuron {
  arrivedNs = 0;
  onSpike(): void {
    this.arrivedNs = clock.now();
  }
}

function percentiles(label: string, times: Float64Array): string[] {
  const sorted = times.slice().sort();
  const at = (share: number) => duration(sorted[Math.ceil(share * sorted.length) - 1]!);
  return [label, at(0.5), at(0.99), at(0.999), duration(sorted.at(-1)!)];
}

/** ns, the smallest of many: what the clock itself adds to every interval below. */
function readingCost(): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 10_000; i++) least = Math.min(least, -clock.now() + clock.now());
  return least;
}

const { rounds } = integersFrom({ rounds: [200_000, 1] });
const bus = NeuronBus.create({ checks: 'production' });
const ping = new Ping();
const pong = new Pong();
const pingId = bus.register(ping, { name: 'ping' });
const pongId = bus.register(pong, { name: 'pong' });
bus.connect(pingId, pongId).build();

const oneWay = new Float64Array(rounds);
const roundTrip = new Float64Array(rounds);
for (let round = -WARM_UP; round < rounds; round++) {
  const fired = clock.now();
  bus.fire(pingId, { target: pongId });
  bus.tick();
  bus.tick();
  if (round < 0) continue;
  oneWay[round] = pong.arrivedNs - fired;
  roundTrip[round] = ping.arrivedNs - fired;
}

const { published, delivered } = bus.stats();
bus.close();

const source = `${clock.source} at ${(clock.frequencyHz / 1e9).toFixed(3)} GHz`;
console.log(
  `${bold('ping_pong')}  ${integer(rounds)} rounds after ${integer(WARM_UP)} to warm up, one spike a tick`,
);
console.log(
  `${dim('clock')}      ${source}; one reading costs ${duration(readingCost())}, which is part of each time\n`,
);
const head = ['', 'p50', 'p99', 'p999', 'max'];
const rows = [percentiles('fire → onSpike', oneWay), percentiles('fire → answer', roundTrip)];
for (const line of table([head, ...rows], 'lrrrr')) console.log(line);
console.log(
  '\nfire → onSpike: from before fire() of the question to the first line of onSpike of the other neuron.',
);
console.log('fire → answer: from there to the first line of onSpike of the asker; two spikes, two ticks.');
console.log(`${integer(published)} spikes published, ${integer(delivered)} delivered.`);
