// SPDX-License-Identifier: MIT
//
// The way from one kind of value to another, over agents whose cards say what they consume and produce. Pure, any thread.

import { NeuronBusError } from '../../memory/errors.js';
import type { RegisteredCard } from '../agent_card.js';

/** One step: [consumed, produced]. */
export type Step = readonly [string, string];

/** The same string for the same step. */
export function stepKey(takes: string, gives: string): string {
  return JSON.stringify([takes, gives]);
}

/**
 * The fewest steps to a kind from any of those in `from`; of equally many, from the one that is named first. `closed`: keys of
 * steps that are out of the question.
 *
 * @throws NeuronBusError ERR_NB_NO_ROUTE.
 */
export function shortestWay(
  cards: readonly RegisteredCard[],
  from: readonly string[],
  to: string,
  closed?: ReadonlySet<string>,
): Step[] {
  const cameFrom = new Map<string, string | undefined>(from.map((kind) => [kind, undefined]));
  let edge = from;
  while (edge.length > 0 && !cameFrom.has(to)) {
    const next: string[] = [];
    for (const kind of edge) {
      for (const { consumes, produces } of cards) {
        if (!consumes.includes(kind)) continue;
        for (const gives of produces) {
          if (cameFrom.has(gives) || closed?.has(stepKey(kind, gives))) continue;
          cameFrom.set(gives, kind);
          next.push(gives);
        }
      }
    }
    edge = next;
  }
  if (!cameFrom.has(to)) throw new NeuronBusError('NO_ROUTE', `from '${from.join("', '")}' to '${to}'`);
  const way: Step[] = [];
  for (let kind = to; ; ) {
    const before = cameFrom.get(kind);
    if (before === undefined) return way.reverse();
    way.push([before, kind]);
    kind = before;
  }
}
