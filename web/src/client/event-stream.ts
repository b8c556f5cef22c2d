/** Reads server-sent events from text that arrives in pieces. `EventSource` cannot send a token, nor tell why it failed. */

export interface ServerEvent {
  id: string
  name: string
  data: string
}

/** Return a function that takes the next piece and returns the events that it completes. */
export function eventReader(): (piece: string) => ServerEvent[] {
  let rest = ''
  let id = ''
  let name = ''
  let data: string[] = []
  return (piece) => {
    const events: ServerEvent[] = []
    // A carriage return at the end may be the first half of a line break.
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
      if (field === 'id') id = value
      else if (field === 'event') name = value
      else if (field === 'data') data.push(value)
      else if (!line) {
        if (data.length) events.push({ id, name, data: data.join('\n') })
        name = ''
        data = []
      }
    }
    return events
  }
}
