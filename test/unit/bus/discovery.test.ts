// Finding agents: by capability, and by region, whose names are paths of segments.
import { describe, expect, it } from 'vitest';
import { add, handleOf, makeBus } from './support.js';

const ids = (cards: { id?: number }[]) => cards.map((card) => card.id);

describe('discover', () => {
  it('finds every neuron with the capability, in order of registration, with its whole card', () => {
    const bus = makeBus();
    const a = add(bus, undefined, { name: 'a', capabilities: ['echo', 'sum'] });
    add(bus, undefined, { name: 'b', capabilities: ['sum'] });
    const c = add(bus, undefined, { name: 'c', capabilities: ['echo'], version: '9', tags: ['t'] });
    expect(ids(bus.discover('echo'))).toEqual([a.id, c.id]);
    expect(bus.discover('echo')[1]).toMatchObject({ id: c.id, name: 'c', version: '9', tags: ['t'] });
  });

  it('matches whole names: neither prefixes, nor cases, nor names of object methods', () => {
    const bus = makeBus();
    add(bus, undefined, { capabilities: ['echo'] });
    for (const other of ['ech', 'echo2', 'Echo', 'constructor', '__proto__']) {
      expect(bus.discover(other)).toEqual([]);
    }
  });

  it('puts a neuron that left and came back at the end', () => {
    const bus = makeBus();
    const [a, b] = [1, 2].map(() => add(bus, undefined, { capabilities: ['x'] }));
    bus.unregister(a!.id);
    const again = bus.register(a!, { name: 'again', capabilities: ['x'] });
    expect(ids(bus.discover('x'))).toEqual([b!.id, again]);
  });

  it('gives a list that belongs to the caller', () => {
    const bus = makeBus();
    add(bus, undefined, { capabilities: ['x'] });
    bus.discover('x').length = 0;
    expect(bus.discover('x')).toHaveLength(1);
  });
});

describe('discoverInRegion', () => {
  it('finds a region and everything below it, by segments and not by prefix', () => {
    const bus = makeBus();
    const place = (...regions: string[]) => add(bus, undefined, { regions }).id;
    const cortex = place('cortex');
    const language = place('cortex/language');
    const broca = place('cortex/language/broca');
    const languages = place('cortex/languages');
    const visual = place('cortex/visual');
    const application = place('cortexes');
    expect(ids(bus.discoverInRegion('cortex'))).toEqual([cortex, language, broca, languages, visual]);
    expect(ids(bus.discoverInRegion('cortex/language'))).toEqual([language, broca]);
    expect(ids(bus.discoverInRegion('cortex/language/broca'))).toEqual([broca]);
    expect(ids(bus.discoverInRegion('cortexes'))).toEqual([application]);
    for (const none of [
      'cort',
      'language',
      'cortex/lang',
      'cortex/',
      '/cortex',
      'cortex/language/broca/44',
    ]) {
      expect(bus.discoverInRegion(none)).toEqual([]);
    }
  });

  it('finds a neuron of several regions once in their common parent', () => {
    const bus = makeBus();
    const { id } = add(bus, undefined, { regions: ['app/a', 'app/b', 'app'] });
    for (const region of ['app', 'app/a', 'app/b']) expect(ids(bus.discoverInRegion(region))).toEqual([id]);
    bus.unregister(id);
    for (const region of ['app', 'app/a', 'app/b']) expect(bus.discoverInRegion(region)).toEqual([]);
  });

  it('keeps the others of a region when one leaves', () => {
    const bus = makeBus();
    const [a, b] = ['app/x', 'app/x/y'].map((region) => add(bus, undefined, { regions: [region] }));
    bus.unregister(b!.id);
    expect(ids(bus.discoverInRegion('app'))).toEqual([a!.id]);
    expect(bus.discoverInRegion('app/x/y')).toEqual([]);
  });

  it('says the same to a neuron through its handle', () => {
    const bus = makeBus();
    const probe = add(bus, undefined, { capabilities: ['echo'], regions: ['app/core'] });
    const handle = handleOf(bus, probe);
    expect(handle.discover('echo')).toEqual(bus.discover('echo'));
    expect(handle.discoverInRegion('app')).toEqual(bus.discoverInRegion('app'));
    expect(ids(handle.discover('echo'))).toEqual([probe.id]);
  });
});
