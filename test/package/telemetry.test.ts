// The entry point for telemetry without the package that it needs.

import { expect, it } from 'vitest';
import { child } from './child.js';

it('neuronbus/telemetry loads without OpenTelemetry, and instrument() names the package to install', () => {
  const { code, stdout, stderr } = child(process.execPath, ['telemetry.mjs']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^ERR_NB_NOT_INSTALLED: .*npm install @opentelemetry\/api/);
});
