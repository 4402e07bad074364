// A network that learns digits without being told which they are:
//
//   retina (ON and OFF cells) → V1 (edge detectors, fixed) → learning layer, whose neurons inhibit each other
//
// A learning neuron that fires strengthens the synapses from what fired shortly before (STDP), and since the weights into a neuron
// are scaled to a fixed sum, the others give way. Its threshold rises with each spike, so that all get their turn, and lateral
// inhibition leaves an image to those that know it best: neurons become prototypes. The scheme is that of Diehl and Cook 2015
// (Front. Comput. Neurosci. 9:99), with edges for pixels, latencies for rates, and inhibition without a layer of its own.
import {
  adaptiveLif,
  lif,
  type Population,
  type Projection,
  pairStdp,
  type Recording,
  type Retina,
  type SpikeSource,
  type Spikes,
  SpikingNetwork,
} from 'neuronbus/population';
import { edgeKernels, retinaOf, WINDOW_MS } from './vision.js';

/** Without input after each image, until currents and traces are gone. */
const PAUSE_MS = 60;

export const PARAMETERS = {
  /** mV: what all weights into a learning neuron sum to, and the greatest of one. */
  totalMv: 800,
  wMaxMv: 8,
  aPlusMv: 0.4,
  aMinusMv: 0.05,
  tauMs: 25,
  thresholdIncrementMv: 0.5,
  /** ms, for each neuron: the more there are, the more images pass until one has its turn again. */
  thresholdTauMs: 1500,
  inhibitionMv: 60,
  strengthMv: 400,
};

export interface DigitNetworkOptions {
  /** Pixels to a side of an image. */
  size: number;
  /** Of the learning layer. */
  neurons: number;
  seed: number;
  threads: number;
  parameters?: Partial<typeof PARAMETERS>;
}

const KERNEL = {
  side: 7,
  wavelength: 7,
  sigma: 2.2,
  orientations: 4,
  phases: [0, Math.PI / 2, -Math.PI / 2],
};
const STRIDE = 2;

export class DigitNetwork {
  readonly net: SpikingNetwork;
  /** Pixels to a side of an image. */
  readonly size: number;
  readonly retina: Retina;
  readonly input: SpikeSource;
  readonly edges: Population;
  readonly learners: Population;
  readonly synapses: Projection;
  readonly #kernels: { kernels: number; weightsMv: Float32Array };
  readonly #recording: Recording;
  readonly #parameters: typeof PARAMETERS;
  /** While it does not learn, thresholds are these again before each image. */
  #thresholds: Float64Array | undefined;

  constructor({ size, neurons, seed, threads, parameters }: DigitNetworkOptions) {
    const p = { ...PARAMETERS, ...parameters };
    this.#parameters = p;
    this.size = size;
    this.net = new SpikingNetwork({ dtMs: 1, seed, threads });
    this.retina = retinaOf(size);
    this.input = this.net.spikeSource(this.retina.size);

    this.#kernels = edgeKernels({ ...KERNEL, strengthMv: p.strengthMv });
    const { kernels, weightsMv } = this.#kernels;
    const side = Math.ceil(size / STRIDE);
    this.edges = this.net.population(
      side * side * kernels,
      lif({ tauMs: 10, restMv: -70, thresholdMv: -55, refractoryMs: 5, synapseTauMs: 3 }),
    );
    this.net.connect(this.input, this.edges, {
      pattern: 'convolution',
      input: { height: size, width: size, channels: 2 },
      kernel: { height: KERNEL.side, width: KERNEL.side },
      channels: kernels,
      stride: STRIDE,
      padding: (KERNEL.side - 1) / 2,
      weightMv: weightsMv,
    });

    this.learners = this.net.population(
      neurons,
      adaptiveLif({
        tauMs: p.tauMs,
        restMv: -70,
        thresholdMv: -60,
        refractoryMs: 3,
        synapseTauMs: 4,
        inhibitorySynapseTauMs: 8,
        thresholdIncrementMv: p.thresholdIncrementMv,
        thresholdTauMs: p.thresholdTauMs * neurons,
      }),
    );
    this.synapses = this.net.connect(this.edges, this.learners, {
      pattern: 'all-to-all',
      weightMv: { uniform: [0.5, 1.5] },
      plasticity: pairStdp({
        aPlus: p.aPlusMv,
        aMinus: p.aMinusMv,
        tauPlusMs: 20,
        tauMinusMs: 20,
        wMin: 0,
        wMax: p.wMaxMv,
      }),
    });
    this.synapses.normalize(p.totalMv);
    this.net.connect(this.learners, this.learners, {
      pattern: 'all-to-all',
      weightMv: -p.inhibitionMv,
      delayMs: 0,
    });
    this.#recording = this.net.record(this.learners, { spikes: true, maxSpikes: 100_000 });
  }

  get learning(): boolean {
    return this.synapses.learning;
  }

  /** What it is shown while it does not learn leaves no trace, neither in weights nor in thresholds. */
  set learning(on: boolean) {
    if (on === this.learning) return;
    this.synapses.learning = on;
    if (on) this.#restoreThresholds();
    this.#thresholds = on ? undefined : this.learners.state('thresholdOffsetMv');
  }

  /** Shows an image; the spikes of the learning layer, with times from its begin. */
  async show(image: ArrayLike<number>): Promise<Spikes> {
    const { net, retina } = this;
    const begin = net.timeMs;
    this.#restoreThresholds();
    const { neurons, timesMs } = retina.encode(image, WINDOW_MS);
    this.input.add({ neurons, timesMs: timesMs.map((time) => time + begin) });
    await net.run(WINDOW_MS + PAUSE_MS);
    if (this.learning) this.synapses.normalize(this.#parameters.totalMv);
    const { neuron, timeMs } = this.#recording.spikes;
    this.#recording.clear();
    return { neuron, timeMs: timeMs.map((time) => time - begin) };
  }

  #restoreThresholds(): void {
    if (this.#thresholds !== undefined) this.learners.setState('thresholdOffsetMv', this.#thresholds);
  }

  /** The image of which each edge detector sees as much as `strength` says: the sum of their kernels. */
  imageOfEdges(strength: (edge: number) => number): Float32Array {
    const { size } = this;
    const { kernels, weightsMv } = this.#kernels;
    const { side } = KERNEL;
    const image = new Float32Array(size * size);
    const places = Math.ceil(size / STRIDE);
    for (let edge = 0; edge < this.edges.size; edge++) {
      const kernel = edge % kernels;
      const place = Math.floor(edge / kernels);
      const left = (place % places) * STRIDE - (side - 1) / 2;
      const top = Math.floor(place / places) * STRIDE - (side - 1) / 2;
      for (let i = 0; i < side * side; i++) {
        const [x, y] = [left + (i % side), top + Math.floor(i / side)];
        if (x < 0 || y < 0 || x >= size || y >= size) continue;
        image[y * size + x]! += strength(edge) * weightsMv[2 * (kernel * side * side + i)]!;
      }
    }
    return image;
  }

  close(): void {
    this.net.close();
  }
}
