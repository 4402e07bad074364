// SPDX-License-Identifier: MIT
//
// The list of scenarios, in the order of the report. A scenario is a file of the same name beside this one.
//
// Each measuring process loads only its own scenario, so that nothing foreign is in its heap.

import type { Scenario } from './harness/types.js';

export const scenarioNames = [
  'fire_to_onspike',
  'axon_two_threads',
  'axon_echo',
  'thread_peers',
  'bus_one_way',
  'bus_round_trip',
  'bus_scale',
  'event_loop',
  'idle_cpu',
  'native_core',
  'memory_and_startup',
  'discovery',
  'save_load',
  'foreign_agents',
  'large_bus',
  'route_choice',
  'request_one_thread',
  'request_round_trip',
] as const;

/** Those of `npm run bench:population`, in the folder of this name. */
export const populationScenarioNames = [
  'population/plastic',
  'population/cuba',
  'population/kernel',
  'population/memory',
  'population/scaling',
  'population/idle',
] as const;

/** Throws when there is no such scenario, naming those that exist. */
export async function loadScenario(name: string): Promise<Scenario> {
  const names: readonly string[] = [...scenarioNames, ...populationScenarioNames];
  if (!names.includes(name)) throw new Error(`no scenario "${name}"; there are: ${names.join(', ')}`);
  const module = (await import(/* @vite-ignore */ `./${name}.js`)) as { scenario: Scenario };
  return module.scenario;
}
