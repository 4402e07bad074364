// A misspelt set of kernels. It is chosen once for a process, and this file has one of its own.
import { SpikingNetwork } from 'neuronbus/population';
import { expect, it, vi } from 'vitest';
import { refusal } from './support.js';

vi.stubEnv('NEURONBUS_KERNELS', 'avx1024');

it.each([
  ['made', () => new SpikingNetwork()],
  ['loaded', () => SpikingNetwork.load('never read')],
  ['made once more', () => new SpikingNetwork()],
])('a network whose kernels nobody knows cannot be %s', (_, call) => {
  expect(refusal(call)).toContain('NEURONBUS_KERNELS must be scalar, avx2, avx512 or neon');
});
