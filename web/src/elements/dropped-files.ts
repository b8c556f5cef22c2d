/** Files out of a drop, a chosen folder or the clipboard. */

import { say } from './say.ts'

const MOST_FILES = 1000

/** What came out of it. `left` says of what there was more than was taken, in a sentence; mostly empty. */
export interface Taken {
  files: File[]
  left: string
}

/** Must be called inside the drop event; the browser empties the transfer afterwards. */
export async function droppedFiles(transfer: DataTransfer): Promise<Taken> {
  const entries = [...transfer.items].filter((item) => item.kind === 'file').map((item) => item.webkitGetAsEntry())
  const plain = [...transfer.files]
  if (!entries.some((entry) => entry?.isDirectory)) return firstOf(plain)
  const files: File[] = []
  for (const entry of entries) if (entry) await collect(entry, files)
  return firstOf(files)
}

/** Files of a chosen folder or of a list; hidden ones belong to other programs. */
export function chosenFiles(list: Iterable<File>): Taken {
  return firstOf([...list].filter((file) => !isHidden(file.webkitRelativePath || file.name)))
}

/** Files of the clipboard, or a table that was copied out of a spreadsheet. */
export function pastedFiles(clipboard: DataTransfer | null): Taken {
  const text = clipboard?.getData('text/plain') ?? ''
  // A spreadsheet puts a picture of the cells beside their text.
  if (text.includes('\t')) return firstOf([new File([text], 'Pasted table.tsv', { type: 'text/tab-separated-values' })])
  return firstOf([...(clipboard?.files ?? [])])
}

function firstOf(files: File[]): Taken {
  if (files.length <= MOST_FILES) return { files, left: '' }
  const left = say('Only the first {count} files were taken. Bring the others after them.', { count: MOST_FILES })
  return { files: files.slice(0, MOST_FILES), left }
}

function isHidden(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.'))
}

async function collect(entry: FileSystemEntry, files: File[]): Promise<void> {
  // One more than is taken, so that it is known that there are more.
  if (files.length > MOST_FILES || isHidden(entry.name)) return
  if (entry.isFile) files.push(await fileOf(entry as FileSystemFileEntry))
  else for (const inner of await entriesOf(entry as FileSystemDirectoryEntry)) await collect(inner, files)
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject))
}

/** A folder is read in portions; an empty portion is the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (!some.length) return all
    all.push(...some)
  }
}
