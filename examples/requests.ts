// Questions and answers: one answer, an answer in parts, and what becomes of a question that nobody answers in time.
import { setTimeout as sleep } from 'node:timers/promises';
import { defineChannel, Neuron, NeuronBus, type Request } from 'neuronbus';

interface Text {
  text: string;
}
const translate = defineChannel<Text, Text>('translate', {
  validate: (value) => {
    if (typeof (value as Text).text !== 'string') throw new TypeError('a text is wanted');
    return value as Text;
  },
});

class Translator extends Neuron {
  override capabilities = ['translate'];
  override async onRequest(request: Request) {
    const { text } = translate.read(request); // checked, and typed
    await sleep(text.length, undefined, { signal: request.signal }); // no longer than anybody waits
    return { text: text.toUpperCase() };
  }
}

class Storyteller extends Neuron {
  override capabilities = ['tell'];
  override async *onRequest(request: Request) {
    for (const word of `once upon a time ${request.text()}`.split(' ')) yield word;
  }
}

class Reader extends Neuron {}

const bus = NeuronBus.create();
const me = bus.register(new Reader(), { name: 'reader' });
bus.register(new Translator(), { name: 'translator' });
bus.register(new Storyteller(), { name: 'storyteller' });
bus.start();

const reply = await bus.request(me, { capability: 'translate' }, translate.of({ text: 'hello' }));
console.log(reply.value.text); // HELLO
reply.reward(1); // a good answer: the synapse to who gave it, if there is one, learns that

const words: unknown[] = [];
for await (const word of bus.stream(me, 'storyteller', 'there was a neuron')) {
  words.push(word);
  if (words.length === 6) break; // which ends the generator, too
}
console.log(words.join(' ')); // once upon a time there was

const long = translate.of({ text: 'x'.repeat(100_000) });
await bus.request(me, 'translator', long, { timeoutMs: 10 }).catch((error) => console.log(error.code)); // ERR_NB_TIMEOUT
bus.close();
