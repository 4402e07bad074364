// `npx neuronbus rebuild` in an installed package: the explicit build for platforms without a shipped binary.

import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { which } from '../../tools/setup/shared.mjs';
import { child } from './child.js';

const headers = process.env.npm_config_nodedir;

function withoutBinaries(name: string): { cwd: string; library: string } {
  const cwd = `${inject('installed')}-${name}`;
  cpSync(inject('installed'), cwd, { recursive: true, verbatimSymlinks: true });
  const library = join(cwd, 'node_modules', 'neuronbus');
  rmSync(join(library, 'prebuilds'), { recursive: true });
  return { cwd, library };
}

function npx(cwd: string, args: string[], path?: string) {
  const script = inject('npmScript').replace(/npm-cli\.js$/, 'npx-cli.js');
  const env: Record<string, string> = headers ? { npm_config_nodedir: headers } : {};
  return child(process.execPath, [script, '--no', ...args], { cwd, path, env });
}

describe('npx neuronbus rebuild', () => {
  it('makes a binary that the library then uses', () => {
    const { cwd, library } = withoutBinaries('rebuilt');
    expect(child(process.execPath, ['import.mjs'], { cwd }).stderr).toContain('ERR_NB_NO_BINARY');
    const { code, stdout, stderr } = npx(cwd, ['neuronbus', 'rebuild'], process.env.PATH);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(join('build', 'Release', 'neuronbus.node'));
    expect(child(process.execPath, ['import.mjs'], { cwd })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('works on Node.js'),
    });
    expect(existsSync(join(library, 'binding.gyp'))).toBe(false);
  });

  it('names what is missing, in one sentence, and changes nothing', () => {
    const { cwd, library } = withoutBinaries('no-compiler');
    const { code, stderr } = npx(cwd, ['neuronbus', 'rebuild']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^neuronbus: a C\+\+ compiler and make and Python 3 not found on the PATH; .*$/m);
    expect(existsSync(join(library, 'build'))).toBe(false);
  });

  it('prints its usage when it is asked for anything else', () => {
    const { code, stderr } = npx(inject('installed'), ['neuronbus', 'fly']);
    expect(code).toBe(1);
    expect(stderr).toContain('Usage: neuronbus rebuild');
  });
});

describe('cmake in an installed package', () => {
  it.runIf(which('cmake'))('builds and installs the C library, without the tests that are not there', () => {
    const library = join(inject('installed'), 'node_modules', 'neuronbus');
    const cwd = `${inject('installed')}-cmake`;
    mkdirSync(cwd);
    const cmake = (...args: string[]) => child('cmake', args, { cwd, path: process.env.PATH });
    const steps = [
      cmake(
        '-S',
        library,
        '-B',
        'build',
        '-DCMAKE_BUILD_TYPE=Release',
        `-DCMAKE_INSTALL_PREFIX=${join(cwd, 'out')}`,
      ),
      cmake('--build', 'build', '--config', 'Release', '--parallel', '2'),
      cmake('--install', 'build', '--config', 'Release'),
    ];
    expect(steps.map(({ code, stderr }) => (code === 0 ? 'ok' : stderr))).toEqual(['ok', 'ok', 'ok']);
    expect(existsSync(join(cwd, 'out', 'include', 'neuronbus', 'layout.h'))).toBe(true);
  });
});
