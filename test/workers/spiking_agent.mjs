// A worker with a spiking network as its agent: output neuron i fires 1 ms after input neuron i. Not a test itself.
import { CountDecoder, DirectEncoder, lif, SpikingNetwork } from 'neuronbus/population';

export default (bus, { index }) => {
  const net = new SpikingNetwork({ dtMs: 0.5, seed: 1 });
  const input = net.spikeSource(8);
  const output = net.population(8, lif({ synapseTauMs: 0 }));
  net.connect(input, output, { pattern: 'one-to-one', weightMv: 20, delayMs: 0.5 });
  const coders = { encoder: new DirectEncoder({ size: 8 }), decoder: new CountDecoder({ size: 8 }) };
  const neuron = net.asNeuron({ input, output, ...coders, windowMs: 10 });
  bus.register(neuron, { name: `relay ${index}`, capabilities: ['relay'] });
};
