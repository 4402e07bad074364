// SPDX-License-Identifier: MIT
//
// The main program of a worker that bus.spawn() started: joins the bus, runs the user's module, starts. What goes wrong here
// ends the thread, and the pool hears of it.

import { parentPort, workerData } from 'node:worker_threads';
import { invalidArgument } from '../memory/errors.js';
import { NeuronBus } from './neuron_bus.js';
import { READY, type SpawnData } from './spawn_options.js';

const { handle, url, attach, context } = workerData as SpawnData;
const bus = NeuronBus.attach(handle, attach);
const { default: begin } = (await import(url)) as { default?: unknown };
if (typeof begin !== 'function') {
  throw invalidArgument(`the default export of ${url}`, begin, 'a function (bus, { index, threads, data })');
}
await begin(bus, context);
if (!bus.closed) bus.start();
parentPort!.postMessage(READY);
