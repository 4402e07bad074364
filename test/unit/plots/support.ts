// What the tests of pictures share: numbers from a seed, and what is found in an SVG. Not a test itself.
import { codeIn } from '../../support.js';

/** Numbers from 0 to 1, the same for the same seed. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function randomSpikes(count: number, neurons: number, endMs: number, seed = 1) {
  const next = numbers(seed);
  return {
    neuron: Uint32Array.from({ length: count }, () => Math.floor(next() * neurons)),
    timeMs: Float64Array.from({ length: count }, () => next() * endMs),
  };
}

/** Each outline of many small things: its path and the attributes behind it. */
export function outlines(svg: string): { path: string; fill?: string; stroke?: string }[] {
  const found = svg.matchAll(
    /<g class="mark-path role-mark[^"]*"[^>]*><path transform="[^"]*" d="([^"]*)"([^>]*)\/>/g,
  );
  return [...found].map(([, path = '', rest = '']) => ({
    path,
    fill: /fill="([^"]*)"/.exec(rest)?.[1],
    stroke: /stroke="([^"]*)"/.exec(rest)?.[1],
  }));
}

/** The text that is drawn. */
export function texts(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text);
}

export function description(svg: string): string {
  return /<desc>([^<]*)<\/desc>/.exec(svg)?.[1] ?? '';
}

/** Code and message of what a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return `${codeIn(error)}: ${(error as Error).message}`;
  }
  return 'no error';
}
