// Starts agents in other languages on a bus of this process. Not a test itself.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { NeuronBus, type NeuronBusOptions } from 'neuronbus';
import { onTestFinished } from 'vitest';
import { seen } from '../hang.js';

/** A started bus with a name of its own, closed when the test ends. */
export function makeBus(options: NeuronBusOptions = {}): NeuronBus {
  const name = `agents-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const bus = NeuronBus.create({ ...options, name });
  onTestFinished(() => bus.close());
  bus.start();
  return bus;
}

export function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  return seen(
    () => look() || undefined,
    () => what,
  );
}

export interface Agent {
  id: number;
  kill: () => void;
  ended: Promise<{ code: number | null; signal: string | null; errors: string }>;
}

export async function start(
  bus: NeuronBus,
  library: string,
  capability: string,
  command: string[],
): Promise<Agent> {
  const [program, ...args] = command as [string, ...string[]];
  const env = { ...process.env, NEURONBUS_LIB: join(library, 'libneuronbus.so') };
  const child = spawn(program, [...args, bus.options.name], { stdio: ['ignore', 'ignore', 'pipe'], env });
  onTestFinished(() => void child.kill('SIGKILL'));
  let errors = '';
  let gone = false;
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const ended = new Promise<Awaited<Agent['ended']>>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      gone = true;
      resolve({ code, signal, errors });
    });
  });
  const card = await until(`the agent ${capability}`, () => {
    if (gone) throw new Error(`${command.join(' ')} ended at once: ${errors}`);
    return bus.discover(capability)[0];
  });
  return { id: card.id, ended, kill: () => void child.kill('SIGKILL') };
}
