/** Where a key leads inside the grid, by the ARIA grid pattern. Pure. */

/** The row of the headings, above row 0. */
export const HEADER = -1

export interface Cell {
  row: number
  column: number
}

export interface Bounds {
  rows: number
  columns: number
  /** Rows that Page Up and Page Down move by. */
  page: number
}

interface Key {
  key: string
  ctrlKey: boolean
  metaKey: boolean
}

/** The cell that a key leads to, inside the table; null for a key that does not move. */
export function cellAfter(key: Key, from: Cell, bounds: Bounds): Cell | null {
  const to = target(key, from, bounds)
  if (!to) return null
  return {
    row: Math.max(HEADER, Math.min(bounds.rows - 1, to.row)),
    column: Math.max(0, Math.min(bounds.columns - 1, to.column)),
  }
}

function target({ key, ctrlKey, metaKey }: Key, { row, column }: Cell, { rows, columns, page }: Bounds): Cell | null {
  const all = ctrlKey || metaKey
  switch (key) {
    case 'ArrowDown':
      return { row: row + 1, column }
    case 'ArrowUp':
      return { row: row - 1, column }
    case 'ArrowRight':
      return { row, column: column + 1 }
    case 'ArrowLeft':
      return { row, column: column - 1 }
    case 'PageDown':
      return { row: row + page, column }
    case 'PageUp':
      return { row: Math.max(Math.min(row, 0), row - page), column }
    case 'Home':
      return { row: all ? 0 : row, column: 0 }
    case 'End':
      return { row: all ? rows - 1 : row, column: columns - 1 }
    default:
      return null
  }
}
