// Runs a compiled example as a user would: as a process of its own. Any thread.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Input {
  /** What comes through a pipe on standard input; left out: /dev/null. */
  input?: string | Buffer | readonly (string | Buffer)[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** An example by its name, with what the person typed behind it. */
export function runExample(name: string, args: readonly string[] = [], input: Input = {}): Promise<Finished> {
  return run(process.execPath, [`${root}.build/examples/${name}.js`, ...args], input);
}

/** A line of shell; `$NODE` and `$PIPELINE` are the interpreter and the text pipeline. */
export function runShell(line: string): Promise<Finished> {
  const env = { NODE: process.execPath, PIPELINE: `${root}.build/examples/text_pipeline.js` };
  return run('sh', ['-c', line], { env });
}

function run(command: string, args: readonly string[], { input, cwd, env }: Input): Promise<Finished> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    const finished: Finished = { code: null, stdout: '', stderr: '' };
    child.on('error', reject);
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (finished.stdout += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (finished.stderr += text));
    // What a slow machine makes them say of the time is not what the tests are about.
    const patience = /^(?:reading {2}|waiting for standard input).*\n/gm;
    child.on('close', (code) => {
      resolve({ ...finished, stderr: finished.stderr.replace(patience, ''), code });
    });
    // The child may stop reading early, and says so itself.
    child.stdin?.on('error', () => {});
    if (input !== undefined) for (const part of [input].flat()) child.stdin!.write(part);
    child.stdin?.end();
  });
}

/** The lines of `--json` output, split into documents and the counters of the bus. */
export function parseReport({ stdout }: Finished): { documents: Document[]; bus: Bus } {
  const lines = stdout.trim().split('\n');
  const parsed = lines.map((line) => JSON.parse(line));
  return { documents: parsed.slice(0, -1), bus: parsed.at(-1).bus };
}

export interface Document {
  name: string;
  bytes: number;
  passages: number;
  sentences: number;
  languages: { code: string; share: number }[];
  names: { name: string; kind: string; count: number }[];
  keywords: string[];
  summary: string[];
  lost: number;
}

export interface Bus {
  published: number;
  delivered: number;
  queued: number;
  dropped: Record<string, number>;
  handlerErrors: number;
  latencyNs: { count: number; p50: number; p99: number; p999: number };
  arena: { usedBytes: number; blocks: number };
  neurons: number;
  ganglia: number;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
