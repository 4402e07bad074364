// `npx neuronbus rebuild` in an installed package: the explicit build for platforms without a shipped binary.

import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
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
