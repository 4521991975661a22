/** How a model is asked to go on, in the language it was answering in. No system prompt is added. */

interface Language {
  readonly isWrittenIn: RegExp
  readonly instruction: string
}

/** Tried in order; a script decides, or letters that only one of the languages uses. */
const LANGUAGES: readonly Language[] = [
  {
    isWrittenIn: /[\u3040-\u30ff]/,
    instruction:
      '前の返答は途中で切れました。最後の文字のすぐ後から続けてください。前置きや繰り返しは不要です。続きの文章だけを出力してください。',
  },
  {
    isWrittenIn: /[\uac00-\ud7af]/,
    instruction:
      '이전 답변이 중간에 끊겼습니다. 마지막 글자 바로 다음부터 이어서 쓰세요. 머리말이나 반복 없이 이어지는 내용만 출력하세요.',
  },
  {
    isWrittenIn: /[\u4e00-\u9fff]/,
    instruction:
      '你的上一条回答在中途被切断了。请从最后一个字符之后直接继续，不要任何开场白，不要重复已有内容，只输出后续内容。',
  },
  {
    isWrittenIn: /[\u0400-\u04ff]/,
    instruction:
      'Твой ответ оборвался на полуслове. Продолжи ровно с того места, сразу после последнего символа: без вступления, без повторов, только продолжение.',
  },
  {
    isWrittenIn: /[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]/i,
    instruction:
      'Câu trả lời của bạn đã bị ngắt giữa chừng. Hãy viết tiếp ngay sau ký tự cuối cùng: không mở đầu, không lặp lại, chỉ phần tiếp theo.',
  },
]

const ENGLISH =
  'Your answer was cut off. Go on from exactly where it stopped, right after its last character: no preamble, no repetition, only the rest of the text.'

/** Letters of the answer that are looked at. */
const SAMPLE = 400

/** The instruction for an answer that broke off after `text`. */
export function instructionFor(text: string): string {
  const sample = text.slice(-SAMPLE)
  return LANGUAGES.find(({ isWrittenIn }) => isWrittenIn.test(sample))?.instruction ?? ENGLISH
}
