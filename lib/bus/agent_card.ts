// SPDX-License-Identifier: MIT
//
// Agent cards: what an agent says of itself so that others find it. Plain immutable data, any thread.

import { invalidArgument } from '../memory/errors.js';
import { MAX_NEURONS } from '../memory/layout.js';

/** What `register()` takes: a plain object with these fields, or an {@link AgentCard}. */
export interface AgentCardInit {
  /** Short and human; need not be unique. Snapshots find neurons again by it. */
  name: string;
  description?: string;
  /** Of the agent, any scheme. Default '1.0.0'. */
  version?: string;
  /** What it can do, for `discover()`. Added to the `capabilities` of the Neuron. */
  capabilities?: readonly string[];
  /** Where it belongs, for `discoverInRegion()`: segments separated by '/', as in 'cortex/language'. */
  regions?: readonly string[];
  tags?: readonly string[];
  /** Kinds of values that it takes, and that it answers with: a network finds its way by them. Any words, as 'text' or 'vector'. */
  consumes?: readonly string[];
  produces?: readonly string[];
  /** What one request to it costs, 0 or more, in a unit of your own: joules, cents. Default 0. */
  cost?: number;
  /** The neuron id to take, 0..65533. Default: the next free one. */
  id?: number;
}

const TEXT_FIELDS = ['name', 'description', 'version'] as const;
const LIST_FIELDS = ['capabilities', 'regions', 'tags', 'consumes', 'produces'] as const;
const FIELDS: ReadonlySet<string> = new Set([...TEXT_FIELDS, ...LIST_FIELDS, 'cost', 'id']);

/** All that have none share this. */
const NONE: readonly string[] = Object.freeze([]);

/** Every item once, never to change. */
function each(items: readonly string[] = NONE): readonly string[] {
  return items.length === 0 ? NONE : Object.freeze([...new Set(items)]);
}

function checkRegion(region: string): void {
  if (region.split('/').some((segment) => segment.trim() === '')) {
    throw invalidArgument('card.regions', region, "segments that are not empty, as in 'a/b/c'");
  }
}

/** An immutable, validated card. `id` is the neuron's once it is registered. */
export class AgentCard implements AgentCardInit {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly capabilities: readonly string[];
  readonly regions: readonly string[];
  readonly tags: readonly string[];
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  readonly cost: number;
  readonly id?: number;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the field that is missing, unknown or of the wrong type. */
  constructor(init: AgentCardInit) {
    if (init === null || typeof init !== 'object')
      throw invalidArgument('card', init, 'an object with at least a name');
    for (const key of Object.keys(init)) {
      if (!FIELDS.has(key)) throw invalidArgument('card', key, `made of ${[...FIELDS].join(', ')}`);
    }
    for (const field of TEXT_FIELDS) {
      if (init[field] !== undefined && typeof init[field] !== 'string')
        throw invalidArgument(`card.${field}`, init[field], 'a string');
    }
    for (const field of LIST_FIELDS) {
      const list = init[field];
      if (list === undefined) continue;
      if (!Array.isArray(list) || list.some((item) => typeof item !== 'string' || item === '')) {
        throw invalidArgument(`card.${field}`, list, 'an array of non-empty strings');
      }
    }
    if (typeof init.name !== 'string' || init.name.trim() === '')
      throw invalidArgument('card.name', init.name, 'a non-empty string');
    if (init.id !== undefined && !(Number.isInteger(init.id) && init.id >= 0 && init.id < MAX_NEURONS)) {
      throw invalidArgument('card.id', init.id, `an integer from 0 to ${MAX_NEURONS - 1}`);
    }
    init.regions?.forEach(checkRegion);
    if (
      init.cost !== undefined &&
      !(typeof init.cost === 'number' && init.cost >= 0 && init.cost < Infinity)
    ) {
      throw invalidArgument('card.cost', init.cost, 'a number, 0 or more');
    }
    this.name = init.name;
    this.description = init.description ?? '';
    this.version = init.version ?? '1.0.0';
    this.capabilities = each(init.capabilities);
    this.regions = each(init.regions);
    this.tags = each(init.tags);
    this.consumes = each(init.consumes);
    this.produces = each(init.produces);
    this.cost = init.cost ?? 0;
    if (init.id !== undefined) this.id = init.id;
    Object.freeze(this);
  }

  static builder(): AgentCardBuilder {
    return new AgentCardBuilder();
  }

  /** The same card with other values in some fields. */
  with(changes: Partial<AgentCardInit>): AgentCard {
    return new AgentCard({ ...this, ...changes });
  }
}

/** The card of a registered neuron. */
export type RegisteredCard = AgentCard & { readonly id: number };

/** `AgentCard.builder().name('echo').capability('echo').region('app/core').build()` */
export class AgentCardBuilder {
  readonly #init: {
    name?: string;
    description?: string;
    version?: string;
    capabilities: string[];
    regions: string[];
    tags: string[];
    consumes: string[];
    produces: string[];
    cost?: number;
    id?: number;
  } = { capabilities: [], regions: [], tags: [], consumes: [], produces: [] };

  name(name: string): this {
    this.#init.name = name;
    return this;
  }

  description(description: string): this {
    this.#init.description = description;
    return this;
  }

  version(version: string): this {
    this.#init.version = version;
    return this;
  }

  capability(...capabilities: string[]): this {
    this.#init.capabilities.push(...capabilities);
    return this;
  }

  region(...regions: string[]): this {
    this.#init.regions.push(...regions);
    return this;
  }

  tag(...tags: string[]): this {
    this.#init.tags.push(...tags);
    return this;
  }

  consumes(...kinds: string[]): this {
    this.#init.consumes.push(...kinds);
    return this;
  }

  produces(...kinds: string[]): this {
    this.#init.produces.push(...kinds);
    return this;
  }

  cost(cost: number): this {
    this.#init.cost = cost;
    return this;
  }

  id(id: number): this {
    this.#init.id = id;
    return this;
  }

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT as the constructor of {@link AgentCard}. */
  build(): AgentCard {
    return new AgentCard(this.#init as AgentCardInit);
  }
}
