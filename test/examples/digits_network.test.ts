// The digits example learns, says truly how well, and draws it.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { edgeKernels } from '../../examples/digits/vision.js';
import { runExample } from './run.js';

const shareAfter = (stdout: string, label: string) =>
  Number(new RegExp(`${label} +([\\d.]+) %`).exec(stdout)?.[1]);

/** What each digit was taken for, row by row. */
function confusion(stdout: string): number[][] {
  const rows = stdout.split('\n').filter((line) => /^ {2}\d( +(\d+|·)){10}$/.test(line));
  return rows.map((row) => [...row.slice(3).matchAll(/\d+|·/g)].map(([cell]) => Number(cell) || 0));
}

describe('digits', () => {
  it('learns to recognise most of the digits without labels, and draws pictures', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'neuronbus-digits-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const out = join(folder, 'pictures');
    const { code, stdout, stderr } = await runExample('digits', ['--quick', '--out', out]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });

    const accuracy = shareAfter(stdout, 'accuracy');
    expect(shareAfter(stdout, 'chance')).toBe(10);
    // 300 images: by chance, 50 % is more than twenty standard deviations away.
    expect(accuracy).toBeGreaterThan(50);
    expect(accuracy).toBeGreaterThan(shareAfter(stdout, 'after {6}0 images') + 20);
    expect(shareAfter(stdout, 'nearest centroid')).toBeGreaterThan(60);

    const rows = confusion(stdout);
    const right = rows.reduce((sum, row, digit) => sum + row[digit]!, 0);
    expect((right / 300) * 100).toBeCloseTo(accuracy, 1);
    const silent = Number(/, (\d+) for none/.exec(stdout)?.[1] ?? 0);
    expect(rows.flat().reduce((sum, count) => sum + count, silent)).toBe(300);

    const pictures = ['accuracy.svg', 'histogram.svg', 'prototypes.svg', 'raster.svg', 'weights.svg'];
    expect(readdirSync(out).toSorted()).toEqual(pictures);
    for (const picture of pictures)
      expect(readFileSync(join(out, picture), 'utf8')).toMatch(/^<svg .*<\/svg>\n$/s);
    const raster = readFileSync(join(out, 'raster.svg'), 'utf8');
    expect(raster).toMatch(
      /spikes of 1,380 neurons .* in retina \(512\), V1 edges \(768\), learning layer \(100\)/,
    );
    const curve = readFileSync(join(out, 'accuracy.svg'), 'utf8');
    expect(shareAfter(curve, 'spiking network')).toBeCloseTo(accuracy, 0);
  });

  it('gives the same numbers on two threads, and others for another seed', async () => {
    const few = ['--quick', '--train', '50', '--test', '20', '--neurons', '30'];
    const [one, two, other] = await Promise.all([
      runExample('digits', few),
      runExample('digits', [...few, '--threads', '2']),
      runExample('digits', [...few, '--seed', '2']),
    ]);
    expect(one.code).toBe(0);
    expect(two).toEqual(one);
    expect(other!.stdout).not.toBe(one!.stdout);
  });

  it.each([
    ['--train', '15', '--train must be a multiple of ten'],
    ['--neurons', '1', '--neurons must be an integer, 2 or more'],
    ['--seed', 'x', '--seed must be an integer'],
    ['--test', '', '--test must be an integer'],
  ])('refuses %s %s', async (option, value, message) => {
    const { code, stdout, stderr } = await runExample('digits', [`${option}=${value}`]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('writes nothing when it is asked for help', async () => {
    const { code, stdout } = await runExample('digits', ['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('--quick');
    expect(existsSync('digits-pictures')).toBe(false);
  });
});

describe('edge detectors', () => {
  const options = {
    orientations: 4,
    phases: [0, Math.PI / 2],
    side: 7,
    wavelength: 7,
    sigma: 2.2,
    strengthMv: 400,
  };
  const { kernels, weightsMv } = edgeKernels(options);
  const area = options.side ** 2;
  const weight = (kernel: number, x: number, y: number, channel = 0) =>
    weightsMv[2 * (kernel * area + y * options.side + x) + channel]!;

  it('see nothing in an even image, and are as strong as asked for', () => {
    expect(kernels).toBe(8);
    for (let kernel = 0; kernel < kernels; kernel++) {
      const on = Array.from({ length: area }, (_, i) => weight(kernel, i % 7, Math.floor(i / 7)));
      expect(on.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 3);
      expect(on.reduce((sum, value) => sum + Math.abs(value), 0)).toBeCloseTo(400, 2);
    }
  });

  it('take dark for the opposite of bright', () => {
    for (let i = 0; i < kernels * area; i++) expect(weightsMv[2 * i + 1]).toBe(-weightsMv[2 * i]!);
  });

  it('are bars that stand and lie, and edges with two sides', () => {
    // Kernel 0 is a standing bar, 4 (a half of a half turn on) a lying one, 1 a standing edge.
    expect(weight(0, 3, 0)).toBeGreaterThan(0);
    expect(weight(0, 0, 3)).toBeLessThan(0);
    for (const [x, y] of [
      [3, 0],
      [1, 5],
      [2, 2],
    ] as const)
      expect(weight(4, y, x)).toBeCloseTo(weight(0, x, y), 3);
    expect(weight(1, 1, 3)).toBeCloseTo(-weight(1, 5, 3), 3);
    expect(Math.abs(weight(1, 1, 3))).toBeGreaterThan(1);
  });
});
