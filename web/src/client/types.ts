/** What the API answers, by the names that it uses. */

export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  code: string
  user_action: string
  retryable: boolean
  [fact: string]: unknown
}

export type JobStatus = 'pending' | 'running' | 'completed' | 'failed' | 'cancelled'

/** What people read; a client must tolerate others. */
export type JobPhase =
  | 'uploading'
  | 'queued'
  | 'retrying'
  | 'running'
  | 'finishing'
  | 'stalled'
  | 'cancelling'
  | 'completed'
  | 'partial'
  | 'failed'
  | 'cancelled'

export interface Job {
  id: string
  job_type: string
  title: string
  status: JobStatus
  phase: JobPhase
  progress: number
  /** It waits because the operator has paused its queue; its message says why. */
  paused: boolean
  message: string | null
  stage: string | null
  /** Which of its declared stages it is in, from 1, and how many it declared. */
  stage_index: number | null
  stage_count: number | null
  done_units: number | null
  total_units: number | null
  /** Those that could not be done; with some of them a completed job is `partial`. */
  failed_units: number | null
  unit: string | null
  /** Units per second of the present stage, smoothed. */
  rate: number | null
  /** By when jobs like it have ended: half of them, and nine of ten. */
  expected_end: { likely_at: string; late_at: string } | null
  error: string | null
  problem: Problem | null
  outcome: string | null
  result: Record<string, unknown> | null
  attempt: number
  version: number
  cancel_requested: boolean
  /** Set while an upload is paused: nobody sends it, and until then it may be gone on with. */
  resumable_until: string | null
  related_dataset_id: string | null
  metadata: Record<string, unknown>
  created_at: string
  started_at: string | null
  completed_at: string | null
  updated_at: string
  /** Where it stands while it waits for a worker. Changes without a new version; the stream tells it as `queue`. */
  queue: QueuePlace | null
}

export interface QueuePlace {
  /** 1 is the next to start. */
  position: number
  /** Waiting jobs that start before it, of everybody. */
  ahead: number
  expected_start: string | null
}

/** What the event `queue` of the stream carries. */
export interface QueueNews {
  id: string
  queue: QueuePlace
}

export interface ActiveJobs {
  jobs: Job[]
  counts: { running: number; queued: number; paused: number; attention: number }
  next_poll_ms: number
  server_time: string
}

export interface JobEvent {
  seq: number
  at: string
  kind: string
  attempt: number
  data: Record<string, unknown>
}

/** How an attempt ended, or `running`; a client must tolerate others. */
export type AttemptOutcome = 'running' | 'completed' | 'failed' | 'cancelled' | 'crashed' | 'worker_lost' | 'handed_back'

export interface AttemptStage {
  name: string
  started_at: string
  ended_at: string | null
}

export interface JobAttempt {
  number: number
  outcome: AttemptOutcome
  worker: string | null
  started_at: string
  ended_at: string | null
  problem: Problem | null
  stages: AttemptStage[]
}

/** What is kept of the attempts of a job; of what was before `events_dropped_at`, nothing is. */
export interface JobAttempts {
  items: JobAttempt[]
  events_dropped_at: string | null
}

/** `first` to one of all tabs and devices that ask: that one shows the notification. */
export interface NotificationAnswer {
  first: boolean
}

/** What an ended job was given and what came of it. */
export interface Receipt {
  input: { file_name: string; bytes: number; sha256: string } | null
  rows: { read: number; stored: number; rejected: number } | null
  datasets: string[]
  attempts: number
  headway: string | null
  created_at: string
  started_at: string | null
  completed_at: string
}

/** A file that a job left for its owner. */
export interface Artifact {
  name: string
  media_type: string
  bytes: number
  sha256: string
  rows: number | null
  attempt: number
  created_at: string
  expires_at: string | null
  /** It is gone; what it was is known still. */
  expired: boolean
}

/** One line of what a job did. Numbers that are missing are lines that are not kept. */
export interface LogLine {
  number: number
  attempt: number
  at: string
  level: 'debug' | 'info' | 'warning' | 'error'
  source: 'worker' | 'program'
  text: string
}

export interface LogPage {
  items: LogLine[]
  next_after: number
  more: boolean
  total: number
  dropped: number
}

/** What can be done with several jobs at once. */
export type BulkAction = 'cancel' | 'retry' | 'dismiss' | 'delete'

export interface BulkAnswer {
  done: string[]
  refused: { id: string; code: string; detail: string }[]
}

export interface Column {
  name: string
  type: string
  nulls: number
  null_tokens: string[]
  format: string | null
  why: string
  written: boolean
}

export interface Dataset {
  id: string
  name: string
  rows: number
  rejected_rows: number
  bytes: number
  version: number
  columns: Column[]
  source: { file_name: string; format: string; sha256: string; bytes: number }
  job_id: string
  created_at: string
  updated_at: string
}

export interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}

/** A page of jobs. Set, `searched_back_to` says how far was looked: the next page goes on from there. */
export interface HistoryPage extends Page<Job> {
  searched_back_to: string | null
}

/** How many jobs each filter shows, beside the other one that is set. */
export interface HistoryCounts {
  total: number
  matching: number
  status: Record<string, number>
  job_types: { job_type: string; count: number }[]
  more_job_types: boolean
}

export interface Me {
  id: string
  email: string
  role: 'admin' | 'user'
}
