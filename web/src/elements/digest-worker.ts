/** Makes the SHA-256 of a file, a piece in memory at a time: what browsers have for it wants the whole. */

import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'

import type { DigestNews } from './file-digest.ts'

const PIECE_BYTES = 4 * 1024 * 1024

function say(news: DigestNews): void {
  self.postMessage(news)
}

self.onmessage = async ({ data: file }: MessageEvent<File>) => {
  try {
    const hash = sha256.create()
    for (let offset = 0; offset < file.size; offset += PIECE_BYTES) {
      hash.update(new Uint8Array(await file.slice(offset, offset + PIECE_BYTES).arrayBuffer()))
      say({ share: Math.min(1, (offset + PIECE_BYTES) / file.size) })
    }
    say({ sha256: bytesToHex(hash.digest()) })
  } catch (error) {
    // The file was changed or taken away; whoever sends it will meet that too.
    say({ failed: String(error) })
  }
}
