// SPDX-License-Identifier: MIT
//
// The TCP client of event_loop: one message on its way at a time, until it is told to end; then it says how long each took, ms.

import { once } from 'node:events';
import { connect } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { EchoClientOrder } from './event_loop.js';

const BYTES = 64;
const port = parentPort!;
const { port: serverPort, echoes } = workerData as EchoClientOrder;
const counted = new Int32Array(echoes);
const socket = connect(serverPort, '127.0.0.1').setNoDelay(true);
await once(socket, 'connect');
const message = Buffer.alloc(BYTES, 7);
const times: number[] = [];
let begin = 0;
let missing = 0;
let running = false;

function ask(): void {
  missing = BYTES;
  begin = performance.now();
  socket.write(message);
}

socket.on('data', (data) => {
  missing -= data.length;
  if (missing > 0) return;
  times.push(performance.now() - begin);
  Atomics.store(counted, 0, times.length);
  if (running) return ask();
  port.postMessage(times);
  socket.end();
  port.close();
});
port.on('message', (order) => {
  running = order === 'begin'; // the one on its way when it ends still counts
  if (running) ask();
});
port.postMessage('ready');
