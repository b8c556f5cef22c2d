/** What a modal dialog is closed with, for whoever asked by opening it. */

export class DialogAnswer {
  #resolve: (value: string) => void = () => undefined

  /** Open the dialog; return the value of the button that closes it, or '' if none does or it is asked for again. */
  ask(dialog: HTMLDialogElement): Promise<string> {
    this.#resolve('')
    dialog.returnValue = ''
    dialog.showModal()
    return new Promise((resolve) => (this.#resolve = resolve))
  }

  /** To be told when the dialog closes. */
  readonly onClose = ({ target }: Event): void => {
    const dialog = target as HTMLDialogElement
    // Browsers tell of a close later: who asks again at once has it open by then.
    if (!dialog.open) this.#resolve(dialog.returnValue)
  }
}
