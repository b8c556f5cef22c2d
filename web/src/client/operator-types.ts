/** What operators are told, by the names of the API. */

import type { JobPhase } from './types.ts'

/** Somebody who owns or does something; without an e-mail whoever was erased, and what is no user. */
export interface Person {
  id: string
  email: string | null
}

export interface OperatorJob {
  id: string
  job_type: string
  title: string
  owner: Person
  phase: JobPhase
  progress: number
  stage: string | null
  message: string | null
  error: string | null
  code: string | null
  attempt: number
  worker: string | null
  paused: boolean
  retryable: boolean
  /** When what it is doing now began: its wait, its attempt, its silence, its end. */
  since: string
  created_at: string
}

export interface Worker {
  id: string
  host: string
  pid: number
  version: string | null
  places: { imports: number | null; bulk: number }
  memory_bytes: number | null
  started_at: string
  beat_at: string
  jobs: OperatorJob[]
}

export interface Queue {
  name: string
  waiting: number
  waiting_since: string | null
  running: number
  places: number
  paused: { at: string; by: Person; reason: string } | null
}

export interface SomeJobs {
  items: OperatorJob[]
  more: boolean
}

/** How many jobs ended in the span that begins `at`. */
export interface Span {
  at: string
  completed: number
  failed: number
  cancelled: number
}

export interface Throughput {
  /** Length of a span. */
  minutes: number
  spans: Span[]
}

export type ThroughputWindow = '3h' | '24h' | '7d'

export interface OwnerUse {
  owner: Person
  files: number
  original_bytes: number
  datasets: number
  row_bytes: number
  /** Files that jobs left. */
  artifact_bytes: number
}

export interface StorageUse extends Omit<OwnerUse, 'owner'> {
  measured_at: string
  owners: number
  largest: OwnerUse[]
}

export interface Disk {
  folder: string
  free_bytes: number
  size_bytes: number
}

export interface Retention {
  keep_completed_days: number
  keep_failed_days: number
  keep_audit_days: number
  keep_artifact_days: number
  keep_log_days: number
  due: { completed: number; failed: number }
  last_sweep: { at: string; by: string; removed: { kind: string; count: number; bytes: number | null }[]; problems: string[] } | null
}

export interface Overview {
  server_time: string
  next_poll_ms: number
  workers: Worker[]
  lost_workers: Worker[]
  queues: Queue[]
  /** How many jobs of all owners are kept, by the words of their status. */
  jobs: { running: number; pending: number; completed: number; partial: number; failed: number; cancelled: number }
  stalled: SomeJobs
  failed: SomeJobs
  throughput: Throughput
  storage: StorageUse | null
  disks: Disk[]
  retention: Retention
  versions: { headway: string; python: string; database: string; store: string }
}

export interface AuditEntry {
  id: string
  at: string
  actor: Person
  address: string | null
  request_id: string | null
  action: string
  target_type: string
  target: Person
  /** `done`, or the code of the problem for which it was not. */
  result: string
  details: Record<string, unknown>
}
