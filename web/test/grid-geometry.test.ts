import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  columnOffsets,
  columnWindow,
  fittingWidth,
  MAX_PHYSICAL,
  ROW_HEIGHT,
  ScrollModel,
  spread,
} from '../src/elements/grid-geometry.ts'

const TEN_MILLION = 10_000_000
const VIEW = 510

function huge(): ScrollModel {
  return new ScrollModel(TEN_MILLION, VIEW)
}

/** What a browser does on a wheel: it moves the element within its limits, and the model follows. */
function wheel(model: ScrollModel, by: number): void {
  const to = Math.min(model.maxPhysicalTop, Math.max(0, model.physicalTop + by))
  model.follow(to, true)
}

/** What the grid does once the scroll is idle, or the thumb has hit an end of its track. */
function anchor(model: ScrollModel): void {
  model.anchored(model.fairPhysicalTop)
}

test('ten million rows are taller than any element, so the element is capped', () => {
  assert.equal(huge().physicalHeight, MAX_PHYSICAL)
  assert.equal(huge().realHeight, TEN_MILLION * ROW_HEIGHT)
  assert.equal(new ScrollModel(100, VIEW).physicalHeight, 100 * ROW_HEIGHT)
})

test('the end of the table is the end of the thumb, and the last row is rendered there', () => {
  const model = huge()
  model.go(Infinity)
  assert.equal(model.fairPhysicalTop, model.maxPhysicalTop)
  const { first, count } = model.window(4)
  assert.equal(first + count, TEN_MILLION)
})

test('a wheel moves the rows by exactly its own px', () => {
  const model = huge()
  model.go(150_000_000)
  anchor(model)
  for (let notch = 0; notch < 60; notch++) wheel(model, 120)
  assert.equal(model.top, 150_000_000 + 7200)
})

test('moving the thumb to its fair place does not move the rows', () => {
  const model = huge()
  model.go(150_000_000)
  anchor(model)
  for (let notch = 0; notch < 60; notch++) wheel(model, 120)
  const { top } = model
  const beforeY = model.y(5_000_300) - model.physicalTop
  anchor(model)
  assert.equal(model.top, top)
  assert.ok(Math.abs(model.y(5_000_300) - model.physicalTop - beforeY) < 1e-6)
  model.follow(model.physicalTop, false)
  assert.equal(model.top, top, 'the scroll event of the move itself changes nothing')
})

test('a thumb dragged to the middle shows the middle, and dragged to an end shows that end', () => {
  const model = huge()
  model.follow(model.maxPhysicalTop / 2, false)
  assert.ok(Math.abs(model.top - model.maxTop / 2) < 1)
  model.follow(model.maxPhysicalTop, false)
  assert.equal(model.top, model.maxTop)
  model.follow(0, false)
  assert.equal(model.top, 0)
})

test('wheeling down and up again comes back to the first row, without getting stuck at the edge', () => {
  const model = huge()
  for (let notch = 0; notch < 200; notch++) wheel(model, 120)
  anchor(model)
  for (let notch = 0; notch < 250; notch++) wheel(model, -120)
  assert.equal(model.top, 0)
  assert.equal(model.physicalTop, 0)
})

test('a wheel that runs out of track says so, and goes on after anchoring', () => {
  const model = huge()
  model.go(150_000)
  anchor(model)
  // A very long wheel without a rest: the thumb drifts 1:1 and hits its end first.
  let anchors = 0
  for (let notch = 0; notch < 1400; notch++) {
    wheel(model, -120)
    if (model.stuck) {
      anchors++
      anchor(model)
    }
  }
  assert.equal(model.top, 0)
  assert.ok(anchors >= 1)
})

test('a fast wheel is not taken for a dragged thumb, and a dragged thumb not for a wheel', () => {
  const wheeled = huge()
  wheeled.go(150_000_000)
  anchor(wheeled)
  wheeled.follow(wheeled.physicalTop + 5000, true)
  assert.equal(wheeled.top, 150_005_000)
  const dragged = huge()
  dragged.follow(1_000_000, false)
  dragged.follow(1_008_000, false)
  assert.ok(dragged.top > 70_000_000)
})

test('a table that fits is not scaled: scrollTop is the position', () => {
  const model = new ScrollModel(1000, VIEW)
  model.follow(12_345, false)
  assert.equal(model.top, 12_345)
  assert.equal(model.y(3), 90)
  assert.equal(model.stuck, false)
})

test('reveal moves no further than needed', () => {
  const model = huge()
  assert.equal(model.reveal(3), false)
  assert.equal(model.reveal(17), true)
  assert.equal(model.top, 18 * ROW_HEIGHT - VIEW)
  model.reveal(TEN_MILLION - 1)
  assert.equal(model.top, model.maxTop)
  model.reveal(0)
  assert.equal(model.top, 0)
})

test('fewer rows after a filter keep the position inside the table', () => {
  const model = huge()
  model.go(Infinity)
  model.resize(34, VIEW)
  assert.equal(model.top, 34 * ROW_HEIGHT - VIEW)
  model.resize(0, VIEW)
  assert.deepEqual(model.window(4), { first: 0, count: 0 })
})

test('the columns in sight are found among thousands', () => {
  const offsets = columnOffsets(Array.from({ length: 5000 }, () => 100))
  assert.deepEqual(columnWindow(offsets, 0, 350), [0, 4])
  assert.deepEqual(columnWindow(offsets, 250_050, 250_350), [2500, 2504])
  assert.deepEqual(columnWindow(offsets, 499_900, 600_000), [4999, 5000])
  assert.deepEqual(columnWindow([0], 0, 100), [0, 0])
})

test('first widths fit the sample within limits, and what is left over is shared', () => {
  assert.equal(fittingWidth([10, 120], 90, 20), 140)
  assert.equal(fittingWidth([5000], 90, 20), 340)
  assert.equal(fittingWidth([], 10, 0), 64)
  assert.deepEqual(spread([100, 100], 300), [150, 150])
  assert.deepEqual(spread([100, 100], 3000), [160, 160])
  assert.deepEqual(spread([200, 200], 300), [200, 200])
})
