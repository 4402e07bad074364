// Runs a program of this folder in a process of its own. Not a test itself.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Ending {
  code: number | null;
  signal: string | null;
  output: string;
  errors: string;
}

/** Programs import the library that `npm run build` made. */
export function run(program: string, ...args: string[]): Promise<Ending> {
  const path = fileURLToPath(new URL(`programs/${program}.mjs`, import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ending: Ending = { code: null, signal: null, output: '', errors: '' };
  child.stdout.on('data', (data) => {
    ending.output += data;
  });
  child.stderr.on('data', (data) => {
    ending.errors += data;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ ...ending, code, signal }));
  });
}

export const clean = (output: string): Ending => ({ code: 0, signal: null, output, errors: '' });
