import temml from 'temml/dist/temml.mjs'

/** A piece of a formula: text, or an element of MathML. */
export type Typeset =
  | string
  | {
      readonly name: string
      readonly attributes: Readonly<Record<string, string>>
      readonly style: Readonly<Record<string, string>>
      readonly className: string
      readonly children: readonly Typeset[]
    }

/** What a formula may be made of. None of it can run, fetch or lead anywhere. */
const ELEMENTS: ReadonlySet<string> = new Set(
  `math menclose mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow mspace msqrt mstyle
  msub msubsup msup mtable mtd mtext mtr munder munderover none span`.split(/\s+/),
)
const ATTRIBUTES: ReadonlySet<string> = new Set(
  `accent accentunder columnalign columnlines columnspacing columnspan depth display displaystyle fence form height
  largeop linethickness lspace mathbackground mathcolor mathsize mathvariant maxsize minsize movablelimits notation
  rowlines rowspacing rspace scriptlevel separator stretchy symmetric voffset width`.split(/\s+/),
)
const STYLES: ReadonlySet<string> = new Set(
  `border borderBottom borderLeft borderRight borderTop bottom color display fontFamily fontStyle fontWeight height
  justifyContent left marginLeft marginRight mathDepth padding paddingBottom paddingLeft paddingRight paddingTop position
  right textAlign transform whiteSpace width`.split(/\s+/),
)
const LONGEST = 4_000
/** Deeper than any formula that people write; a browser's layout is recursive. */
const DEEPEST = 100

/** TeX as MathML; `undefined` when it is not right, or asks for more than a formula needs. */
export function typeset(tex: string, isDisplay: boolean): Typeset | undefined {
  if (tex.length > LONGEST) return undefined
  try {
    // The public verbs give markup or nodes of a document; this tree is what both are made from.
    const tree: unknown = temml['__renderToMathMLTree'](tex, {
      displayMode: isDisplay,
      throwOnError: true,
      trust: false,
      maxExpand: 500,
      maxSize: [20, 1_000],
      wrap: isDisplay ? 'none' : 'tex',
    })
    const [first, ...more] = piecesOf(tree, 0)
    return more.length === 0 ? first : undefined
  } catch {
    // TeX of a model is often wrong: what it wrote is shown then.
    return undefined
  }
}

function piecesOf(node: unknown, depth: number): readonly Typeset[] {
  if (depth > DEEPEST) throw new RangeError('a formula too deep')
  const fields = fieldsOf(node)
  if (typeof fields['text'] === 'string') return [fields['text']]
  const children = Array.isArray(fields['children']) ? fields['children'] : []
  const pieces = children.flatMap((child) => piecesOf(child, depth + 1))
  const name = fields['type']
  // Fragments have no name; their children stand for them.
  if (typeof name !== 'string') return pieces
  if (!ELEMENTS.has(name)) return pieces
  const classes = Array.isArray(fields['classes']) ? fields['classes'] : []
  return [
    {
      name,
      attributes: chosen(fieldsOf(fields['attributes']), ATTRIBUTES),
      style: styleOf(fieldsOf(fields['style'])),
      className: classes.filter((each) => typeof each === 'string' && /^[\w-]+$/.test(each)).join(' '),
      children: pieces,
    },
  ]
}

function styleOf(style: Fields): Readonly<Record<string, string>> {
  const camel = Object.entries(style).map(([name, value]) => [
    name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ])
  return chosen(Object.fromEntries(camel), STYLES)
}

function chosen(from: Fields, allowed: ReadonlySet<string>): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [name, value] of Object.entries(from)) {
    const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
    // Sizes, colours and words; an address would need more letters.
    if (allowed.has(name) && typeof text === 'string' && /^[\w\s.,%#'+()-]*$/.test(text) && !/url/i.test(text))
      found[name] = text
  }
  return found
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
