// Axons that are closed after each test, and what the tests put in and take out.

import { afterEach } from 'vitest';
import { Axon, type AxonHandle, type AxonOptions, type AxonSpikeInit } from '../../../lib/memory/axon.js';
import type { Spike } from '../../../lib/memory/spike.js';

const opened: Axon[] = [];

afterEach(() => {
  for (const axon of opened.splice(0)) axon.close();
});

function keep(axon: Axon): Axon {
  opened.push(axon);
  return axon;
}

export const open = (options: AxonOptions): Axon => keep(new Axon(options));
export const attach = (handle: AxonHandle): Axon => keep(Axon.attach(handle));

export const numbered = (from: number, count: number): AxonSpikeInit[] =>
  Array.from({ length: count }, (_, i) => ({ sequence: from + i }));

/** The sequences of all that is there. */
export function rest(reader: { next(): Spike | undefined }): number[] {
  const sequences: number[] = [];
  for (let spike = reader.next(); spike; spike = reader.next()) sequences.push(spike.sequence);
  return sequences;
}
