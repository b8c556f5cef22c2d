import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ALL_DEEDS, fromAddress, isEverything, toAddress, toQuery } from '../src/app/pages/audit-filter.ts'

test('a filter survives its address', () => {
  for (const filter of [
    ALL_DEEDS,
    { ...ALL_DEEDS, action: 'queue.pause' },
    { action: 'job.cancel', actor: 'local:ada lovelace', target: { type: 'address', id: '2001:db8::1' } },
  ]) {
    const address = toAddress(filter)
    assert.deepEqual(fromAddress(new URL(address, 'http://headway.test').search), filter)
    assert.equal(isEverything(filter), address === '/operator')
  }
})

test('half a target is none', () => {
  for (const search of ['?target=', '?target=job', '?target=:x']) assert.equal(fromAddress(search).target, null)
})

test('the server is asked by its own names', () => {
  const query = toQuery({ action: 'token.revoke', actor: 'headway', target: { type: 'token', id: 'x' } })
  assert.equal(String(query), 'action=token.revoke&actor=headway&target_type=token&target=x')
})
