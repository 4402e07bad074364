// The first code of the README: two agents, one question, one answer.
import { Neuron, NeuronBus, type NeuronHandle, type Spike } from 'neuronbus';

class Greeter extends Neuron {
  override capabilities = ['greet'];
  onSpike(spike: Spike, handle: NeuronHandle) {
    handle.reply(spike, `Hello, ${spike.text()}!`);
  }
}

class Visitor extends Neuron {
  onSpike(spike: Spike) {
    console.log(spike.text());
  }
}

const bus = NeuronBus.create();
const visitor = bus.register(new Visitor(), { name: 'visitor' });
bus.register(new Greeter(), { name: 'greeter' });

const [greeter] = bus.discover('greet'); // by what it can do, not by its id
bus.fire(visitor, { target: greeter.id, payload: 'neuron' });
bus.run(2); // delivers the question, then the answer
bus.close();
