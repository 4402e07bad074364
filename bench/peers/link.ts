// SPDX-License-Identifier: MIT
//
// What a user would take instead of a bus, between two threads or two processes, all with the same face: a link carries
// numbered messages. Node's own channels are here, the others beside this file.
//
// The measuring process' main thread has the near end; far_end.ts runs in a thread or process of its own.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type MessagePort, Worker } from 'node:worker_threads';
import type { Place } from '../harness/pair.js';
import { decode, encode, type Link, type Take } from './messages.js';
import { natsLink, natsUnavailable, startNats } from './nats.js';
import { zeromqLink, zeromqUnavailable } from './zeromq.js';

/** Messages under way at most: channels queue without bound, or drop. A multiple of ackEvery. */
export const window = 8192;
/** A far end that counts sends its count after so many messages. */
export const ackEvery = 1024;

export type Channel =
  | { readonly kind: 'node' }
  | { readonly kind: 'zeromq'; readonly address: string }
  | { readonly kind: 'nats' };

/** Undefined where the channel runs, else a sentence. */
export function channelUnavailable({ kind }: Channel): string | undefined {
  if (kind === 'zeromq') return zeromqUnavailable();
  return kind === 'nats' ? natsUnavailable() : undefined;
}

export interface FarOrder {
  readonly channel: Channel;
  /** Of the NATS server. */
  readonly port?: number;
  /** 'echo' answers each message with one of the same number, 'count' sends its count now and then. */
  readonly role: 'echo' | 'count';
}

/** An end of a channel of Node: strings on it are orders, the rest is messages. */
export type Port = Worker | MessagePort | ChildProcess | NodeJS.Process;

export function say(port: Port, message: unknown): void {
  if ('postMessage' in port) port.postMessage(message);
  else port.send?.(message as string);
}

/** One message is an object of three numbers, as people send them; several are bytes. */
function nodeLink(port: Port): Link {
  const send = (first: number, count: number): undefined => {
    say(port, count === 1 ? { source: 1, target: 2, sequence: first } : encode(first, count));
  };
  const receive = (take: Take): void => {
    (port as MessagePort).on('message', (message: string | Uint8Array | { sequence: number }) => {
      if (message instanceof Uint8Array) decode(message, take);
      else if (typeof message !== 'string') take(1, message.sequence);
    });
  };
  return { send, receive, close: () => {} };
}

/** `other` leads to the other end. */
export async function openLink(order: FarOrder, other: Port, end: 'near' | 'far'): Promise<Link> {
  const { channel, port = 0 } = order;
  if (channel.kind === 'node') return nodeLink(other);
  return channel.kind === 'zeromq' ? zeromqLink(channel.address, end) : natsLink(port, end);
}

export interface FarEnd {
  readonly link: Link;
  /** Ends the other side; returns how many messages it received, and their sum. */
  stop(): Promise<{ count: number; sum: number }>;
}

export async function startFarEnd(place: Place, channel: Channel, role: FarOrder['role']): Promise<FarEnd> {
  const script = new URL('./far_end.js', import.meta.url);
  const server = channel.kind === 'nats' ? await startNats() : undefined;
  const order: FarOrder = { channel, role, ...(server === undefined ? {} : { port: server.port }) };
  const other =
    place === 'thread'
      ? new Worker(script, { workerData: order })
      : fork(fileURLToPath(script), [JSON.stringify(order)]);
  other.on('error', (error: Error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  });
  const link = await openLink(order, other, 'near');
  await once(other, 'message');
  const stop = async (): Promise<{ count: number; sum: number }> => {
    const exited = once(other, 'exit');
    say(other, 'stop');
    const [report] = (await once(other, 'message')) as [string];
    await exited;
    await link.close();
    await server?.stop();
    const [count, sum] = report.split(' ').map(Number);
    return { count, sum };
  };
  return { link, stop };
}
