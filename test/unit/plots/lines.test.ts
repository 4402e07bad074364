// Lines, potentials and accuracy; and what all pictures share.
import { accuracyCurve, linePlot, potentialPlot } from 'neuronbus/plots';
import { describe, expect, it } from 'vitest';
import { DARK_GROUND, GROUND, SERIES } from '../../../lib/plots/theme.js';
import { description, failure, numbers, outlines, texts } from './support.js';

const labels = { xLabel: 'time (ms)', yLabel: 'rate (Hz)', widthPx: 100, heightPx: 100 };
const nan = Number.NaN;

describe('a line plot', () => {
  it('goes through its points, and has a gap where there is NaN', async () => {
    const series = { name: 'a', x: [0, 25, 50, 75, 100], y: [0, 10, nan, 5, 0] };
    const svg = await linePlot([series], labels);
    expect(outlines(svg).map(({ path }) => path)).toEqual(['M0,100L25,0M75,50L100,100']);
    expect(texts(svg)).toEqual(expect.arrayContaining(['time (ms)', 'rate (Hz)', 'a']));
  });

  it('of a million points is small and keeps each peak', async () => {
    const next = numbers(7);
    const y = Float64Array.from({ length: 1_000_000 }, () => next());
    y[123_456] = 10;
    y[654_321] = -10;
    const svg = await linePlot([{ name: 'noise', x: y.map((_, i) => i), y }], labels);
    expect(svg.length).toBeLessThan(50_000);
    expect(outlines(svg)[0]!.path).toMatch(/L12\.3,0L/);
    expect(outlines(svg)[0]!.path).toMatch(/L65\.4,100L/);
  });

  it('of sixteen lines has no two that look alike', async () => {
    const series = Array.from({ length: 16 }, (_, i) => ({ name: `line ${i}`, x: [0, 1], y: [i, i] }));
    const svg = await linePlot(series, labels);
    const looks = [...svg.matchAll(/<path transform="translate\(0,0\)" d="M0,[\d.]+L100,[\d.]+"([^>]*)>/g)];
    expect(looks).toHaveLength(16);
    expect(new Set(looks.map(([, look]) => look)).size).toBe(16);
  });

  it('has lines across at marks', async () => {
    const options = { ...labels, marks: [{ name: 'half', y: 5 }], yRange: [0, 10] as const };
    const svg = await linePlot([{ name: 'a', x: [0, 1], y: [0, 1] }], options);
    expect(outlines(svg)[0]!.path).toBe('M0,50H100');
    expect(texts(svg)).toContain('half');
  });

  it.each<[string, unknown, object]>([
    ['series is undefined', undefined, labels],
    ['series.length is 0', [], labels],
    ['series[0] is null', [null], labels],
    ['series[0].x[1] is 0', [{ name: 'a', x: [1, 0], y: [0, 0] }], labels],
    ['series[0].x[0] is NaN', [{ name: 'a', x: [nan], y: [0] }], labels],
    ['series[0].y[0] is Infinity', [{ name: 'a', x: [0], y: [Number.POSITIVE_INFINITY] }], labels],
    ['series[0].y.length is 1', [{ name: 'a', x: [0, 1], y: [0] }], labels],
    ['series[0].name is 3', [{ name: 3, x: [0], y: [0] }], labels],
    ['xLabel is undefined', [{ name: 'a', x: [0], y: [0] }], { yLabel: 'y' }],
    ['marks[0].y is NaN', [{ name: 'a', x: [0], y: [0] }], { ...labels, marks: [{ name: 'm', y: nan }] }],
    ['yRange is "1, 1"', [{ name: 'a', x: [0], y: [0] }], { ...labels, yRange: [1, 1] }],
  ])('refuses: %s', async (message, series, options) => {
    expect(await failure(linePlot(series as never, options as never))).toContain(
      `ERR_NB_INVALID_ARGUMENT: ${message.startsWith('series[0] is') ? 'series[0]' : message}`,
    );
  });
});

