// SPDX-License-Identifier: MIT
//
// The far end of a link: answers what comes, or counts it. A worker gets its order as workerData, a process in argv. It ends
// when it is told to stop, and says how much arrived.

import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { ackEvery, type FarOrder, openLink, say } from './link.js';

const order = (isMainThread ? JSON.parse(process.argv[2]) : workerData) as FarOrder;
const port = parentPort ?? process;
const link = await openLink(order, port, 'far');
let received = 0;
let total = 0;
let told: Promise<unknown> = Promise.resolve();
link.receive((count, sum) => {
  received += count;
  total = (total + sum) | 0;
  const answer = order.role === 'echo' ? sum : received;
  if (order.role === 'count' && received % ackEvery >= count) return;
  told = told.then(() => link.send(answer, 1)); // ZeroMQ sends one at a time
});
port.on('message', async (message: unknown) => {
  if (message !== 'stop') return;
  say(port, `${received} ${total}`);
  await link.close();
  if (parentPort === null) process.disconnect();
  else parentPort.close();
});
say(port, 'ready');
