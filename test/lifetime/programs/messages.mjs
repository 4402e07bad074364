// Ends that processes come to after questions and answers: by themselves.
import { setTimeout as sleep } from 'node:timers/promises';
import { Neuron, NeuronBus } from 'neuronbus';

class Echo extends Neuron {
  onRequest(request) {
    return request.value === 'mute' ? new Promise(() => {}) : request.value;
  }
}

const bus = NeuronBus.create({ maxNeurons: 8, maxSynapses: 8 });
const [a, b] = [1, 2].map((n) => bus.register(new Echo(), { name: `echo ${n}` }));
const turn = () => new Promise((resolve) => setImmediate(resolve));
const codes = (promises) =>
  Promise.all(
    promises.map((one) =>
      one.then(
        () => 'ok',
        (error) => error.code,
      ),
    ),
  );

const endings = {
  // The timeout is a day away; the timer of the deadlines is never armed for long.
  'answered, then stopped': async () => {
    bus.start();
    const { value } = await bus.request(a, b, 'x', { timeoutMs: 1e8 });
    bus.stop();
    console.log(value);
  },
  'closed with everything pending': async () => {
    bus.start();
    const controller = new AbortController();
    const asked = [
      bus.request(a, b, 'mute'),
      bus.request(a, b, 'mute', { timeoutMs: Number.POSITIVE_INFINITY, signal: controller.signal }),
      bus.request(a, b, 'mute', { idempotent: true, timeoutMs: 5, backoffMs: 1e6 }),
      bus.stream(a, b, 'mute').next(),
    ];
    const ends = codes(asked);
    await sleep(50); // the third pauses
    const before = bus.stats().pending;
    let after;
    ends.then((all) => {
      after = [...new Set(all)];
    });
    bus.close();
    bus.close();
    await turn();
    console.log(before, ...after);
  },
  'never started, with a question that times out': async () => {
    bus.request(a, b, 'x', { timeoutMs: 30 }).catch((error) => console.log(error.code));
  },
  'process.exit in a handler': async () => {
    class Exit extends Neuron {
      onRequest() {
        process.exit(0);
      }
    }
    const exit = bus.register(new Exit(), { name: 'exit' });
    bus.start();
    await bus.request(a, exit, 'x');
  },
};
await endings[process.argv[2]]();
