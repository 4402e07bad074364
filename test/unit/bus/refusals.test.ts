// What is refused says which argument it was, and why.
import { Axon, NeuronBus, SpikeType } from 'neuronbus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { add, codeOf, makeBus, messageOf } from './support.js';

describe('the name of a bus', () => {
  const rule = 'but must be 1 to 63 of A-Z a-z 0-9 . _ -, not beginning with a dot';

  it.each(['', 'a/b', '..', '.hidden', 'märkt', 'a b', 'a\n', 'x'.repeat(64), 'live\0zzz', 5, null])(
    'is not %j',
    (bad) => {
      const name = bad as string;
      for (const call of [
        () => NeuronBus.create({ name }),
        () => NeuronBus.builder().name(name).build(),
        () => NeuronBus.open(name),
      ]) {
        expect(codeOf(call)).toBe('ERR_NB_INVALID_ARGUMENT');
        expect(messageOf(call)).toMatch(/^name is /);
        if (bad !== null) expect(messageOf(call)).toContain(rule);
      }
    },
  );

  it('may have 63 characters, and of all kinds', () => {
    for (const name of ['x'.repeat(63), `-A.z_0-${process.pid}`]) makeBus({ name }).close();
  });

  it('that nobody has is answered with what can be done', () => {
    const message = messageOf(() => NeuronBus.open(`nobody-${process.pid}`));
    expect(message).toContain(`nobody-${process.pid}`);
    expect(message).not.toContain('shared()');
  });
});

it('the handle of an axon is not that of a bus', () => {
  const axon = new Axon({ capacity: 4 });
  onTestFinished(() => axon.close());
  const attach = () => NeuronBus.attach(axon.handle);
  expect(codeOf(attach)).toBe('ERR_NB_INVALID_ARGUMENT');
  expect(messageOf(attach)).toContain('handle is that of an axon, but must be the handle of a bus');
  expect(codeOf(() => Axon.attach(axon.handle).close())).toBe('no error'); // it is as it was
});

describe('fire()', () => {
  it('tells an id of the wrong type from one that nobody has', () => {
    const bus = makeBus();
    const { id } = add(bus);
    const texts: [() => unknown, string][] = [
      [() => bus.fire(id, { target: '0' as never }), 'target is "0", but ids are numbers'],
      [() => bus.fire('0' as never, { target: id }), 'source is "0", but ids are numbers'],
      [() => bus.fire(id, { target: 9 }), 'target 9'],
    ];
    for (const [call, text] of texts) {
      expect(codeOf(call)).toBe('ERR_NB_UNKNOWN_NEURON');
      expect(messageOf(call)).toContain(text);
    }
  });

  it('does not take a misspelt target for a broadcast', () => {
    const bus = makeBus();
    const { id } = add(bus);
    const call = () => bus.fire(id, { to: 5, payload: 'x' } as never);
    expect(codeOf(call)).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(messageOf(call)).toContain('spike is "to", but must be made of target,');
    expect(bus.stats().published).toBe(0);
    bus.fire(id, { payload: 'x', priority: 1, type: SpikeType.Inhibitory });
    bus.fire(id, { json: null });
    expect(bus.stats().published).toBe(2);
  });
});

it('an id that is taken is named', () => {
  const bus = makeBus();
  add(bus, undefined, { id: 7 });
  const call = () => add(bus, undefined, { id: 7 });
  expect([codeOf(call), messageOf(call)]).toEqual(['ERR_NB_ID_TAKEN', expect.stringMatching(/^id 7\./)]);
});

it.each([undefined, null, '', 5])('discovery refuses %s', (text) => {
  const bus = makeBus();
  const calls: [string, () => unknown][] = [
    ['capability', () => bus.discover(text as string)],
    ['region', () => bus.discoverInRegion(text as string)],
  ];
  for (const [argument, call] of calls) {
    expect(codeOf(call)).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(messageOf(call)).toMatch(new RegExp(`^${argument} is `));
  }
});
