/**
 * Which bytes of a large file say what is in it. Workbooks and archives list that at their end: of those the end is
 * taken, the parts that everything refers to, and the beginning of each other part. The layout is that of ZIP.
 */

export type Range = readonly [start: number, end: number]

const MIB = 1024 * 1024
/** The server reads no more of a file that is sent from its beginning. */
export const HEAD_BYTES = 2 * MIB
/** The server takes no more of a file in ranges. */
const MOST_BYTES = 64 * MIB
const MOST_RANGES = 300
/** Of a sheet or of a file in an archive; packed, that is more rows than are looked at. */
const PART_BYTES = MIB
const PART_AT_LEAST = 32 * 1024
/** A part has a header of its own, with a name and other fields whose lengths the list does not tell. */
const HEADER_BYTES = 30 + 1024

const LOCAL = 0x04034b50
const ENTRY = 0x02014b50
const END = 0x06054b50
const END_BYTES = 22
const TAIL_BYTES = END_BYTES + 0xffff
const ENTRY_BYTES = 46
const UNKNOWN = 0xffffffff

/** Parts of a workbook without which no sheet of it can be read. */
const NEEDED =
  /^(mimetype|content\.xml|meta-inf\/.*|\[content_types\]\.xml|(.*\/)?_rels\/.*|(.*\/)?(workbook|styles|sharedstrings)\.(xml|bin))$/i

/** Formats that can be looked at whole only: Parquet, Arrow, and workbooks of before 2007. */
const WHOLE = [[0x50, 0x41, 0x52, 0x31], [0x41, 0x52, 0x52, 0x4f], [0xd0, 0xcf, 0x11, 0xe0]]

interface Part {
  name: string
  start: number
  bytes: number
}

/** Return what to send of a file; null where its first `HEAD_BYTES` say most, or where everything would be too much. */
export async function rangesOf(file: Blob): Promise<Range[] | null> {
  if (file.size <= HEAD_BYTES) return null
  const head = await read(file, 0, 4)
  if (WHOLE.some((magic) => magic.every((byte, at) => head.getUint8(at) === byte)))
    return file.size <= MOST_BYTES ? [[0, file.size]] : null
  if (head.getUint32(0, true) !== LOCAL) return null
  const list = await listOf(file)
  if (!list) return null
  const ranges = joined([...list.parts.map((part) => rangeOf(part, list)), [list.start, file.size]], file.size)
  return ranges.length <= MOST_RANGES && bytesOf(ranges) <= MOST_BYTES ? ranges : null
}

export function bytesOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, [start, end]) => sum + end - start, 0)
}

/** As the API counts: `0-1023,4096-8191`. */
export function sayRanges(ranges: readonly Range[]): string {
  return ranges.map(([start, end]) => `${start}-${end - 1}`).join(',')
}

async function read(file: Blob, start: number, end: number): Promise<DataView> {
  return new DataView(await file.slice(start, end).arrayBuffer())
}

interface List {
  parts: Part[]
  /** Where it begins. */
  start: number
}

/** Read the list of parts at the end of an archive; null where that is not as it should be, which the server says. */
async function listOf(file: Blob): Promise<List | null> {
  const tail = await read(file, Math.max(0, file.size - TAIL_BYTES), file.size)
  let at = tail.byteLength - END_BYTES
  while (at >= 0 && tail.getUint32(at, true) !== END) at -= 1
  if (at < 0) return null
  const [bytes, start] = [tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)]
  if (start === UNKNOWN || start + bytes > file.size || bytes > MOST_BYTES) return null
  const parts = partsIn(await read(file, start, start + bytes))
  return parts && { parts, start }
}

function partsIn(list: DataView): Part[] | null {
  const parts: Part[] = []
  for (let at = 0; at + ENTRY_BYTES <= list.byteLength; ) {
    if (list.getUint32(at, true) !== ENTRY) return null
    const [name, extra, comment] = [28, 30, 32].map((offset) => list.getUint16(at + offset, true)) as [number, number, number]
    if (at + ENTRY_BYTES + name > list.byteLength) return null
    const text = new TextDecoder().decode(new Uint8Array(list.buffer, list.byteOffset + at + ENTRY_BYTES, name))
    parts.push({ name: text, start: list.getUint32(at + 42, true), bytes: list.getUint32(at + 20, true) })
    at += ENTRY_BYTES + name + extra + comment
  }
  return parts
}

function rangeOf({ name, start, bytes }: Part, { parts }: List): Range {
  const share = Math.max(PART_AT_LEAST, Math.min(PART_BYTES, Math.floor(MOST_BYTES / 2 / parts.length)))
  const wanted = NEEDED.test(name.replaceAll('\\', '/')) ? bytes : Math.min(bytes, share)
  return [start, start + HEADER_BYTES + wanted]
}

/** In order, and those that touch each other as one. */
function joined(ranges: readonly Range[], size: number): Range[] {
  const found: [number, number][] = []
  for (const [start, end] of [...ranges].sort(([a], [b]) => a - b)) {
    const last = found.at(-1)
    if (last && start <= last[1]) last[1] = Math.max(last[1], Math.min(end, size))
    else if (start < size) found.push([start, Math.min(end, size)])
  }
  return found
}
