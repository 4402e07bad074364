// Runs a program in the folder where the tarball is installed, on the bare PATH unless told otherwise.

import { spawnSync } from 'node:child_process';
import { inject } from 'vitest';

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface ChildOptions {
  cwd?: string;
  path?: string;
  env?: Record<string, string>;
}

export function child(command: string, args: readonly string[], options: ChildOptions = {}): Outcome {
  const result = spawnSync(command, args, {
    cwd: options.cwd ?? inject('installed'),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      HOME: process.env.HOME ?? '/',
      PATH: options.path ?? inject('barePath'),
      NO_COLOR: '1',
      ...options.env,
    },
  });
  if (result.error) throw result.error;
  return { code: result.status, stdout: result.stdout.trim(), stderr: result.stderr.trim() };
}
