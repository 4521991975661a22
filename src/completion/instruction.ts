/** How a model is asked to go on with an answer that was cut (PROTOCOL 8, step 2), in the language of the answer. */
import { anchorOf } from './anchor.ts'

interface Language {
  readonly isWrittenIn: RegExp
  readonly instruction: string
}

/**
 * Tried in order; a script decides, or letters that only one of the languages uses. Each asks for the last
 * words again before the rest: what obeys can be joined without guessing (anchor.ts).
 */
const LANGUAGES: readonly Language[] = [
  {
    isWrittenIn: /[\u3040-\u30ff]/,
    instruction:
      '前の返答は途中で切れました。最後の部分は <end>…</end> です。まずこの部分を一字一句そのまま書き、そのすぐ後から最後まで続けてください。前置き・説明・タグは書かないでください。',
  },
  {
    isWrittenIn: /[\uac00-\ud7af]/,
    instruction:
      '이전 답변이 중간에 끊겼습니다. 마지막 부분은 <end>…</end> 입니다. 먼저 이 부분을 글자 그대로 다시 쓰고, 바로 그 뒤부터 끝까지 이어서 쓰세요. 머리말, 설명, 태그는 쓰지 마세요.',
  },
  {
    isWrittenIn: /[\u4e00-\u9fff]/,
    instruction:
      '你的上一条回答在中途被切断了，结尾是 <end>…</end>。请先一字不差地写出这段结尾，再紧接着继续写到最后。不要开场白，不要说明，不要写出标签。',
  },
  {
    isWrittenIn: /[\u0400-\u04ff]/,
    instruction:
      'Твой ответ оборвался на полуслове. Его конец: <end>…</end>. Продолжи: сначала повтори этот конец в точности, знак в знак, и сразу за ним пиши дальше. Без вступления, без пояснений, без тегов.',
  },
  {
    isWrittenIn: /[ăđơưạ-ỹ]/i,
    instruction:
      'Câu trả lời của bạn đã bị ngắt giữa chừng. Phần cuối là <end>…</end>. Hãy chép lại đúng từng ký tự phần cuối này trước, rồi viết tiếp ngay sau đó cho đến hết. Không mở đầu, không giải thích, không viết thẻ.',
  },
]

const ENGLISH =
  'Your answer was cut off. It ends with <end>…</end>. Continue exactly from there: first repeat that end, character by character, then go right on to the end of the answer. No introduction, no comment, no tags.'

/** Letters of the answer that are looked at. */
const SAMPLE = 400

/**
 * The instruction for an answer that broke off after `text`.
 *
 * @example
 * instructionFor('The quick brown') // 'Your answer was cut off. It ends with <end>The quick brown</end>. …'
 */
export function instructionFor(text: string): string {
  const sample = text.slice(-SAMPLE)
  const instruction = LANGUAGES.find(({ isWrittenIn }) => isWrittenIn.test(sample))?.instruction ?? ENGLISH
  return instruction.replace('…', () => anchorOf(text))
}
