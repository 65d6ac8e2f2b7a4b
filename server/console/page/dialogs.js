// Questions, forms and short notes. Dialogs are the browser's own: they hold the focus, and Escape closes them.
import { button, el, fill, notice } from './elements.js'
import { printable } from './show-text.js'

/** A short note that goes away by itself; screen readers read it out. */
export function note(text, kind = 'good') {
  const element = el('div', { class: `note ${kind}` }, printable(text))
  document.getElementById('notes').append(element)
  setTimeout(() => element.remove(), kind === 'bad' ? 9000 : 4000)
}

export function failed(error) {
  if (error.code !== 'Aborted' && error.code !== 'SessionEnded') note(error.message, 'bad')
}

/** Opens at once. `build(close)` gives what is in it; the promise is for what `close` was called with. */
export function openDialog(title, build, { look = '' } = {}) {
  return new Promise((resolve) => {
    let result
    const close = (value) => {
      result = value
      dialog.close()
    }
    const dialog = el('dialog', { class: look, 'aria-labelledby': 'dialog-title' })
    const away = button('Close', () => close(), { symbol: 'close', isBare: true })
    const header = el('header', {}, el('h2', { id: 'dialog-title' }, title), away)
    dialog.addEventListener('close', () => {
      dialog.remove()
      resolve(result)
    })
    fill(dialog, build(close, header))
    document.body.append(dialog)
    dialog.showModal()
  })
}

/** Resolves to whether the person said yes. */
export async function confirm(title, text, yes, kind = 'danger') {
  const answer = await openDialog(title, (close, header) =>
    el(
      'form',
      { method: 'dialog', on: { submit: (event) => accept(event, close) } },
      header,
      el('p', {}, text),
      el(
        'footer',
        {},
        button('Cancel', () => close(false)),
        el('button', { class: `main ${kind}`, autofocus: true }, yes),
      ),
    ),
  )
  return answer === true
}

/**
 * A form that stays open, with the reason shown, until `submit` succeeds. Resolves to what that returned;
 * `undefined` when the person gave up.
 */
export async function ask(title, fields, yes, submit, options) {
  return await openDialog(
    title,
    (close, header) => {
      const trouble = el('div', { role: 'alert' })
      const go = el('button', { class: 'main' }, yes)
      const onSubmit = async (event) => {
        event.preventDefault()
        go.disabled = true
        try {
          close(await submit())
        } catch (error) {
          fill(trouble, notice('bad', error.message))
        } finally {
          go.disabled = false
        }
      }
      const cancel = button('Cancel', () => close())
      const footer = el('footer', {}, cancel, go)
      return el('form', { on: { submit: onSubmit } }, header, ...fields, trouble, footer)
    },
    options,
  )
}

/** A text and a button that copies it. */
export function copyable(text, label) {
  const copy = button(`Copy ${label}`, () => copyText(text), { symbol: 'copy', isBare: true })
  return el('div', { class: 'copied' }, el('pre', { tabindex: '0' }, text), copy)
}

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text)
    note('Copied.')
  } catch {
    // Over plain HTTP from elsewhere, browsers have no clipboard for pages.
    note('This browser does not let the page copy: select the text instead.', 'bad')
  }
}

function accept(event, close) {
  event.preventDefault()
  close(true)
}
