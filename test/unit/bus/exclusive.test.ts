// Capabilities that only one neuron may have.
import { Blackboard, Neuron } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { makeBus } from './support.js';

class Worker extends Neuron {
  override readonly capabilities = ['work'];
}

class Boss extends Worker {
  override readonly exclusive = true;
}

describe('an exclusive neuron', () => {
  it('is refused while another one has one of its capabilities, and nothing is left of it', () => {
    const bus = makeBus();
    const registered: string[] = [];
    bus.on('register', ({ name }) => registered.push(name));
    const worker = bus.register(new Worker(), { name: 'worker' });
    const boss = new Boss();
    expect(() => bus.register(boss, { name: 'boss' })).toThrow(
      expect.objectContaining({
        code: 'ERR_NB_CAPABILITY_TAKEN',
        message: expect.stringContaining(`work: neuron ${worker} (worker)`),
      }),
    );
    expect(bus.neurons().map(({ name }) => name)).toEqual(['worker']);
    expect(registered).toEqual(['worker']);
    bus.unregister(worker);
    bus.register(boss, { name: 'boss' });
    expect(bus.discover('work').map(({ name }) => name)).toEqual(['boss']);
  });

  it('has other capabilities besides those of others', () => {
    const bus = makeBus();
    bus.register(new Worker(), { name: 'worker' });
    class Other extends Neuron {
      override readonly capabilities = ['other'];
      override readonly exclusive = true;
    }
    bus.register(new Other(), { name: 'other' });
    expect(() => bus.register(new Other(), { name: 'other, too' })).toThrow(/CAPABILITY|only one neuron/);
  });

  it('is the blackboard', () => {
    const bus = makeBus();
    bus.register(new Blackboard(), { name: 'blackboard' });
    expect(() => bus.register(new Blackboard(), { name: 'second' })).toThrow(
      expect.objectContaining({ code: 'ERR_NB_CAPABILITY_TAKEN' }),
    );
  });
});
