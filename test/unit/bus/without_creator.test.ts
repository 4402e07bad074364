// A bus whose creator is gone: nobody comes any more, who is there goes on.
import { NeuronBus } from 'neuronbus';
import { expect, it, onTestFinished } from 'vitest';
import { add, codeOf } from './support.js';

it('who attached may start and deliver after the creator closed', async () => {
  const creator = NeuronBus.create({ maxNeurons: 16, maxSynapses: 16 });
  const { handle } = creator;
  const bus = NeuronBus.attach(handle);
  onTestFinished(() => bus.close());
  creator.close();
  expect(codeOf(() => NeuronBus.attach(handle))).toBe('ERR_NB_NO_SUCH_SEGMENT');
  bus.start();
  const texts = await new Promise<string[]>((resolve) => {
    const probe = add(bus, () => resolve(probe.texts));
    bus.fire(probe.id, { target: probe.id, payload: 'still here' });
  });
  expect(texts).toEqual(['still here']);
});
