// SPDX-License-Identifier: MIT
//
// W3C trace context (w3.org/TR/trace-context), version 00, as it travels with messages. Any thread.

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Characters of a traceparent. */
export const TRACE_LENGTH = 55;

export function isTraceparent(value: unknown): value is string {
  return typeof value === 'string' && TRACEPARENT.test(value);
}
