import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bytesOf, rangesOf, sayRanges } from '../src/client/file-ranges.ts'

const MIB = 1024 * 1024

/** An archive of parts that are not packed; what they hold does not matter here. */
function archive(parts: Record<string, number>): Blob {
  const pieces: Uint8Array[] = []
  const list: Uint8Array[] = []
  let at = 0
  for (const [name, size] of Object.entries(parts)) {
    const bytes = new TextEncoder().encode(name)
    const [header, entry] = [new DataView(new ArrayBuffer(30)), new DataView(new ArrayBuffer(46))]
    header.setUint32(0, 0x04034b50, true)
    header.setUint16(26, bytes.length, true)
    entry.setUint32(0, 0x02014b50, true)
    entry.setUint32(20, size, true)
    entry.setUint16(28, bytes.length, true)
    entry.setUint32(42, at, true)
    pieces.push(new Uint8Array(header.buffer), bytes, new Uint8Array(size))
    list.push(new Uint8Array(entry.buffer), bytes)
    at += 30 + bytes.length + size
  }
  const end = new DataView(new ArrayBuffer(22))
  end.setUint32(0, 0x06054b50, true)
  end.setUint32(12, list.reduce((sum, { length }) => sum + length, 0), true)
  end.setUint32(16, at, true)
  return new Blob([...pieces, ...list, new Uint8Array(end.buffer)] as BlobPart[])
}

test('of a small file, and of a large one that is text, the beginning is sent', async () => {
  assert.equal(await rangesOf(new Blob(['PK\x03\x04'])), null)
  assert.equal(await rangesOf(new Blob([new Uint8Array(3 * MIB)])), null)
})

test('of a workbook the shared parts are sent whole, of each sheet the beginning, and the list at the end', async () => {
  const book = archive({
    '[Content_Types].xml': 900, 'xl/worksheets/sheet1.xml': 9 * MIB, 'xl/media/film.mp4': 20 * MIB,
    'xl/worksheets/sheet2.xml': 500, 'xl/sharedStrings.xml': 3 * MIB,
  })
  const ranges = await rangesOf(book)
  assert.ok(ranges)
  assert.equal(ranges[0]?.[0], 0)
  assert.equal(ranges.at(-1)?.[1], book.size)
  assert.ok(bytesOf(ranges) > 5 * MIB && bytesOf(ranges) < 5.1 * MIB, String(bytesOf(ranges)))
  for (const [before, after] of ranges.slice(1).map((range, at) => [ranges[at], range])) assert.ok(before![1] < after![0])
})

test('what can be looked at whole only is sent whole, up to the most that the server takes', async () => {
  const whole = new Blob(['PAR1', new Uint8Array(3 * MIB)])
  assert.deepEqual(await rangesOf(whole), [[0, 3 * MIB + 4]])
  assert.equal(await rangesOf(new Blob(['PAR1', new Uint8Array(64 * MIB)])), null)
  assert.equal(await rangesOf(archive({ 'xl/sharedStrings.xml': 65 * MIB })), null)
})

test('a list that is damaged is left to the server to say', async () => {
  const cut = archive({ 'a.csv': 4 * MIB })
  assert.equal(await rangesOf(cut.slice(0, cut.size - 30)), null)
})

test('ranges are said as the API counts them', () => {
  assert.equal(sayRanges([[0, 1024], [4096, 8192]]), '0-1023,4096-8191')
})
