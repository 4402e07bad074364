// The C API as the installed package brings it: neuronbus-config tells a C compiler where it is.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { child } from './child.js';

const PROGRAM = `#include <neuronbus/neuronbus.h>
#include <stdio.h>

int main(void) {
  nb_bus* bus = NULL;
  if (nb_bus_create(NULL, NULL, &bus) != NB_OK) return 1;
  printf("API %u", nb_api_version());
  return nb_bus_close(bus);
}
`;

function config(...options: string[]): string {
  const script = join(inject('installed'), 'node_modules/neuronbus/bin/neuronbus-config.mjs');
  const { code, stdout, stderr } = child(process.execPath, [script, ...options]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout.trim();
}

describe.runIf(process.platform === 'linux')('neuronbus-config', () => {
  it('tells a C compiler enough to build a program that runs', () => {
    const folder = inject('installed');
    writeFileSync(join(folder, 'program.c'), PROGRAM);
    const flags = config('--cflags', '--libs').split(' ');
    const compiled = child('cc', [join(folder, 'program.c'), ...flags, '-o', join(folder, 'program')], {
      path: process.env.PATH!,
    });
    expect(compiled.stderr).toBe('');
    expect(child(join(folder, 'program'), [])).toMatchObject({ code: 0, stdout: 'API 1' });
  });

  it('names what is there', () => {
    expect(config('--version')).toMatch(/^\d+\.\d+\.\d+/);
    expect(config('--library')).toBe(join(config('--libdir'), 'libneuronbus.so'));
    expect(config('--includedir')).toBe(join(inject('installed'), 'node_modules/neuronbus/include'));
  });

  it('refuses what it does not know', () => {
    const script = join(inject('installed'), 'node_modules/neuronbus/bin/neuronbus-config.mjs');
    expect(child(process.execPath, [script, '--everything'])).toMatchObject({ code: 1, stdout: '' });
  });
});
