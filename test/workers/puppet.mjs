// What the workers of these tests run: does what the test says, over a channel apart from the bus. Not a test itself.
import { Blackboard, Neuron } from 'neuronbus';

/** Remembers the texts that it gets, then reacts as it was told. */
class Probe extends Neuron {
  texts = [];

  constructor(react = () => {}) {
    super();
    this.react = react;
  }

  onSpike(spike, handle) {
    this.texts.push(spike.text());
    return this.react(spike, handle);
  }
}

/** Counts what it gets. */
class Counter extends Neuron {
  count = 0;

  onSpike() {
    this.count++;
  }
}

export default (bus, { index, data }) => {
  const channel = new BroadcastChannel(data.channel);
  const stage = { bus, index, Probe, Counter, Neuron, Blackboard, state: {} };
  channel.onmessage = async ({ data: { to, number, code, argument } }) => {
    if (to !== index) return;
    try {
      const value = await new Function(`return ${code}`)()(stage, argument);
      channel.postMessage({ number, value });
    } catch (error) {
      channel.postMessage({ number, failure: error.code ?? String(error?.stack) });
    }
  };
};
