/** Server-sent events are read as the standard has them, wherever the network cuts them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { eventReader } from '../src/client/event-stream.ts'

const TEXT = 'retry: 2000\n\n: beat\n\nid: a.1\nevent: job\ndata: {"a": "b: c"}\n\nevent: bye\ndata:{}\n\ndata: 1\ndata: 2\nnonsense\n\nevent: none\n\n'
const EVENTS = [
  { id: 'a.1', name: 'job', data: '{"a": "b: c"}' },
  { id: 'a.1', name: 'bye', data: '{}' },
  { id: 'a.1', name: '', data: '1\n2' },
]

for (const [name, text] of Object.entries({ LF: TEXT, CRLF: TEXT.replaceAll('\n', '\r\n'), CR: TEXT.replaceAll('\n', '\r') + '\n' })) {
  test(`events with ${name}, cut at every place`, () => {
    for (let size = 1; size <= text.length; size += 1) {
      const read = eventReader()
      const events = []
      for (let at = 0; at < text.length; at += size) events.push(...read(text.slice(at, at + size)))
      assert.deepEqual(events, EVENTS, `pieces of ${size}`)
    }
  })
}

test('an event that has not ended is none', () => {
  assert.deepEqual(eventReader()('event: job\ndata: {}\n'), [])
})
