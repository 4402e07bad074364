// Where the library cannot work it says so in one sentence with a typed code; it never crashes and never just hangs.

import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { child } from './child.js';

interface Refusal {
  typed: boolean;
  code: string;
  message: string;
}

function refusal(
  pretend: Record<string, string>,
  env: Record<string, string> = {},
  cwd = inject('installed'),
): Refusal {
  const { code, stdout, stderr } = child(process.execPath, ['refused.mjs'], {
    cwd,
    env: { PRETEND: JSON.stringify(pretend), ...env },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Refusal;
}

function copyOfInstalled(name: string): string {
  const copy = `${inject('installed')}-${name}`;
  cpSync(inject('installed'), copy, { recursive: true });
  return copy;
}

describe('a platform without a binary', () => {
  it.each([
    ['sunos', 'x64', 'sunos-x64'],
    ['linux', 'riscv64', 'linux-riscv64-glibc'],
    ['win32', 'ia32', 'win32-ia32'],
  ])('%s %s is named, with what is shipped and what to do', (platform, arch, key) => {
    const { typed, code, message } = refusal({ platform, arch });
    expect({ typed, code }).toEqual({ typed: true, code: 'ERR_NB_NO_BINARY' });
    expect(message).toContain(key);
    expect(message).toContain(`${process.platform}-${process.arch}`);
    expect(message).toContain('npx neuronbus rebuild');
    expect(message).not.toContain('\n');
  });
});

describe('a Node-API that is too old', () => {
  it.each(['8', '3'])('version %s is refused before anything is loaded', (napi) => {
    const { typed, code, message } = refusal({ napi });
    expect({ typed, code }).toEqual({ typed: true, code: 'ERR_NB_NODE_API' });
    expect(message).toContain(napi);
    expect(message).toContain('9');
    expect(message).not.toContain('\n');
  });
});

describe('a binary that cannot be loaded', () => {
  it('is an error that names the file', () => {
    const cwd = copyOfInstalled('damaged');
    const folder = join(cwd, 'node_modules/neuronbus/prebuilds', `${process.platform}-${process.arch}`);
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), 'not a library');
    const { typed, code, message } = refusal({}, {}, cwd);
    expect({ typed, code }).toEqual({ typed: true, code: 'ERR_NB_NO_BINARY' });
    expect(message).toMatch(/prebuilds\/.*\.node/);
    expect(message).not.toContain('\n');
  });

  it('is an error when NEURONBUS_BINARY names nothing', () => {
    const { typed, code, message } = refusal({}, { NEURONBUS_BINARY: 'nowhere.node' });
    expect({ typed, code }).toEqual({ typed: true, code: 'ERR_NB_NO_BINARY' });
    expect(message).toContain('nowhere.node');
  });
});
