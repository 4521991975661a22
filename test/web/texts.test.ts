import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LANGUAGES, loadTexts, preferredLanguage } from '../../web/src/texts/languages.ts'

test('every language says everything, in words of its own', async () => {
  const english = await loadTexts('en')
  // Words that a language may have in common with English.
  const shared = new Set(['status', 'tokens'])
  for (const language of LANGUAGES) {
    const texts = await loadTexts(language)
    assert.deepEqual(Object.keys(texts).toSorted(), Object.keys(english).toSorted())
    for (const [key, text] of Object.entries(texts)) {
      const said = typeof text === 'function' ? Reflect.apply(text, undefined, [3, 7]) : text
      assert.ok(said.length > 0, `${language} ${key}`)
      if (language !== 'en' && typeof said === 'string' && !shared.has(key))
        assert.notEqual(said, Reflect.get(english, key), `${language} ${key} is English`)
    }
  }
})

test('the page speaks the first language of the reader that it knows', () => {
  assert.equal(preferredLanguage(['fr-FR', 'ru-RU', 'en']), 'ru')
  assert.equal(preferredLanguage(['zh-Hant-TW']), 'zh')
  assert.equal(preferredLanguage(['fr']), 'en')
})
