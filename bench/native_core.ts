import type { Scenario } from './harness/types.js';
export const scenario: Scenario = { name: 'native_core', title: '', note: '', metrics: [], variants: [], prepare: () => 'pending' };
