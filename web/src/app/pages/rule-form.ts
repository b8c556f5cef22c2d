/** `<headway-rule>`: one rule as a form. Dispatches `rule-change` with the other rule. */

import { html, LitElement, type TemplateResult } from 'lit'

import type { Dataset } from '../../client/types.ts'
import { fieldStyles } from '../../elements/field-styles.ts'
import { type Columns, formField, tableField, theirField } from './form-fields.ts'
import { withMember } from './form-kinds.ts'
import { formStyles } from './form-styles.ts'
import type { Rule } from './rule-api.ts'
import { ruleFields } from './rule-kinds.ts'

class RuleForm extends LitElement {
  static override styles = [fieldStyles, formStyles]
  static override properties = { rule: { attribute: false }, columns: { attribute: false }, tables: { attribute: false } }
  declare rule: Rule
  declare columns: Columns
  /** Datasets that it could refer to. */
  declare tables: readonly Dataset[]

  constructor() {
    super()
    this.rule = { rule: '' }
    this.columns = { items: [], leftOut: 0 }
    this.tables = []
  }

  #change(rule: Rule): void {
    this.dispatchEvent(new CustomEvent<Rule>('rule-change', { detail: rule }))
  }

  override render(): TemplateResult {
    const { rule, columns } = this
    const fields = ruleFields(rule)
    if (!fields) return html`<p class="muted">There is no form for this rule. It is kept as it is: <code>${JSON.stringify(rule)}</code></p>`
    return html`<div class=${fields.length > 3 ? 'pair' : 'form'}>
      ${fields.map((field) => formField(field, rule[field.name], columns, (value) => this.#change(withMember(rule, field.name, value))))}
      ${rule.rule === 'reference' ? this.#renderReference() : ''}
    </div>`
  }

  #renderReference(): TemplateResult {
    const { rule, tables } = this
    const id = String(rule['dataset'])
    return html`${tableField(tables, id, (dataset) => this.#change({ ...rule, dataset, to: '' }))}
      ${theirField('Its column', tables, id, String(rule['to']), (to) => this.#change({ ...rule, to }))}`
  }
}

customElements.define('headway-rule', RuleForm)
