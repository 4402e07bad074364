// SPDX-License-Identifier: MIT
//
// `NeuronBus.builder()`: the options of NeuronBusOptions, one call each. Pure until build().

import type { Backpressure } from '../memory/backpressure.js';
import type { RoutingChoice } from '../routing/strategies.js';
import type { NeuronBus } from './neuron_bus.js';
import type { NeuronBusOptions, WaitStrategy } from './options.js';

/** See {@link NeuronBusOptions} for what each call means; values are checked by build(). */
export class NeuronBusBuilder {
  readonly #create: (options: NeuronBusOptions) => NeuronBus;
  readonly #options: NeuronBusOptions = {};

  /** @internal */
  constructor(create: (options: NeuronBusOptions) => NeuronBus) {
    this.#create = create;
  }

  arenaCapacity(bytes: number): this {
    return this.options({ arenaCapacity: bytes });
  }

  axonCapacity(spikes: number): this {
    return this.options({ axonCapacity: spikes });
  }

  maxNeurons(count: number): this {
    return this.options({ maxNeurons: count });
  }

  maxSynapses(count: number): this {
    return this.options({ maxSynapses: count });
  }

  waitStrategy(strategy: WaitStrategy): this {
    return this.options({ waitStrategy: strategy });
  }

  /** `details`: `blockMs` for 'block', `sampleEvery` for 'sample'. */
  backpressure(mode: Backpressure, details: Pick<NeuronBusOptions, 'blockMs' | 'sampleEvery'> = {}): this {
    return this.options({ backpressure: mode, ...details });
  }

  name(name: string): this {
    return this.options({ name });
  }

  clock(kind: 'real' | 'virtual'): this {
    return this.options({ clock: kind });
  }

  seed(seed: number): this {
    return this.options({ seed });
  }

  routing(choice: RoutingChoice): this {
    return this.options({ routing: choice });
  }

  plasticity(plasticity: NonNullable<NeuronBusOptions['plasticity']>): this {
    return this.options({ plasticity });
  }

  /** Any other option. */
  options(options: NeuronBusOptions): this {
    Object.assign(this.#options, options);
    return this;
  }

  /** @throws NeuronBusError as `NeuronBus.create`. */
  build(): NeuronBus {
    return this.#create(this.#options);
  }
}
