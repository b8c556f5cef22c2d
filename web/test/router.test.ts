import assert from 'node:assert/strict'
import { test } from 'node:test'

import { match, ROUTES, safeNext } from '../src/app/router.ts'

test('addresses lead to their pages', () => {
  const name = (path: string): string | undefined => match(path)?.route.element
  assert.equal(name('/import'), 'headway-import-page')
  assert.equal(name('/jobs/'), 'headway-jobs-page')
  assert.equal(name('/jobs/7'), 'headway-job-page')
  assert.equal(name('/datasets/7'), 'headway-dataset-page')
  assert.equal(name('/jobs/7/more'), undefined)
  assert.equal(name('/nowhere'), undefined)
})

test('what varies in an address is decoded, and what cannot be is no page', () => {
  assert.deepEqual(match('/datasets/a%20b')?.params, { id: 'a b' })
  assert.equal(match('/datasets/%E0%A4%A'), null)
})

test('every page has a title', () => {
  for (const route of ROUTES) assert.ok(route.title, route.pattern)
})

test('signing in leads back to a page of ours and nowhere else', () => {
  const next = (value: string): string => safeNext(`?next=${encodeURIComponent(value)}`)
  assert.equal(next('/jobs?status=failed'), '/jobs?status=failed')
  for (const foreign of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '', '/login', '/login?next=/jobs']) {
    assert.equal(next(foreign), '/import', foreign)
  }
  assert.equal(safeNext(''), '/import')
})

test('a control character in the way back does not lead out', () => {
  for (const hidden of ['/\t/evil.example', '/\n/evil.example', '/\r\\evil.example']) {
    const next = safeNext(`?next=${encodeURIComponent(hidden)}`)
    assert.equal(new URL(next, 'https://here.example').origin, 'https://here.example')
  }
})
