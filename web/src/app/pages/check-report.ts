/**
 * `<headway-check-report>`: what a check found: what is broken first, with rows, samples and remedies that were tried.
 * Dispatches `reword` with a remedy and its rule.
 */

import { html, LitElement, nothing, type TemplateResult } from 'lit'

import { sayRows } from '../../elements/reading.ts'
import { formatCount, formatMoment, plural } from '../../elements/sizes.ts'
import { failingPath, type Issue, type Report, type Rule, type Suggestion } from './rule-api.ts'
import { columnsOf, ruleLabel } from './rule-kinds.ts'
import { sidesStyles } from './sides-styles.ts'

/** A remedy, and the place of its rule, from 0, among those that were checked. */
export interface Reword {
  rules: readonly Rule[]
  place: number
  suggestion: Suggestion
}

class CheckReport extends LitElement {
  static override styles = sidesStyles
  static override properties = { report: { attribute: false }, job: {}, version: { type: Number } }
  declare report: Report | null
  declare job: string
  /** The version that the dataset shows now. */
  declare version: number

  constructor() {
    super()
    this.report = null
    this.job = ''
    this.version = 0
  }

  override render(): TemplateResult | typeof nothing {
    const { report } = this
    if (!report) return nothing
    const { dataset, rule_set: set } = report
    return html`<div class="stack">
      <p class="mark ${report.issues.length ? 'blocks' : 'calm'}"><strong>${sayReport(report)}</strong></p>
      <p class="muted">
        By ${set.name}, version ${set.version}, on ${formatMoment(report.checked_at)}.
        ${dataset.version === this.version ? nothing : `That was version ${dataset.version} of the dataset, which shows version ${this.version} now.`}
      </p>
      ${report.file ? this.#renderFile(report, report.file) : nothing}
      ${report.issues.map((issue) => this.#renderIssue(issue))} ${this.#renderHeld(report)}
    </div>`
  }

  #renderFile(report: Report, file: string): TemplateResult {
    return html`<div class="bar">
        <a class="button" download href=${failingPath(this.job, file)}>Download ${plural(report.file_rows, 'failing row', 'failing rows')} (CSV)</a>
      </div>
      ${report.file_note ? html`<p class="muted">${report.file_note}</p>` : nothing}`
  }

  #renderIssue(issue: Issue): TemplateResult {
    return html`<section class="mark" aria-label="Rule ${issue.rule}">
      <p><strong>${issue.message}.</strong></p>
      <p class="muted">Rule ${issue.rule} · ${sayRows(issue.rows, !issue.rows_complete)}</p>
      ${issue.samples.length ? this.#renderSamples(issue) : nothing}
      ${
        issue.suggestions.length
          ? html`<div class="bar">${issue.suggestions.map((each) => html`<button @click=${() => this.#reword(issue, each)}>
              ${each.label} <span class="muted">fixes ${formatCount(each.fixes)} of ${formatCount(issue.count)}</span>
            </button>`)}</div>`
          : nothing
      }
    </section>`
  }

  #reword({ rule }: Issue, suggestion: Suggestion): void {
    const rules = this.report?.rules.map((each) => each.rule) ?? []
    const detail = { rules, place: rule - 1, suggestion }
    this.dispatchEvent(new CustomEvent<Reword>('reword', { detail, bubbles: true, composed: true }))
  }

  #renderSamples({ rule, columns, samples }: Issue): TemplateResult {
    const isRepeated = samples.some(({ first_row: row }) => row !== null)
    return html`<div class="over" role="region" aria-label="Samples of rule ${rule}" tabindex="0">
      <table>
        <thead><tr>
          <th scope="col">Row</th>${columns.map((name) => html`<th scope="col" title=${name}>${name}</th>`)}
          ${isRepeated ? html`<th scope="col">First in row</th>` : nothing}
        </tr></thead>
        <tbody>${samples.map(({ row, values, first_row: before }) => html`<tr>
          <td class="number">${formatCount(row)}</td>${columns.map((name) => renderValue(values[name]))}
          ${isRepeated ? html`<td class="number">${before === null ? '' : formatCount(before)}</td>` : nothing}
        </tr>`)}</tbody>
      </table>
    </div>`
  }

  #renderHeld({ rules }: Report): TemplateResult | typeof nothing {
    const held = rules.flatMap(({ rule, count }, place) => (count ? [] : [{ rule, number: place + 1 }]))
    if (!held.length) return nothing
    return html`<details>
      <summary>${plural(held.length, 'rule holds', 'rules hold')} in every row</summary>
      <ul>${held.map(({ rule, number }) => html`<li>Rule ${number}: ${ruleLabel(rule)} (${columnsOf(rule)})</li>`)}</ul>
    </details>`
  }
}

/** "2 of 3 rows break 4 of 5 rules." */
function sayReport({ rows, failing_rows: failing, issues, rules }: Report): string {
  const all = plural(rules.length, 'rule', 'rules')
  if (!rows) return 'There is no row to be checked.'
  if (!issues.length) return rows === 1 ? `The row keeps to ${all}.` : `All ${formatCount(rows)} rows keep to ${all}.`
  return `${formatCount(failing)} of ${plural(rows, 'row', 'rows')} ${failing === 1 ? 'breaks' : 'break'} ${formatCount(issues.length)} of ${all}.`
}

function renderValue(value: string | null | undefined): TemplateResult {
  if (value === null || value === undefined || value === '') return html`<td class="empty">empty</td>`
  return html`<td title=${value}>${value}</td>`
}

customElements.define('headway-check-report', CheckReport)
