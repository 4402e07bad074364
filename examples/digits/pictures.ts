// The pictures of a network that has learned. Writes files.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { accuracyCurve, rasterPlot, weightHistogram, weightMatrix } from 'neuronbus/plots';
import type { Digits } from './drawing.js';
import { CLASSES, imageOf } from './lesson.js';
import type { DigitNetwork } from './network.js';

export interface Course {
  /** After so many images. */
  examples: number[];
  /** The share that was right. */
  accuracy: number[];
  baseline: number;
}

/** Writes five SVG files into a folder, and returns their paths. The network sees an image of each digit once more, not learning. */
export async function writePictures(
  folder: string,
  network: DigitNetwork,
  classes: Int32Array,
  test: Digits,
  { examples, accuracy, baseline }: Course,
): Promise<string[]> {
  const { weights } = network.synapses;
  const [rows, columns] = [network.edges.size, network.learners.size];
  const order = Uint32Array.from(classes, (_, i) => i).sort((a, b) => classes[a]! - classes[b]! || a - b);
  const sorted = weights.map((_, i) => weights[i - (i % columns) + order[i % columns]!]!);
  const pictures = {
    'raster.svg': raster(network, test),
    'weights.svg': weightMatrix(sorted, {
      title: 'Weights after learning',
      ...{ rows, columns, rowLabel: 'edge detector', columnLabel: 'learning neuron, by its digit' },
    }),
    'prototypes.svg': prototypes(network, classes, weights),
    'histogram.svg': weightHistogram(weights, { title: 'Weights after learning' }),
    'accuracy.svg': accuracyCurve([{ name: 'spiking network', examples, accuracy }], {
      title: 'Digits recognised, of images never seen before',
      chance: 1 / CLASSES,
      baseline: { name: 'nearest centroid', accuracy: baseline },
      xLabel: 'images learned from, without labels',
    }),
  };
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (const [name, svg] of Object.entries(pictures)) {
    paths.push(join(folder, name));
    await writeFile(paths.at(-1)!, await svg);
  }
  return paths;
}

async function raster(network: DigitNetwork, test: Digits): Promise<string> {
  const { net, input, edges, learners } = network;
  network.learning = false;
  const layers = Object.entries({ retina: input, 'V1 edges': edges, 'learning layer': learners });
  const recordings = layers.map(([, population]) => net.record(population, { spikes: true }));
  const fromMs = net.timeMs;
  for (let digit = 0; digit < CLASSES; digit++) await network.show(imageOf(test, test.labels.indexOf(digit)));
  const rows = layers.map(([name, { size }], i) => {
    const { neuron, timeMs } = recordings[i]!.spikes;
    return { name, neurons: size, spikes: { neuron, timeMs: timeMs.map((time) => time - fromMs) } };
  });
  return rasterPlot(rows, {
    title: 'Ten images, of a 0 to a 9',
    toMs: net.timeMs - fromMs,
    widthPx: 900,
    heightPx: 480,
  });
}

/** Ten neurons of each digit, as the sum of the kernels that they have learned to wait for. */
function prototypes(network: DigitNetwork, classes: Int32Array, weights: Float32Array): Promise<string> {
  const { size, learners } = network;
  const wide = CLASSES * size;
  const picture = new Float32Array(wide * wide);
  for (let digit = 0; digit < CLASSES; digit++) {
    const neurons = [...classes.keys()].filter((neuron) => classes[neuron] === digit).slice(0, CLASSES);
    for (const [column, neuron] of neurons.entries()) {
      const image = network.imageOfEdges((edge) => weights[edge * learners.size + neuron]!);
      for (let i = 0; i < image.length; i++)
        picture[(digit * size + Math.floor(i / size)) * wide + column * size + (i % size)] = image[i]!;
    }
  }
  const most = picture.reduce((found, value) => Math.max(found, Math.abs(value)), Number.MIN_VALUE);
  return weightMatrix(
    picture.map((value) => value / most),
    {
      title: 'What neurons have learned: ten of each digit',
      ...{
        range: [-1, 1],
        rows: wide,
        columns: wide,
        unit: '',
        rowLabel: 'pixel',
        columnLabel: 'pixel',
        heightPx: 480,
        widthPx: 480,
      },
    },
  );
}
