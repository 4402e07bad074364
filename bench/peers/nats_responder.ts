// SPDX-License-Identifier: MIT
//
// Requests over NATS: this thread asks, a worker that runs this same file answers. Each has a connection of its own.

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { connect } from '@nats-io/transport-node';

const SUBJECT = 'ask';

export interface NatsAsker {
  ask(text: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startNatsResponder(port: number): Promise<NatsAsker> {
  const responder = new Worker(fileURLToPath(import.meta.url), { workerData: { natsPort: port } });
  await once(responder, 'message');
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  return {
    ask: async (text) => (await connection.request(SUBJECT, text)).string(),
    stop: async () => {
      await connection.close();
      responder.postMessage('stop');
      await once(responder, 'exit');
    },
  };
}

if (!isMainThread && workerData?.natsPort !== undefined) {
  const connection = await connect({ servers: `127.0.0.1:${workerData.natsPort}` });
  connection.subscribe(SUBJECT, {
    callback: (error, message) => {
      if (error !== null) throw error;
      message.respond(message.data);
    },
  });
  await connection.flush();
  parentPort!.once('message', () => connection.close());
  parentPort!.postMessage('ready');
}
