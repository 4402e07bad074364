// SPDX-License-Identifier: MIT
//
// Scenario: what a bus costs while nobody says anything. Two processes with five worker threads each, all on one bus, parked.
//
// The measuring process is one of the two; idle_cpu.worker.js is the other one and every worker. Processor time of both
// processes, all threads, by the kernel's account.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Neuron, NeuronBus } from 'neuronbus';
import type { Sample, Scenario } from './harness/types.js';

const WORKERS_EACH = 5;
const script = new URL('./idle_cpu.worker.js', import.meta.url);

/** A bus, 'none' for a worker that waits for messages only, and the name of one for the other process. */
export type IdleOrder = { readonly bus: NeuronBus['handle'] | 'none' };

export class Listener extends Neuron {
  onSpike(): void {}
}

/** Workers that have joined and wait. */
export async function idleWorkers(bus: IdleOrder['bus']): Promise<Worker[]> {
  const workers = Array.from({ length: WORKERS_EACH }, () => {
    const workerData: IdleOrder = { bus };
    return new Worker(script, { workerData });
  });
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  return workers;
}

/** Microseconds of processor time that this process has used. */
export function usedMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function usedBy(child: ChildProcess): Promise<number> {
  const answer = once(child, 'message');
  child.send('used');
  const [micros] = (await answer) as [number];
  return micros;
}

async function idle(withBus: boolean): Promise<Sample> {
  const name = `bench-idle-${process.pid}`;
  const bus = withBus ? NeuronBus.create({ name, maxNeurons: 64 }) : undefined;
  bus?.register(new Listener(), { name: 'here' });
  bus?.start();
  const workers = await idleWorkers(bus?.handle ?? 'none');
  const child = fork(fileURLToPath(script), [withBus ? name : '']);
  await once(child, 'message');
  // Compilers and collectors finish what the start left them: V8 collects up to three times more when an isolate was quiet for 8 s,
  // which costs twelve of them more than anything that is measured here.
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  await sleep(25_000);
  const before = usedMicros() + (await usedBy(child));
  const begin = performance.now();
  await sleep(10_000);
  const wallMicros = (performance.now() - begin) * 1e3;
  const used = usedMicros() + (await usedBy(child)) - before;
  const exited = once(child, 'exit');
  child.send('stop');
  await exited;
  await Promise.all(workers.map((worker) => worker.terminate()));
  bus?.close();
  return { processor: (used / wallMicros) * 100 };
}

export const scenario: Scenario = {
  name: 'idle_cpu',
  title: 'Processor time of an idle bus',
  note:
    'Two processes with five workers each: twelve threads on one bus with a name, started and parked, nothing fired, for 10 s. Per ' +
    'cent of one core, both processes together. The row below is the same processes and threads without a bus.',
  repetitions: 3,
  notQuick: 'a process has to be quiet for 25 s before it is measured; not in a quick run',
  metrics: [{ name: 'processor', unit: '%', better: 'lower' }],
  variants: [
    { name: 'two processes, ten workers', role: 'neuronbus', run: () => idle(true) },
    { name: 'the same without a bus', role: 'limit', run: () => idle(false) },
  ],
};