describe('a plot of potentials', () => {
  const recorded = {
    neuron: Uint32Array.of(3, 8),
    timeMs: Float64Array.of(0, 1),
    values: Float32Array.of(-70, -60, -50, -70),
  };

  it('has a line for each recorded neuron, in mV over ms, and the threshold', async () => {
    const svg = await potentialPlot(recorded, { thresholdMv: -55, widthPx: 100, heightPx: 100 });
    expect(outlines(svg).map(({ path }) => path)).toEqual(['M0,25H100', 'M0,100L100,0', 'M0,50L100,100']);
    expect(texts(svg)).toEqual(
      expect.arrayContaining(['time (ms)', 'potential (mV)', 'neuron 3', 'neuron 8', 'threshold']),
    );
  });

  it.each<[string, unknown, object]>([
    ['potentials is undefined', undefined, {}],
    ['potentials.values.length is 3', { ...recorded, values: [1, 2, 3] }, {}],
    ['potentials.neuron.length is 0', { ...recorded, neuron: [] }, {}],
    ['thresholdMv is NaN', recorded, { thresholdMv: nan }],
  ])('refuses: %s', async (message, potentials, options) => {
    expect(await failure(potentialPlot(potentials as never, options))).toContain(
      `ERR_NB_INVALID_ARGUMENT: ${message}`,
    );
  });
});

describe('an accuracy curve', () => {
  const curve = { name: 'network', examples: [0, 100, 200], accuracy: [0.1, 0.5, 0.9] };

  it('runs from 0 to 100 % and shows chance and the baseline', async () => {
    const options = { chance: 0.1, baseline: { name: 'simple', accuracy: 0.8 }, widthPx: 100, heightPx: 100 };
    const svg = await accuracyCurve([curve], options);
    expect(outlines(svg).map(({ path }) => path)).toEqual(['M0,90H100', 'M0,20H100', 'M0,90L50,50L100,10']);
    expect(texts(svg)).toEqual(expect.arrayContaining(['0%', '100%', 'accuracy', 'chance', 'simple']));
    expect(description(svg)).toBe('Accuracy in the end: network 90 %; chance 10 %, simple 80 %.');
  });

  it.each<[string, unknown, object]>([
    ['curves is undefined', undefined, { chance: 0.1 }],
    ['curves[0].accuracy[1] is 50', [{ ...curve, accuracy: [0.1, 50, 1] }], { chance: 0.1 }],
    ['curves[0].accuracy[0] is NaN', [{ ...curve, accuracy: [nan, 0, 1] }], { chance: 0.1 }],
    ['chance is undefined', [curve], {}],
    ['chance is -1', [curve], { chance: -1 }],
    ['baseline.accuracy is 2', [curve], { chance: 0.1, baseline: { name: 'a', accuracy: 2 } }],
  ])('refuses: %s', async (message, curves, options) => {
    expect(await failure(accuracyCurve(curves as never, options as never))).toContain(
      `ERR_NB_INVALID_ARGUMENT: ${message}`,
    );
  });
});

describe('colours', () => {
  // Relative luminance and contrast as in WCAG 2.2.
  const luminance = (colour: string) => {
    const [red, green, blue] = [1, 3, 5]
      .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
  };
  const contrast = (one: string, other: string) => {
    const [dark, light] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
    return (light! + 0.05) / (dark! + 0.05);
  };

  it.each(SERIES.flatMap((colour) => [GROUND, DARK_GROUND].map((ground) => [colour, ground])))(
    '%s can be seen on %s',
    (colour, ground) => {
      expect(contrast(colour!, ground!)).toBeGreaterThanOrEqual(3);
    },
  );

  it('of ground and ink follow the colour scheme of who looks', async () => {
    const svg = await linePlot([{ name: 'a', x: [0, 1], y: [0, 1] }], labels);
    const rule = /@media \(prefers-color-scheme: dark\)\{(.*?\})\}/.exec(svg)![1]!;
    const colours = [...rule.matchAll(/\[fill="(#\w+)"\]\{fill:(#\w+)\}/g)];
    expect(colours).toHaveLength(2);
    for (const [, light] of colours) expect(svg).toContain(`fill="${light}"`);
    expect(contrast(colours[0]![2]!, colours[1]![2]!)).toBeGreaterThan(7);
  });
});
