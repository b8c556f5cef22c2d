/** The steps of an import, each with the percentage at which it is done. */

import type { Job } from '../../client/types.ts'

const STEPS: readonly (readonly [number, string])[] = [
  [10, 'Check the format'],
  [20, 'Look for duplicates'],
  [40, 'Store the original'],
  [70, 'Parse'],
  [90, 'Store the rows'],
  [100, 'Create the dataset'],
]

export type StepState = 'done' | 'now' | 'next'

/** Where a job is among its steps. A job that ended badly stays where it was. */
export function steps(job: Job): { percent: number; text: string; state: StepState }[] {
  let current = false
  return STEPS.map(([percent, text]) => {
    const done = job.status === 'completed' || (percent < 100 && job.progress >= percent)
    const state: StepState = done ? 'done' : current || job.status === 'completed' ? 'next' : 'now'
    if (!done) current = true
    return { percent, text, state }
  })
}
