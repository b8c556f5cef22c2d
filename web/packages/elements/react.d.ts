/** The elements in JSX: `import type {} from 'headway-elements/react'`. React 19 sets properties and listens by itself. */

import type { DetailedHTMLProps, HTMLAttributes } from 'react'

import type { HeadwayImporterElement } from './importer.js'
import type { HeadwayJobsElement } from './jobs.js'
import type { Embedded } from './shared.js'

type Props<Shown> = DetailedHTMLProps<HTMLAttributes<Shown>, Shown> &
  Partial<Embedded> & { base?: string; 'token-url'?: string; theme?: 'light' | 'dark' }

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'headway-jobs': Props<HeadwayJobsElement>
      'headway-importer': Props<HeadwayImporterElement> & {
        compact?: boolean
        'onheadway-import-end'?: (event: CustomEvent) => void
      }
    }
  }
}
