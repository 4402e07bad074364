import type { Spike } from '../../lib/memory/spike.js';
import type { SpikeSlot } from '../../lib/memory/spike_slot.js';

export function payloadOf(sequence: number): Uint8Array;
export function fill(slot: SpikeSlot, sequence: number): void;
export function isWhole(spike: Spike): boolean;
