// Elements out of names and texts. The only way that anything gets onto the page: texts become text nodes, and
// nothing is ever read as HTML.

const svgSpace = 'http://www.w3.org/2000/svg'

/**
 * `props`: `on` holds listeners by event; true and false set and leave out; everything else is an attribute.
 * Children are nodes and texts; null, undefined and false are left out.
 */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (name === 'on') listen(element, value)
    else if (name.startsWith('on')) throw new Error(`${name}: listeners go into \`on\``)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== undefined) element.setAttribute(name, value)
  }
  return fill(element, ...children)
}

/** Replaces what is in an element. */
export function fill(element, ...children) {
  const nodes = children.flat(Number.POSITIVE_INFINITY)
  element.replaceChildren(
    ...nodes.filter((node) => node !== null && node !== undefined && node !== false),
  )
  return element
}

export function icon(name) {
  const svg = document.createElementNS(svgSpace, 'svg')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  const use = document.createElementNS(svgSpace, 'use')
  use.setAttribute('href', `/icons.svg#${name}`)
  svg.append(use)
  return svg
}

/**
 * A button with a text, an icon, or an icon whose text only screen readers and the mouse get to know.
 * @param {{ symbol?: string, look?: string, isBare?: boolean, [attribute: string]: any }} [options]
 */
export function button(text, act, options = {}) {
  const { symbol, look, isBare = false, ...props } = options
  const classes = [look, isBare && 'bare'].filter(Boolean).join(' ')
  const shown = isBare ? el('span', { class: 'unseen' }, text) : text
  const own = { type: 'button', class: classes, ...(isBare && { title: text }), ...props }
  const listeners = act === undefined ? {} : { on: { click: act } }
  return el('button', { ...own, ...listeners }, symbol && icon(symbol), shown)
}

let fieldCount = 0

/** A control with its label and, where there is one, a hint that belongs to it. */
export function field(label, control, hint) {
  fieldCount += 1
  control.id = `field-${fieldCount}`
  const small = hint && el('small', { id: `hint-${fieldCount}` }, hint)
  if (small) control.setAttribute('aria-describedby', small.id)
  return el('div', { class: 'field' }, el('label', { for: control.id }, label), control, small)
}

export function select(options, props = {}) {
  return el('select', props, ...options.map(([value, text]) => el('option', { value }, text)))
}

export function notice(kind, ...children) {
  const symbol = kind === 'info' ? 'info' : 'warn'
  return el(
    'div',
    { class: `notice ${kind}`, role: 'note' },
    icon(symbol),
    el('div', {}, ...children),
  )
}

export function empty(symbol, title, ...children) {
  return el('div', { class: 'empty' }, icon(symbol), el('strong', {}, title), ...children)
}

export function head(title, hint, ...acts) {
  const text = el('div', {}, el('h1', {}, title), hint && el('p', {}, hint))
  return el('div', { class: 'head' }, text, acts.length > 0 && el('div', { class: 'row' }, ...acts))
}

/** The head of a column of buttons. */
export function actsColumn() {
  return { text: el('span', { class: 'unseen' }, 'What to do'), class: 'acts' }
}

export function table(columns, rows, props = {}) {
  const heads = columns.map((column) => {
    const { text, ...own } = typeof column === 'string' ? { text: column } : column
    return el('th', { scope: 'col', ...own }, text)
  })
  const body = el('tbody', {}, ...rows)
  return el(
    'div',
    { class: 'sheet' },
    el('table', props, el('thead', {}, el('tr', {}, ...heads)), body),
  )
}

function listen(element, listeners) {
  for (const [event, act] of Object.entries(listeners)) element.addEventListener(event, act)
}
