/** The site's server lets nothing inline in. */
export default { build: { target: 'es2023', assetsInlineLimit: 0, modulePreload: { polyfill: false } } }
