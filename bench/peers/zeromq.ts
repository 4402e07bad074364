// SPDX-License-Identifier: MIT
//
// ZeroMQ, by the package zeromq: a pair of sockets, over ipc between processes or inproc between threads. Each end is used by
// the thread that opened it.

import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode, type Link, type Take } from './messages.js';

/** Undefined where it runs, else a sentence. */
export function zeromqUnavailable(): string | undefined {
  if (process.platform === 'win32') return 'not measured: ZeroMQ has no ipc on Windows';
  try {
    createRequire(import.meta.url)('zeromq');
    return undefined;
  } catch {
    return 'not measured: the package zeromq has no binary for this platform';
  }
}

/** A place to meet for two processes, or two threads. */
export function zeromqAddress(between: 'ipc' | 'inproc'): string {
  const name = `neuronbus-bench-${process.pid}`;
  return between === 'ipc' ? `ipc://${join(tmpdir(), name)}` : `inproc://${name}`;
}

export async function zeromqLink(address: string, end: 'near' | 'far'): Promise<Link> {
  const { Pair } = await import('zeromq');
  const socket = new Pair({ linger: 0 });
  if (end === 'near') await socket.bind(address);
  else socket.connect(address);
  const receive = async (take: Take): Promise<void> => {
    for await (const [frame] of socket) decode(frame, take);
  };
  return {
    send: (first, count) => socket.send(encode(first, count)),
    receive: (take) => void receive(take),
    close: () => {
      socket.close();
      if (end === 'near') rmSync(address.replace('ipc://', ''), { force: true }); // ZeroMQ leaves it behind
    },
  };
}
