/** Puts what pops up beside the control that it belongs to, wherever on the page that is. */

const GAP_PIXELS = 8
/** Where less room than this part of the window is left below, it opens above. */
const LOW = 0.6

/** Tell a panel's style sheet where its button is; on small windows that may take no notice of it. */
export function placeBelow(button: HTMLElement, panel: HTMLElement): void {
  const { top, bottom, left, right } = button.getBoundingClientRect()
  const { clientWidth, clientHeight } = document.documentElement
  const isRtl = getComputedStyle(button).direction === 'rtl'
  const isLow = bottom > clientHeight * LOW
  const set = (name: string, value: number): void => panel.style.setProperty(name, `${Math.round(value)}px`)
  set('--from-end', isRtl ? left : clientWidth - right)
  set('--from-edge', GAP_PIXELS + (isLow ? clientHeight - top : bottom))
  panel.toggleAttribute('data-above', isLow)
}
