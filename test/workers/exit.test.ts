// How a process with workers on its bus ends: with the code that it was told, whoever tells it.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./exit_program.mjs', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'nb-exit-'));
afterAll(() => rmSync(place, { recursive: true }));

function run(
  how: string,
): Promise<{ code: number | null; signal: string | null; output: string; errors: string }> {
  const child = spawn(process.execPath, [PROGRAM, how], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NEURONBUS_DIR: place },
  });
  const ending = { output: '', errors: '' };
  child.stdout.on('data', (data) => {
    ending.output += data;
  });
  child.stderr.on('data', (data) => {
    ending.errors += data;
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, ...ending }));
  });
}

it.each([
  ['main exits with workers alive', 3, ''],
  ['main exits inside a handler', 4, ''],
  ['main closes the bus', 0, 'closed\n'],
  ['main terminates the pool, then closes', 0, 'alive 0\n'],
  ['a worker exits inside a handler', 0, 'exit code 7\n'],
  ['a named bus: main exits with workers alive', 5, ''],
])('%s', async (how, code, output) => {
  for (let round = 0; round < 5; round++) {
    expect(await run(how)).toEqual({ code, signal: null, output, errors: '' });
    const left = readdirSync(place, { recursive: true }).filter((file) => file.toString().endsWith('.bus'));
    expect(left).toEqual([]);
  }
});

it('an exception that nobody catches ends it with code 1, its message unharmed', async () => {
  const { code, signal, errors } = await run('main throws');
  expect([code, signal]).toEqual([1, null]);
  expect(errors).toContain('Error: on purpose');
});
