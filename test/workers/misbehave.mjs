// Workers that fail in as many ways as `data.how` names. Not a test itself.
import { setTimeout as sleep } from 'node:timers/promises';
import { Neuron } from 'neuronbus';

class Mute extends Neuron {
  onSpike() {
    process.exit(7);
  }
}

export default async (bus, { index, threads, data }) => {
  bus.register(new Mute(), { name: `${data.how} ${index} of ${threads}`, capabilities: ['mute'] });
  if (index !== (data.only ?? index)) return;
  if (data.how === 'throw') throw new RangeError('on purpose');
  if (data.how === 'reject') await Promise.reject(new RangeError('on purpose'));
  if (data.how === 'string') throw 'a string';
  if (data.how === 'exit') process.exit(5);
  if (data.how === 'later') sleep(20).then(() => Promise.reject(new RangeError('later')));
  if (data.how === 'never') await new Promise(() => setInterval(() => {}, 1000));
  if (data.how === 'busy') for (;;);
};
