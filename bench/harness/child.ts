// SPDX-License-Identifier: MIT
//
// Entry of a measuring process: runs one variant of one scenario and prints one line of JSON.
//
// Usage: node child.js SCENARIO VARIANT EFFORT(json)

import { PerformanceObserver } from 'node:perf_hooks';
import { loadScenario } from '../registry.js';
import { ownTicks } from './disturbance.js';
import { nowNs } from './measure.js';
import type { ChildResult, Effort } from './types.js';

const [scenarioName, variantName, effortText] = process.argv.slice(2);
if (scenarioName === undefined || variantName === undefined || effortText === undefined) {
  throw new Error('usage: node child.js SCENARIO VARIANT EFFORT');
}
const scenario = await loadScenario(scenarioName);
const variant = scenario.variants.find((candidate) => candidate.name === variantName);
if (variant === undefined) throw new Error(`${scenarioName} has no variant "${variantName}"`);

let gcMs = 0;
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) gcMs += entry.duration;
});
observer.observe({ entryTypes: ['gc'] });

const began = nowNs();
const sample = await variant.run(JSON.parse(effortText) as Effort);
const wallMs = (nowNs() - began) / 1e6;
await new Promise((resolve) => setTimeout(resolve, 0));
observer.disconnect();

const result: ChildResult = { sample, gcMs, wallMs, ticks: ownTicks() };
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
