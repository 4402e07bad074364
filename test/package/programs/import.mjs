// What a user's first program does, by `import`: two neurons exchange spikes, an axon passes a long payload.
import { Axon, Neuron, NeuronBus, SpikeBuilder } from 'neuronbus';
import { exercise } from './exercise.mjs';

exercise({ Axon, Neuron, NeuronBus, SpikeBuilder });
