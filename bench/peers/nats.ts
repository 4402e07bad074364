// SPDX-License-Identifier: MIT
//
// NATS: a server of its own on a free port of the loopback, started by the measuring process, and the client for Node at both
// ends. Each end is used by the thread that opened it.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { decode, encode, type Link, type Take } from './messages.js';

// Debian puts it where the PATH of people does not lead.
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/local/sbin:/usr/sbin` };

/** As in "2.9.10", or undefined. */
export function natsVersion(): string | undefined {
  const { status, stdout } = spawnSync('nats-server', ['--version'], { encoding: 'utf8', env });
  return status === 0 ? stdout.trim().replace(/^.*v(?=\d)/, '') : undefined;
}

/** Undefined where it runs, else a sentence. */
export function natsUnavailable(): string | undefined {
  return natsVersion() === undefined ? 'not measured: nats-server is not installed' : undefined;
}

export interface NatsServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Rejects when the server ends instead of listening. */
export async function startNats(): Promise<NatsServer> {
  const server = spawn('nats-server', ['--addr', '127.0.0.1', '--port', '-1'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(server, 'exit');
  let log = '';
  const port = await new Promise<number>((resolve, reject) => {
    server.on('error', reject);
    server.on('exit', () => reject(new Error(`nats-server ended: ${log}`)));
    server.stderr.on('data', (text: Buffer) => {
      log += text;
      const listening = /client connections on 127\.0\.0\.1:(\d+)/.exec(log);
      if (listening !== null && log.includes('Server is ready')) resolve(Number(listening[1]));
    });
  });
  const stop = async (): Promise<void> => {
    server.kill();
    await ended;
  };
  return { port, stop };
}

export async function natsLink(port: number, end: 'near' | 'far'): Promise<Link> {
  const { connect } = await import('@nats-io/transport-node');
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  const [ours, theirs] = end === 'near' ? ['there', 'back'] : ['back', 'there'];
  let take: Take = () => {};
  connection.subscribe(theirs, {
    callback: (error, { data }) => {
      if (error !== null) throw error;
      decode(data, take);
    },
  });
  await connection.flush(); // the server knows of the subscription
  return {
    send: (first, count) => void connection.publish(ours, encode(first, count)),
    receive: (taker) => {
      take = taker;
    },
    close: () => connection.close(),
  };
}
