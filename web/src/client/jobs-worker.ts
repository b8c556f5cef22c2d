/** The hub of a browser without locks (plain HTTP by name): a worker that lives as long as one of its tabs. */

import { JobsHub } from './jobs-hub.ts'

// Its name is that of the channel. One worker serves one person, so that nobody hears what is another's.
new JobsHub(self.name)
