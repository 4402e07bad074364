// Agent cards: immutable, checked, built by object or by builder.
import { AgentCard, type AgentCardInit } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { codeOf, messageOf } from './support.js';

const card = (init: object) => new AgentCard(init as AgentCardInit);

describe('a card', () => {
  it('fills in what was left out', () => {
    expect({ ...card({ name: 'echo' }) }).toEqual({
      name: 'echo',
      description: '',
      version: '1.0.0',
      capabilities: [],
      regions: [],
      tags: [],
      consumes: [],
      produces: [],
      cost: 0,
    });
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '1'])('refuses a cost of %s', (cost) => {
    expect(() => card({ name: 'x', cost: cost as number })).toThrow(/card\.cost/);
  });

  it('names a capability, region or tag once', () => {
    const { capabilities, regions, tags } = card({
      name: 'x',
      capabilities: ['a', 'b', 'a'],
      regions: ['r', 'r'],
      tags: ['t', 't', 'u'],
    });
    expect([capabilities, regions, tags]).toEqual([['a', 'b'], ['r'], ['t', 'u']]);
  });

  it('cannot be changed, neither by its own fields nor by the arrays it was made from', () => {
    const capabilities = ['a'];
    const made = card({ name: 'x', capabilities });
    capabilities.push('b');
    expect(made.capabilities).toEqual(['a']);
    expect(() => (made.capabilities as string[]).push('c')).toThrow(TypeError);
    expect(() => Object.assign(made, { name: 'y' })).toThrow(TypeError);
  });

  it('with() makes another one', () => {
    const first = card({ name: 'x', tags: ['t'] });
    const second = first.with({ name: 'y', id: 3 });
    expect([first.name, second.name, second.tags, second.id]).toEqual(['x', 'y', ['t'], 3]);
  });

  it('can be made from another card', () => {
    const first = card({ name: 'x', regions: ['a/b'], id: 9 });
    expect({ ...new AgentCard(first) }).toEqual({ ...first });
  });
});

describe('the builder', () => {
  it('gives the same card as the object', () => {
    const built = AgentCard.builder()
      .name('echo')
      .description('repeats')
      .version('2')
      .capability('echo', 'repeat')
      .capability('parrot')
      .region('app/core')
      .tag('demo')
      .id(4)
      .build();
    expect({ ...built }).toEqual({
      ...card({
        name: 'echo',
        description: 'repeats',
        version: '2',
        capabilities: ['echo', 'repeat', 'parrot'],
        regions: ['app/core'],
        tags: ['demo'],
        id: 4,
      }),
    });
  });

  it('refuses at build() what is missing', () => {
    expect(codeOf(() => AgentCard.builder().capability('echo').build())).toBe('ERR_NB_INVALID_ARGUMENT');
  });

  it('can go on after build() without changing what it built', () => {
    const builder = AgentCard.builder().name('x').tag('a');
    const first = builder.build();
    const second = builder.tag('b').build();
    expect([first.tags, second.tags]).toEqual([['a'], ['a', 'b']]);
  });
});

describe('what is refused', () => {
  const wrong: [string, object][] = [
    ['name', {}],
    ['name', { name: '' }],
    ['name', { name: '  ' }],
    ['name', { name: 5 }],
    ['description', { name: 'x', description: 5 }],
    ['version', { name: 'x', version: 2 }],
    ['capabilities', { name: 'x', capabilities: 'echo' }],
    ['capabilities', { name: 'x', capabilities: [''] }],
    ['capabilities', { name: 'x', capabilities: [5] }],
    ['regions', { name: 'x', regions: ['a//b'] }],
    ['regions', { name: 'x', regions: ['/a'] }],
    ['regions', { name: 'x', regions: ['a/'] }],
    ['regions', { name: 'x', regions: ['a/ /b'] }],
    ['tags', { name: 'x', tags: [null] }],
    ['id', { name: 'x', id: -1 }],
    ['id', { name: 'x', id: 65534 }],
    ['id', { name: 'x', id: 1.5 }],
    ['id', { name: 'x', id: '1' }],
    ['colour', { name: 'x', colour: 'red' }],
  ];
  it.each(wrong)('a card with a bad %s: %j', (field, init) => {
    expect(codeOf(() => card(init))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(messageOf(() => card(init))).toContain(field);
  });

  it.each([null, undefined, 'echo', 5])('%s instead of a card', (init) => {
    expect(codeOf(() => card(init as never))).toBe('ERR_NB_INVALID_ARGUMENT');
  });
});
