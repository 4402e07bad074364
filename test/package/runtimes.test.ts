// The installed tarball at work: on every Node.js that `engines` admits, on Bun and on Deno, by import and by require,
// with no compiler, make, cmake or Python to be found.

import { existsSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import * as runtimes from '../../tools/runtimes.mjs';
import { which } from '../../tools/setup/shared.mjs';
import { child } from './child.js';

const programs = ['import.mjs', 'require.cjs', 'worker.mjs', 'unclosed.mjs', 'population.mjs'];
const x64 = process.platform === 'linux' && process.arch === 'x64';
const qemu = which('qemu-aarch64');

function expectToWork(command: string, args: string[], name: string, env: Record<string, string> = {}): void {
  const { code, stdout, stderr } = child(command, args, { env });
  expect({ code, stdout, stderr }).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`works on ${name}`),
  });
}

describe('the bare PATH', () => {
  it.each(['cc', 'c++', 'gcc', 'g++', 'clang', 'cmake', 'make', 'python', 'python3', 'node-gyp'])(
    'has no %s',
    (tool) => {
      expect(existsSync(join(inject('barePath'), tool))).toBe(false);
      expect(child('sh', ['-c', `command -v ${tool}`]).code).not.toBe(0);
    },
  );
});

describe.each(programs)('%s', (program) => {
  it('runs on the Node.js at hand', () => {
    expectToWork(process.execPath, [program], `Node.js ${process.versions.node}`);
  });

  it.runIf(x64).each(runtimes.NODE_MAJORS)('runs on Node.js %i', (major) => {
    expectToWork(runtimes.nodeLinuxX64(major), [program], `Node.js ${major}.`);
  });

  it.runIf(x64)('runs on Bun', () => {
    expectToWork(runtimes.bun(), [program], 'Bun 1.');
  });

  it.runIf(x64)('runs on Deno', () => {
    expectToWork(runtimes.deno(), ['run', '--quiet', '--allow-all', program], 'Deno 2.');
  });

  const arm64 = () => existsSync(join(inject('installed'), 'node_modules/neuronbus/prebuilds/linux-arm64'));

  it.runIf(x64 && qemu !== undefined)(
    'runs on an emulated arm64 Node.js, if that binary is in the tarball',
    ({ skip }) => {
      if (!arm64()) skip();
      expectToWork(
        qemu!,
        ['-L', '/usr/aarch64-linux-gnu', runtimes.nodeLinuxArm64(20), program],
        'Node.js 20.',
      );
    },
  );
});

describe('installing', () => {
  it('needs no compiler when install scripts are allowed either', () => {
    const folder = mkdtempSync(join(inject('installed'), 'allowed-'));
    const args = [inject('npmScript'), 'install', '--prefix', folder, '--offline', inject('tarball')];
    expect(child(process.execPath, args, { cwd: folder })).toMatchObject({ code: 0 });
    expect(existsSync(join(folder, 'node_modules/neuronbus/build'))).toBe(false);
  });
});
