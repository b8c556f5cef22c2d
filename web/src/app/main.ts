/** Starts the app. */

import './app-shell.ts'
