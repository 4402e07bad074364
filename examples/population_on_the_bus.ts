// A spiking network as one agent among others: it sees whether a noisy line lies or stands. A retina makes spikes of the image,
// edge detectors of two orientations answer, and inhibit each other; agents ask it, and it goes on when most of it dies.
import { Neuron, NeuronBus } from 'neuronbus';
import {
  ClassDecoder,
  type ClassOutput,
  LatencyEncoder,
  lif,
  Retina,
  SpikingNetwork,
} from 'neuronbus/population';

const SIDE = 16;
const KERNEL = 5;
const OUT = SIDE - KERNEL + 1;
const CLASSES = ['lies', 'stands'];
const net = new SpikingNetwork({ dtMs: 0.5, seed: 1 });
const input = net.spikeSource(SIDE * SIDE * 2);
const output = net.population(OUT * OUT * 2, lif({ tauMs: 10, synapseTauMs: 2, refractoryMs: 2 }));

// [orientation][y][x][ON, OFF]: light along the middle excites, light beside it and darkness on it inhibit.
const kernel = CLASSES.flatMap((_, standing) =>
  Array.from({ length: KERNEL * KERNEL }, (_, i) => {
    const across = standing ? i % KERNEL : Math.floor(i / KERNEL);
    const along = across === (KERNEL - 1) / 2;
    return [along ? 40 : -10, along ? -10 : 10];
  }).flat(),
);
net.connect(input, output, {
  pattern: 'convolution',
  input: { height: SIDE, width: SIDE, channels: 2 },
  kernel: { height: KERNEL, width: KERNEL },
  channels: 2,
  weightMv: kernel,
});
// Lateral inhibition: who fires quiets others, wherever they look.
net.connect(output, output, { pattern: 'fixed-in-degree', degree: 48, weightMv: -2 });

const eye = net.asNeuron<number[], ClassOutput>({
  input,
  output,
  encoder: new Retina({
    width: SIDE,
    height: SIDE,
    code: new LatencyEncoder({ size: input.size, threshold: 0.15 }),
  }),
  decoder: new ClassDecoder({ classes: Array.from({ length: output.size }, (_, i) => i % 2) }),
  windowMs: 30,
  settleMs: 30,
});

const bus = NeuronBus.create({ seed: 7 });
bus.register(eye, { name: 'eye', capabilities: ['see lines'] });
const me = bus.register(new (class extends Neuron {})(), { name: 'painter' });
bus.start();

/** A line at some place, and noise up to its brightness. */
function paint(standing: boolean, noise: number): number[] {
  const at = 3 + Math.floor(bus.random() * (SIDE - 6));
  return Array.from({ length: SIDE * SIDE }, (_, i) => {
    const across = standing ? i % SIDE : Math.floor(i / SIDE);
    return noise * bus.random() + (across === at ? 1 - noise : 0);
  });
}

async function examine(images: number): Promise<string> {
  let right = 0;
  for (let i = 0; i < images; i++) {
    const standing = bus.random() < 0.5;
    const { value } = await bus.request<number[], ClassOutput | undefined>(
      me,
      { capability: 'see lines' },
      paint(standing, 0.65),
    );
    if (value?.class === Number(standing)) right++;
  }
  return `${right} of ${images} lines (chance: ${images / 2})`;
}

console.log(`It sees ${await examine(100)}.`);

eye.broadcast(paint(true, 0.4)); // returns at once
const [consensus, decision] = await Promise.all([
  eye.awaitConsensus(0.8, { quorum: 3, timeoutMs: 10_000 }),
  eye.awaitDecision({ confidence: 0.9, timeoutMs: 10_000 }),
]);
console.log(
  `A line that stands: ${consensus.active} neurons agree after ${consensus.timeMs} ms that it ${CLASSES[consensus.class]},`,
);
console.log(`and after ${decision.timeMs} ms it is sure: it ${CLASSES[decision.class]}.`);

eye.events.on('ablate', ({ neurons }) => console.log(`${neurons.length} of its ${output.size} neurons die;`));
await eye.kill(Array.from({ length: output.size }, (_, i) => i).filter((i) => i % 8 > 1));
console.log(`then it sees ${await examine(100)}.`);
const [healed] = await eye.heal();
console.log(
  `Healing cuts ${healed.removed} synapses of the dead and grows ${healed.grown} between the living;`,
);
console.log(`now it sees ${await examine(100)}.`);

bus.close();
net.close();
