// The entry point for pictures without the package that it needs.

import { expect, it } from 'vitest';
import { child } from './child.js';

it('neuronbus/plots loads without vega, and a picture names the package to install', () => {
  const { code, stdout, stderr } = child(process.execPath, ['plots.mjs']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^ERR_NB_NOT_INSTALLED: .*npm install vega/);
});
