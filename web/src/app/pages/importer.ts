/** The importer as the app's own pages use it: what it sends and hears is given to it there. */

import { HeadwayImporter } from '../../elements/headway-importer.ts'

customElements.define('headway-importer', HeadwayImporter)
