// SPDX-License-Identifier: MIT
//
// Runs scenarios: each variant in a fresh process, the variants of a scenario in turns, several rounds.
//
// Taking turns spreads a slow minute of the machine over all variants, so that ratios survive it. Driver process only.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { disturbedAbove, machineTicks, shareOfOthers } from './disturbance.js';
import { median } from './measure.js';
import type {
  ChildResult,
  Effort,
  Scenario,
  ScenarioResult,
  Summary,
  Variant,
  VariantResult,
} from './types.js';

const childPath = fileURLToPath(new URL('./child.js', import.meta.url));

const attempts = 4;

export interface RunPlan {
  readonly effort: Effort;
  readonly repetitions: number;
  /** After this moment (performance.now) nothing is measured again because it was disturbed. */
  readonly deadlineMs: number;
  /** After this moment what was not measured yet is left out. Default: never. */
  readonly endMs?: number;
  readonly progress: (text: string) => void;
  /** A process that takes longer hangs. Default: a minute in a quick run, else two. */
  readonly watchdogMs?: number;
}

interface Measured extends ChildResult {
  readonly othersShare: number;
}

interface Collected {
  readonly results: Measured[];
  unavailable?: string;
  failure?: string;
}

/** Never throws for a failing variant: its failure becomes part of the result. */
export async function runScenario(scenario: Scenario, plan: RunPlan): Promise<ScenarioResult> {
  const { name, title, note } = scenario;
  const { endMs = Number.POSITIVE_INFINITY } = plan;
  const skipped = (plan.effort.quick ? scenario.notQuick : undefined) ?? scenario.prepare?.();
  if (skipped !== undefined) return { name, title, note, skipped, variants: [] };

  const collected = new Map<Variant, Collected>();
  for (const variant of scenario.variants) {
    const unavailable = variant.unavailable?.();
    collected.set(variant, { results: [], ...(unavailable === undefined ? {} : { unavailable }) });
  }
  const rounds = Math.min(plan.repetitions, scenario.repetitions ?? plan.repetitions);
  for (let round = 0; round < rounds; round++) {
    for (const [variant, entry] of collected) {
      if (round === 0 && performance.now() > endMs)
        entry.unavailable ??= 'not measured: there was no time left';
      if (entry.failure !== undefined || entry.unavailable !== undefined) continue;
      plan.progress(`${name}: ${variant.name} (${round + 1}/${rounds})`);
      try {
        entry.results.push(await measureQuietly(scenario, variant, plan));
      } catch (error) {
        entry.failure = (error as Error).message;
      }
    }
  }
  const variants = [...collected].map(([variant, entry]) => summarize(scenario, variant, entry));
  return { name, title, note, variants };
}

/** Measures again, a few times and while there is time, when others were busy; keeps the least disturbed. */
async function measureQuietly(scenario: Scenario, variant: Variant, plan: RunPlan): Promise<Measured> {
  let best: Measured | undefined;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const began = performance.now();
    const ticks = machineTicks();
    const result = await measureOnce(scenario, variant, plan);
    const othersShare = shareOfOthers(machineTicks() - ticks, result.ticks, performance.now() - began);
    if (best === undefined || othersShare < best.othersShare) best = { ...result, othersShare };
    if (best.othersShare <= disturbedAbove || performance.now() > plan.deadlineMs) break;
    await new Promise((resolve) => setTimeout(resolve, plan.effort.quick ? 100 : 2000));
  }
  return best as Measured;
}

function measureOnce(scenario: Scenario, variant: Variant, plan: RunPlan): Promise<ChildResult> {
  const { effort, watchdogMs = effort.quick ? 60_000 : 120_000 } = plan;
  const flags = [
    ...(scenario.nodeFlags ?? []),
    childPath,
    scenario.name,
    variant.name,
    JSON.stringify(effort),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, flags, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_ENV: 'production' },
    });
    const watchdog = setTimeout(() => child.kill('SIGKILL'), watchdogMs);
    let output = '';
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(watchdog);
      const line = output.trimEnd().split('\n').at(-1) ?? '';
      if (code === 0 && line.startsWith('{')) resolve(JSON.parse(line) as ChildResult);
      else reject(new Error(`exit ${code ?? signal}: ${reasonIn(complaint)}`));
    });
  });
}

/** The line of a stack trace that says what went wrong. */
function reasonIn(complaint: string): string {
  const lines = complaint.split('\n').map((line) => line.trim());
  return (
    lines.find((line) => /^(\w*Error|Uncaught)\b.*:/.test(line)) ??
    lines.find((line) => line !== '') ??
    'no output'
  );
}

function summarize(scenario: Scenario, variant: Variant, entry: Collected): VariantResult {
  const metrics: Record<string, Summary> = {};
  for (const { name, unit, better } of scenario.metrics) {
    const samples = entry.results.map((result) => result.sample[name]).filter((value) => value !== undefined);
    if (samples.length === 0) continue;
    metrics[name] = {
      unit,
      better,
      median: median(samples),
      min: Math.min(...samples),
      max: Math.max(...samples),
      samples,
    };
  }
  const gcShares = entry.results.map((result) => result.gcMs / result.wallMs);
  return {
    name: variant.name,
    role: variant.role,
    ...(variant.against === undefined ? {} : { against: variant.against }),
    metrics,
    disturbed: entry.results.filter((result) => result.othersShare > disturbedAbove).length,
    gcShare: gcShares.length === 0 ? 0 : median(gcShares),
    ...(entry.failure === undefined ? {} : { failure: entry.failure }),
    ...(entry.unavailable === undefined ? {} : { unavailable: entry.unavailable }),
  };
}
