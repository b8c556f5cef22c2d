/** What the pages need of the jobs and of the way between pages. */

export { cancelJob, dismissJob, jobsStore, retryJob } from '../../client/jobs-store.ts'
export { navigate } from '../router.ts'
