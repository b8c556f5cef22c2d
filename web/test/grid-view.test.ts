import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fromParams, type GridView, nextSort, opsFor, PLAIN_VIEW, toParams } from '../src/elements/grid-view.ts'

const COLUMNS = ['id', 'a', 'a:b', '-id', 'né & co']

function roundTrip(view: GridView): GridView {
  return fromParams(new URLSearchParams(String(toParams(view))), COLUMNS)
}

test('a view survives the way through the URL', () => {
  const views: GridView[] = [
    PLAIN_VIEW,
    { sort: { column: 'né & co', descending: true }, q: 'a=b&c', filters: [], written: true },
    {
      ...PLAIN_VIEW,
      filters: [
        { column: 'a', op: 'eq', value: '10:30:00' },
        { column: 'a', op: 'empty', value: '' },
      ],
    },
    { ...PLAIN_VIEW, filters: [{ column: 'a:b', op: 'contains', value: ' x ' }] },
  ]
  for (const view of views) assert.deepEqual(roundTrip(view), view)
})

test('the plain view has an empty query', () => {
  assert.equal(String(toParams(PLAIN_VIEW)), '')
})

test('a column whose name begins with a minus is itself, as on the server', () => {
  assert.deepEqual(fromParams(new URLSearchParams('sort=-id'), COLUMNS).sort, { column: '-id', descending: false })
  assert.deepEqual(fromParams(new URLSearchParams('sort=-id'), ['id']).sort, { column: 'id', descending: true })
})

test('what does not fit the dataset is left out', () => {
  const params = new URLSearchParams('sort=gone&filter=gone:eq:1&filter=a:like:1&filter=a:constructor:1&values=raw')
  assert.deepEqual(fromParams(params, COLUMNS), PLAIN_VIEW)
})

test('a heading goes through ascending and descending back to none', () => {
  const first = nextSort(null, 'id')
  assert.deepEqual(first, { column: 'id', descending: false })
  const second = nextSort(first, 'id')
  assert.deepEqual(second, { column: 'id', descending: true })
  assert.equal(nextSort(second, 'id'), null)
  assert.deepEqual(nextSort(second, 'a'), { column: 'a', descending: false })
})

test('numbers are compared, texts are searched', () => {
  assert.equal(opsFor('text')[0], 'contains')
  assert.ok(opsFor('decimal').includes('le'))
  assert.ok(!opsFor('boolean').includes('lt'))
})
