// SPDX-License-Identifier: MIT
//
// Worker of thread_peers: posts until told to stop, never more than a window ahead of the consumer.

import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads';
import { Control } from './harness/threads.js';
import type { ChannelOrder } from './thread_peers.js';

const order = workerData as ChannelOrder;
const control = new Control(order.control);
const channel = order.port ?? new BroadcastChannel(order.broadcast as string);
const perPost = order.messagesPerPost;
const window = Math.max(2048, perPost * 64);
const words = new Int32Array(16 * perPost);

parentPort?.postMessage('ready');
let sent = 0;
let sum = 0;
while (!control.stopped) {
  for (let message = 0; message < perPost; message++) {
    words[message * 16 + 2] = sent;
    sum = (sum + sent) | 0;
    sent++;
  }
  channel.postMessage(words);
  control.awaitCredit(sent, window);
}
control.finish(sent, sum);
