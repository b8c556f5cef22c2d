/** Follow a pointer that drags the edge of a column, until it is let go. */

export function dragWidth(event: PointerEvent, width: number, resize: (width: number) => void): void {
  event.preventDefault()
  const handle = event.currentTarget as HTMLElement
  const from = event.clientX
  const direction = getComputedStyle(handle).direction === 'rtl' ? -1 : 1
  const move = (moved: PointerEvent): void => resize(width + direction * (moved.clientX - from))
  handle.setPointerCapture(event.pointerId)
  handle.addEventListener('pointermove', move)
  handle.addEventListener('lostpointercapture', () => handle.removeEventListener('pointermove', move), { once: true })
}
