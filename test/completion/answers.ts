/** Answers as models write them, at least 200 tokens each, for everything that cuts a text in two. */
export const ANSWERS: Readonly<Record<'English' | 'Russian' | 'Chinese' | 'Markdown', string>> = {
  English:
    `A stream that breaks in the middle leaves the reader with half an answer, and the usual advice ("just retry") makes ` +
    `matters worse: the model is asked again, the bill doubles, and the reader sees the first paragraph twice. What ` +
    `should happen instead is simple to say and hard to do. The text that was shown stays where it is, the missing part is ` +
    `fetched from another provider, and the two pieces are joined so well that nobody can tell where the cut was.\n\n` +
    `There are three difficulties. First, a model that is told to continue often begins with a remark, such as "Sure, here ` +
    `is the rest", which does not belong to the answer. Second, it tends to repeat the last few words, sometimes all of ` +
    `them, sometimes only half a syllable; 200 tests with 31 overlaps each show how often that goes wrong. Third, it may ` +
    `go on in a different tone, and no program will mend that. Still, it is worth doing: in 2025 about 0.4% of all ` +
    `streams were interrupted, and happily most of them could be saved. The committee will see that it cannot succeed ` +
    `everywhere, and that an honest error is better than a bad guess.`,
  Russian:
    `Когда поток обрывается на середине, читатель остаётся с половиной ответа, а обычный совет «просто повторите запрос» ` +
    `только вредит: модель спрашивают заново, счёт удваивается, и первый абзац виден дважды. Правильное поведение легко ` +
    `описать и трудно сделать. Показанный текст остаётся на месте, недостающую часть берут у другого поставщика, и обе ` +
    `половины соединяются так, чтобы никто не заметил шва.\n\nЕсть три трудности. Во-первых, модель, которую попросили ` +
    `продолжить, часто начинает с замечания вроде «Конечно, вот продолжение», и к ответу оно не относится. Во-вторых, она ` +
    `склонна повторять последние слова, иногда целиком, иногда лишь полслога; современный длинный рассказ об искусственном ` +
    `разуме это хорошо показывает. В-третьих, она может сменить тон, и этого никакая программа не исправит. И всё же дело ` +
    `того стоит: в 2025 году прервалось около 0,4% потоков, и большинство удалось спасти.`,
  Chinese:
    `当流式回答在中途断开时，读者只能看到一半的内容，而常见的建议“重新请求一次”往往使情况更糟：模型被再次调用，费用翻倍，第一段文字出现两遍。` +
    `正确的做法说起来简单，做起来却不容易。已经显示的文字保持不变，缺少的部分由另一家服务商补上，两段文字接得天衣无缝，谁也看不出断点在哪里。\n\n` +
    `这里有三个困难。第一，被要求继续的模型常常先说一句客套话，例如“好的，下面继续”，这句话并不属于答案。第二，它喜欢重复最后几个字，有时是整句，` +
    `有时只有半个词；两百次测试、每次三十一种重叠长度，可以说明出错的频率。第三，它可能换一种语气，这一点任何程序都无法弥补。尽管如此，这件事仍然值得做：` +
    `二〇二五年大约有百分之零点四的流被中断，其中绝大多数都能够挽救。人人都希望看到完整的回答，而一个诚实的错误总比一个糟糕的猜测要好。` +
    `因此，系统会把每一次尝试、每一次失败和每一次拼接都记录下来，供运维人员慢慢查看。`,
  Markdown:
    '## Retrying a stream\n\nUse a *bounded* budget and **jitter**:\n\n- start with `500 ms`\n- double each time\n' +
    '  - up to 8 s\n- reset the budget on progress\n\n```python\nimport time\n\ndef read(stream, retries=3):\n    text = ""\n' +
    '    for attempt in range(retries):\n        try:\n            for chunk in stream:\n                text += chunk["content"]\n' +
    '            return text\n        except IOError:\n            time.sleep(0.5 * 2 ** attempt)\n    raise RuntimeError("gave up")\n' +
    '```\n\n| fault | rescued | seconds |\n|---|---|---|\n| cut   | yes     | 0.4     |\n| stall | yes     | 2.0     |\n' +
    '| reset | no      | 0.1     |\n\n1. Never repeat what was shown.\n2. Never call a cut answer finished.\n\n```js\nconst total = ' +
    'items.filter((item) => item.ok).map((item) => item.size).reduce((a, b) => a + b, 0)\nif (!total) {\n  throw new Error("nothing")\n}\n```\n\n' +
    'See [the protocol](https://example.org/protocol#section-8) for the rest.\n',
}
