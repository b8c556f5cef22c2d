import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import { GridPages, PAGE_ROWS, PAGES_KEPT, type RowsPage } from '../src/elements/grid-pages.ts'

const TOTAL = 10_000_000

/** A server whose answers are given by the test. */
function server(columns = 8) {
  const asked: {
    offset: number
    signal: AbortSignal
    answer: (page: RowsPage) => void
    fail: (error: Error) => void
  }[] = []
  let changes = 0
  const pages = new GridPages(
    (offset, _limit, signal) => new Promise((answer, fail) => asked.push({ offset, signal, answer, fail })),
    columns,
    () => changes++,
  )
  const answerAll = async (): Promise<void> => {
    for (const each of asked.splice(0)) each.answer({ rows: rowsFrom(each.offset, pages.pageRows), total: TOTAL })
    await turn()
  }
  return { pages, asked, answerAll, changes: () => changes }
}

function rowsFrom(offset: number, count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => ({ n: offset + index }))
}

test('one request for each missing page, none twice', async () => {
  const { pages, asked, answerAll, changes } = server()
  pages.want(190, 30)
  pages.want(190, 30)
  assert.deepEqual(
    asked.map((each) => each.offset),
    [0, 200],
  )
  await answerAll()
  assert.deepEqual(pages.row(205), { n: 205 })
  assert.equal(pages.row(400), undefined)
  assert.equal(pages.total, TOTAL)
  assert.equal(changes(), 2)
  pages.want(190, 30)
  assert.equal(asked.length, 0)
})

test('a page that scrolled away is given up, and its late answer is not kept', async () => {
  const { pages, asked } = server()
  pages.want(0, 30)
  const away = asked[0]
  pages.want(5_000_000, 30)
  assert.equal(away?.signal.aborted, true)
  away?.answer({ rows: rowsFrom(0, PAGE_ROWS), total: 1 })
  await turn()
  assert.equal(pages.row(0), undefined)
  assert.equal(pages.total, null)
  assert.equal(asked[1]?.signal.aborted, false)
})

test('the least recently seen pages go first', async () => {
  const { pages, answerAll } = server()
  for (let page = 0; page < PAGES_KEPT; page++) {
    pages.want(page * PAGE_ROWS, 1)
    await answerAll()
  }
  pages.want(0, 1)
  pages.want(PAGES_KEPT * PAGE_ROWS, 1)
  await answerAll()
  assert.deepEqual(pages.row(0), { n: 0 }, 'seen again, so kept')
  assert.equal(pages.row(PAGE_ROWS), undefined, 'the oldest unseen')
})

test('after a failure nothing is asked until retry', async () => {
  const { pages, asked, answerAll } = server()
  pages.want(0, 1)
  asked.shift()?.fail(new Error('away'))
  await turn()
  assert.equal((pages.error as Error).message, 'away')
  pages.want(0, 1)
  assert.equal(asked.length, 0)
  pages.retry()
  pages.want(0, 1)
  await answerAll()
  assert.equal(pages.error, null)
  assert.deepEqual(pages.row(0), { n: 0 })
})

test('another order forgets the rows and gives up what was asked', async () => {
  const { pages, asked, answerAll } = server()
  pages.want(0, 1)
  await answerAll()
  pages.want(400, 1)
  const signal = asked[0]?.signal
  pages.clear()
  assert.equal(signal?.aborted, true)
  assert.equal(pages.row(0), undefined)
  assert.equal(pages.busy, false)
})

test('pages of very wide tables have fewer rows', () => {
  assert.equal(server(8).pages.pageRows, 200)
  assert.equal(server(3000).pages.pageRows, 20)
  assert.equal(server(100_000).pages.pageRows, 10)
})
