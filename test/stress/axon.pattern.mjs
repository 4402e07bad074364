// Spikes whose every byte follows from their sequence, so that any mix of two of them is recognised.

const bytes = new Uint8Array(46);

/** The payload of a sequence: of 0 to 46 bytes; the same object each time. */
export function payloadOf(sequence) {
  const length = (Math.imul(sequence, 29) >>> 0) % 47;
  let x = sequence ^ 0x9e3779b9;
  for (let i = 0; i < length; i++) {
    x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
    bytes[i] = x >>> 24;
  }
  return bytes.subarray(0, length);
}

export function fill(slot, sequence) {
  slot.sequence = sequence;
  slot.source = sequence % 60_000;
  slot.target = (sequence + 1) % 60_000;
  slot.priority = sequence & 0xff;
  slot.timestamp = sequence * 1_000_003;
  slot.payload = payloadOf(sequence);
}

/** Whether all bytes of a spike belong to its sequence. */
export function isWhole(spike) {
  const sequence = spike.sequence;
  if (spike.source !== sequence % 60_000 || spike.target !== (sequence + 1) % 60_000) return false;
  if (spike.priority !== (sequence & 0xff) || spike.timestamp !== sequence * 1_000_003) return false;
  const expected = payloadOf(sequence);
  const actual = spike.bytes();
  if (actual.length !== expected.length) return false;
  for (let i = 0; i < expected.length; i++) if (actual[i] !== expected[i]) return false;
  return true;
}
