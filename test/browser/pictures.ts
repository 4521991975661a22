// The pictures in docs/images, which the README shows: node test/browser/pictures.ts
// Not a test: what it writes differs a little from machine to machine.
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { issueKey } from '../support/keys.ts'
import { EVENTS } from '../support/provider.ts'
import { textFrames } from './frames.ts'
import { answered, launch, say, startHouse, visit } from './support.ts'

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url))

const ANSWER = `Both carry bytes between two machines; they differ in what they promise.

| | TCP | UDP |
|---|---|---|
| order | kept | **not** kept |
| loss | repaired | yours to notice |
| setup | one round trip | none |
| unit | a stream | a datagram |

Searching a sorted list takes \`log2(n)\` steps:

\`\`\`typescript
/** The place of \`wanted\`, or -1. */
export function search(list: readonly number[], wanted: number): number {
  let [low, high] = [0, list.length - 1]
  while (low <= high) {
    const middle = (low + high) >>> 1
    const found = list[middle] ?? NaN
    if (found === wanted) return middle
    if (found < wanted) low = middle + 1
    else high = middle - 1
  }
  return -1
}
\`\`\`

1. Halve what is left.
2. Keep the half that can still hold it.
`

const FORMULAS = String.raw`A rotation by \(\theta\) keeps lengths: its matrix is **orthogonal**.

$$
R(\theta) = \begin{pmatrix} \cos\theta & -\sin\theta \\ \sin\theta & \cos\theta \end{pmatrix},
\qquad R^{\top} R = I
$$

So for every $x \in \mathbb{R}^2$

$$
\lVert R x \rVert^2 = x^{\top} R^{\top} R\, x = \lVert x \rVert^2
$$

| kept | why |
|---|---|
| length | $\lVert Rx \rVert = \lVert x \rVert$ |
| area | $\det R = \cos^2\theta + \sin^2\theta = 1$ |
`

await mkdir(FOLDER, { recursive: true })
await using house = await startHouse({ default: 'sim:tokens=400,interval=8ms' })
const browser = await launch()
try {
  await picture('page', { viewport: { width: 1280, height: 1000 } }, async (page) => {
    await scripted(page, ANSWER)
    await say(page, 'Compare TCP and UDP, and show me a binary search')
    await answered(page)
    await page.locator('.hljs-keyword').first().waitFor()
  })
  await picture('page-dark-phone', { colorScheme: 'dark', viewport: { width: 390, height: 844 } }, async (page) => {
    await scripted(page, ANSWER)
    await say(page, 'Compare TCP and UDP, and show me a binary search')
    await answered(page)
    await page.locator('.hljs-keyword').first().waitFor()
  })
  await picture('page-math', { colorScheme: 'dark', viewport: { width: 390, height: 844 } }, async (page) => {
    await scripted(page, FORMULAS)
    await say(page, 'What does a rotation keep?')
    await answered(page)
    await page.locator('article math').nth(3).waitFor()
    await page.waitForTimeout(300)
  })
  await picture('page-empty', {}, async () => undefined)
  await picture('page-why', {}, async (page) => {
    await say(page, 'Tell me a story about a lighthouse')
    await page.locator('article .markdown').waitFor()
    await page.reload()
    await answered(page)
    await page.getByRole('button', { name: 'Why', exact: true }).click()
    await page.locator('canvas').waitFor()
    await page.waitForTimeout(300)
  })
  await picture('page-reload', {}, async (page) => {
    await say(page, 'Tell me a story about a lighthouse')
    await page.waitForTimeout(2_000)
    await page.reload()
    await page.getByText('Continued where it was').waitFor()
    await page.waitForTimeout(500)
  })
  await picture('page-palette', { colorScheme: 'dark' }, async (page) => {
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog').waitFor()
  })
  await picture('page-rtl', { viewport: { width: 700, height: 600 } }, async (page) => {
    await scripted(page, 'مرحبا! هذه **قائمة** قصيرة:\n\n- واحد\n- اثنان `code`\n\n> اقتباس')
    await say(page, 'اكتب لي قائمة قصيرة')
    await answered(page)
  })
  // From here on the gateway asks for a key.
  issueKey(house.server)
  await using context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' })
  const login = await context.newPage()
  await login.goto(house.server.url)
  await login.getByLabel('API key').waitFor()
  await login.screenshot({ path: `${FOLDER}page-login.png` })
} finally {
  await browser.close()
}

async function picture(
  name: string,
  options: BrowserContextOptions,
  show: (page: Page) => Promise<void>,
): Promise<void> {
  await using shown = await visit(browser, house, { viewport: { width: 1280, height: 800 }, ...options })
  await show(shown.page)
  await shown.page.screenshot({ path: `${FOLDER}${name}.png` })
  for (const wrong of shown.wrongs) console.error(`${name}: ${wrong}`)
}

/** A text of our own in place of the simulator's. */
async function scripted(page: Page, text: string): Promise<void> {
  const body = textFrames(text)
  await page.route('**/v1/chat/completions', (route) => route.fulfill({ headers: EVENTS, body }))
}
