// SPDX-License-Identifier: MIT
//
// What a saved network has besides the state of its native half: kinds, names, rules and upkeep, as JSON that native code keeps.
// Nothing of a file is trusted: what does not fit the native half is ERR_NB_BAD_FILE. Pure, any thread.

import { NeuronBusError } from '../memory/errors.js';
import type { PatternName } from './connections.js';
import type { Engine } from './engine.js';
import { MODEL, PATTERN, RULE } from './native_network.js';
import { checkName, type Population, type PopulationKind } from './neurons.js';
import { Projection, type ProjectionFacts } from './projection.js';
import { homeostasis, type RewiringOptions, rewiring } from './upkeep.js';
import { checkBoolean, checkChoice, checkInteger, checkNumber } from './validation.js';

const FORMAT = 1;

export interface SavedPopulation {
  readonly kind: PopulationKind;
  readonly size: number;
  readonly name?: string | undefined;
}

interface SavedUpkeep {
  readonly everyMs: number;
  readonly next: number;
}

export interface SavedProjection extends ProjectionFacts {
  readonly pre: number;
  readonly post: number;
  readonly learning: boolean;
  readonly homeostasis?: (SavedUpkeep & { readonly totalWeight: number }) | undefined;
  readonly rewiring?: (SavedUpkeep & RewiringOptions) | undefined;
}

export interface SavedNetwork {
  readonly dtMs: number;
  readonly seed: number;
  readonly populations: readonly SavedPopulation[];
  readonly projections: readonly SavedProjection[];
}

export function archive(
  engine: Engine,
  populations: readonly Population[],
  projections: readonly Projection[],
): Uint8Array {
  const { dtMs, seed } = engine;
  const saved: SavedNetwork & { format: number } = {
    format: FORMAT,
    ...{ dtMs, seed },
    populations: populations.map(({ kind, size, name }) => ({ kind, size, name })),
    projections: projections.map((projection) => {
      const { homeostasis, rewiring } = projection.upkeep;
      return {
        ...projection.facts,
        pre: projection.pre.id,
        post: projection.post.id,
        learning: projection.learning,
        homeostasis: homeostasis && {
          totalWeight: homeostasis[0].totalWeight,
          everyMs: homeostasis[0].everyMs,
          next: homeostasis[1].next,
        },
        rewiring: rewiring && {
          ...rewiring[0].wish,
          weight: rewiring[0].wish.grow === 0 ? undefined : rewiring[0].wish.weight,
          everyMs: rewiring[0].everyMs,
          next: rewiring[1].next,
        },
      };
    }),
  };
  return new TextEncoder().encode(JSON.stringify(saved));
}

/** @throws NeuronBusError ERR_NB_BAD_FILE, ERR_NB_VERSION. */
export function unarchive(bytes: Uint8Array): SavedNetwork {
  return inFile(() => {
    const saved = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (saved.format !== FORMAT)
      throw new NeuronBusError('VERSION', `The network has format ${saved.format}`);
    checkNumber('dtMs', saved.dtMs, { above: 0 });
    checkInteger('seed', saved.seed, 0, Number.MAX_SAFE_INTEGER);
    const { populations, projections } = saved as SavedNetwork;
    for (const { kind, size, name } of populations) {
      checkChoice('kind', kind, MODEL);
      checkInteger('size', size, 1, 2 ** 32 - 1);
      checkName(name);
    }
    for (const projection of projections) checkSaved(projection, populations.length);
    return saved;
  });
}

function checkSaved(projection: SavedProjection, populations: number): void {
  checkInteger('pre', projection.pre, 0, populations - 1);
  checkInteger('post', projection.post, 0, populations - 1);
  checkName(projection.name);
  checkChoice<PatternName>('pattern', projection.pattern, PATTERN);
  checkChoice('rule', projection.rule, RULE);
  checkNumber('wMin', projection.wMin);
  checkNumber('wMax', projection.wMax);
  checkBoolean('learning', projection.learning);
}

/** Runs what looks at a file; a refused argument there is a bad file. */
function inFile<T>(what: () => T): T {
  try {
    return what();
  } catch (error) {
    if (error instanceof NeuronBusError && error.code !== 'ERR_NB_INVALID_ARGUMENT') throw error;
    throw new NeuronBusError('BAD_FILE', undefined, { cause: error });
  }
}

/** The projections of a loaded network. @throws NeuronBusError ERR_NB_BAD_FILE. */
export function restoreProjections(
  engine: Engine,
  populations: readonly Population[],
  saved: readonly SavedProjection[],
): Projection[] {
  return inFile(() =>
    saved.map((one, id) => {
      const numbers = new Float64Array(5);
      engine.call((native) => native.info(id, numbers));
      const [pre, post, , , ruleNumber] = numbers;
      if (pre !== one.pre || post !== one.post || ruleNumber !== RULE[one.rule])
        throw new NeuronBusError('BAD_FILE');
      const { name, pattern, rule, wMin, wMax, learning } = one;
      const facts = { name, pattern, rule, wMin, wMax };
      const projection = new Projection(
        engine,
        id,
        populations[one.pre],
        populations[one.post],
        facts,
        learning,
      );
      projection.maintain(restoreHomeostasis(one.homeostasis), restoreRewiring(one.rewiring));
      const { homeostasis, rewiring } = projection.upkeep;
      if (homeostasis !== undefined) homeostasis[1].next = checkNext(engine, one.homeostasis!.next);
      if (rewiring !== undefined) rewiring[1].next = checkNext(engine, one.rewiring!.next);
      return projection;
    }),
  );
}

function checkNext(engine: Engine, next: number): number {
  return checkInteger('next', next, engine.now, Number.MAX_SAFE_INTEGER);
}

function restoreHomeostasis(saved: SavedProjection['homeostasis']) {
  return saved && homeostasis({ totalWeight: saved.totalWeight, everyMs: saved.everyMs });
}

function restoreRewiring(saved: SavedProjection['rewiring']) {
  if (saved === undefined) return undefined;
  const { next: _, ...options } = saved;
  return rewiring(options);
}
