/** Any failure in a sentence for a person. */

import { ApiError } from '../../client/api.ts'
import { sayProblem } from '../../elements/upload-words.ts'

export function sayError(error: unknown): string {
  if (error instanceof ApiError) return sayProblem(error.problem)
  if (error instanceof TypeError) return 'The server could not be reached. Check the connection and try again.'
  return 'Something went wrong in this page. Reload it and try again.'
}
